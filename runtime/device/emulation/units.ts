/**
 * Instances of an emulated card: a kernel and its two movers, which the RTL computes from memory to memory.
 *
 * @module
 */

import { moverAddress, PACKETS_ARGUMENTS, PACKETS_STATUS } from "../../../kernels/rtl/movers.ts";
import { HEADER_BYTES, OFFSET } from "../../../serialize/header.ts";
import type { PlanBuild } from "../../../kernels/rtl/builds.ts";
import { compileBuild } from "../rtl/build.ts";
import type { RtlModule } from "../rtl/device.ts";
import type { EmulatedKernel } from "./image.ts";
import { type CardWave, type LinkedUnit, openLinkedKernel } from "./linked.ts";
import type { CardMemory } from "./memory.ts";

/** An instance of a kernel or mover. */
export interface Unit {
  /** Writes a register, except the control register. */
  readonly write: (offset: number, value: number) => void;
  /** Reads a register, except the control register. */
  readonly read: (offset: number) => number;
  /** Starts the work that the arguments describe. Resolves once it is done. */
  readonly start: () => Promise<void>;
}

/** A kernel with its two movers. */
export type UnitGroup = Readonly<Record<LinkedUnit, Unit>>;

/** A build that writes a waveform, in place of the one that the library has. */
export interface UnitWave extends CardWave {
  /** Name by which plans request the build. */
  readonly build: PlanBuild;
  /** The build, linked with movers and compiled with waveforms. */
  readonly module: RtlModule;
}

/** Faults of a unit group. */
export interface UnitFaults {
  /** Applies faults to the answers of a run before the host sees them. Answers are views of the card's memory. */
  readonly spoil: (answers: Uint8Array[]) => readonly Uint8Array[];
  /** Whether memory refuses a beat that the hardware reads. */
  readonly refuses: (address: number) => boolean;
}

/**
 * Makes a kernel of the RTL with its movers.
 *
 * @param kernel Kernel to make.
 * @param memory Memory of the card.
 * @param faults Faults of answers and of memory.
 * @param wave Waveform to write, if it is this kernel's.
 */
export async function createUnitGroup(
  kernel: EmulatedKernel,
  memory: CardMemory,
  { spoil, refuses }: UnitFaults,
  wave?: UnitWave,
): Promise<UnitGroup> {
  const own = wave?.build === kernel.build ? wave : undefined;
  const module = (own?.module ?? await compileBuild(kernel.build, "linked")) as WebAssembly.Module;
  const linked = await openLinkedKernel(module, memory, { refuses, wave: own });
  const unit = (name: LinkedUnit): Unit => ({
    write: (offset, value) => linked.write(name, offset, value),
    read: (offset) => linked.read(name, offset),
    start: () => linked.start(name),
  });
  const packets = unit("packets");
  const start = async () => {
    await packets.start();
    spoilAnswers(packets, memory, spoil);
  };
  return { kernel: unit("kernel"), packets: { ...packets, start }, tables: unit("tables") };
}

/** Applies faults to the answers that the mover has written. */
function spoilAnswers({ read }: Unit, memory: CardMemory, spoil: UnitFaults["spoil"]): void {
  const at = (name: (typeof PACKETS_ARGUMENTS)[number]["name"]) => moverAddress(PACKETS_ARGUMENTS, name);
  const to = read(at("to")) + 2 ** 32 * read(at("to") + 4);
  const slot = read(at("answer"));
  const status = memory.find(to, PACKETS_STATUS.bytes);
  if (status === undefined) return;
  const view = new DataView(status.buffer, status.byteOffset, status.length);
  const count = view.getUint32(PACKETS_STATUS.answers, true);
  const places = Array.from(
    { length: count },
    (_, n) => memory.at(to + PACKETS_STATUS.bytes + n * slot, slot),
  );
  const answers = places.map((place) =>
    place.subarray(0, HEADER_BYTES + place[OFFSET.length]! + 256 * place[OFFSET.length + 1]!)
  );
  const left = spoil(answers);
  if (left.length === count) return;
  // An answer that is missing leaves no gap. The ones behind it move to the slots before theirs.
  left.forEach((answer, n) => places[n]!.set(answer));
  view.setUint32(PACKETS_STATUS.answers, left.length, true);
}
