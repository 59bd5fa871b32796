/**
 * The emulated card: answers calls of XRT's software emulation with memory, registers and the RTL.
 *
 * @module
 */

import { moverInstances, moversOf } from "../../../kernels/rtl/movers.ts";
import { REGISTER } from "../../../kernels/rtl/registers.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { requireObject } from "../../../serialize/require.ts";
import { readKernelXml } from "../xrt/xclbin/xclbin_xml.ts";
import { CALL, callName, DONE_IDLE, MAX_BYTES } from "./calls.ts";
import { type Fault, type FaultPlan, faultSource, SLOW_MS } from "./faults.ts";
import { BANKS, EMULATED_KERNELS } from "./image.ts";
import { createCardMemory } from "./memory.ts";
import { bytesOf, decodeMessage, encodeMessage, type Message, numberOf } from "./proto2.ts";
import { createUnitGroup, type Unit, type UnitWave } from "./units.ts";

/** Event on an emulated card, for logs and tests. Plain data. */
export interface CardEvent {
  /** Kind: the name of a call, or `start`, `end`, `refuse`, `fault`, `failure`. */
  readonly what: string;
  /** Name of the instance that started or ended, kind of the fault, or message of the failure. */
  readonly name?: string;
  /** First byte of the buffer or transfer in the card's memory. */
  readonly address?: number;
  /** Length of the buffer or transfer in bytes. */
  readonly bytes?: number;
}

/** Surroundings of an emulated card. */
export interface CardOptions {
  /** Faults to inject. Default none. */
  readonly faults?: FaultPlan | undefined;
  /** Called with every event, in order. */
  readonly onEvent?: ((event: CardEvent) => void) | undefined;
  /** Reads the kernels' XML from the path that XRT sends. */
  readonly readText: (path: string) => string;
  /** Waveform of a kernel with its movers. Default none. */
  readonly wave?: UnitWave | undefined;
  /** Ends the process. Called by the fault `death`. */
  readonly die: () => void;
}

/** Answers calls of XRT in place of a card. */
export interface EmulatedCard {
  /**
   * Answers a call.
   *
   * @param call Call number.
   * @param message Request message in protobuf.
   * @returns Response message, or null after a `hang` fault.
   */
  readonly answer: (call: number, message: Uint8Array) => Promise<Uint8Array<ArrayBuffer> | null>;
  /** Whether XRT has ended the emulation. */
  readonly closed: () => boolean;
  /** Number of allocated buffers and their total bytes. */
  readonly held: () => { readonly buffers: number; readonly bytes: number };
}

/** Control register: started, and idle. */
const [START, IDLE] = [1, 4];

/** An instance with its run state. */
interface Placed {
  readonly name: string;
  readonly unit: Unit;
  readonly takesPackets: boolean;
  state: "idle" | "running" | "done";
  /** Whether its work is done. The instance ends when the host reads that. */
  isOver: boolean;
}

/**
 * Makes a card. Loading an xclbin creates its kernels.
 *
 * @param options Files, faults, events and the end of the process.
 *
 * @example
 * ```ts
 * import { createEmulatedCard } from "onpath/emulation";
 * import assert from "node:assert/strict";
 *
 * const card = createEmulatedCard({ readText: () => "", die: () => {} });
 * assert.deepEqual(card.held(), { buffers: 0, bytes: 0 });
 * ```
 */
export function createEmulatedCard(options: CardOptions): EmulatedCard {
  requireObject("emulate a card", "the options are", options);
  const memory = createCardMemory(BANKS);
  const faults = faultSource(options.faults);
  const emit = options.onEvent ?? (() => {});
  const placed = new Map<number, Placed>();
  let range = 1;
  let isClosed = false;
  let isHung = false;
  let spoiling: Fault | null = null;

  const spoil = (answers: Uint8Array[]): readonly Uint8Array[] => {
    if (answers.length === 0) return answers;
    const victim = faults.below(answers.length);
    if (spoiling === "loss") return answers.filter((_, n) => n !== victim);
    if (spoiling === "wrong") {
      const bytes = answers[victim]!;
      bytes[faults.below(bytes.length)]! ^= 1 + faults.below(255);
    }
    return answers;
  };

  // Only one beat of a run: what a kernel does without its tables may never end.
  const refuses = (address: number): boolean => {
    if (spoiling !== "poison" || address < BANKS[1]!.base) return false;
    spoiling = null;
    return true;
  };

  const load = async (message: Message): Promise<void> => {
    placed.clear();
    const xml = readKernelXml(options.readText(new TextDecoder().decode(bytesOf(message, 1))));
    const instances = new Map<string, number>(
      xml.flatMap(({ name, range: own, instances }) => {
        range = own;
        return instances.map((instance) => [`${name}:${instance.name}`, Number(instance.base)] as const);
      }),
    );
    const addUnit = (name: string, unit: Unit, takesPackets = false) => {
      const base = instances.get(name);
      if (base === undefined) {
        throw new OnpathError("device", `Cannot load an xclbin: instance ${name} is missing`, { name });
      }
      placed.set(base, { name: name.split(":")[1]!, unit, takesPackets, state: "idle", isOver: true });
    };
    for (const kernel of EMULATED_KERNELS) {
      for (const { name: instance } of xml.find(({ name }) => name === kernel.name)?.instances ?? []) {
        const group = await createUnitGroup(kernel, memory, { spoil, refuses }, options.wave);
        const movers = moverInstances(instance);
        const kinds = moversOf(kernel.name);
        addUnit(`${kernel.name}:${instance}`, group.kernel);
        addUnit(`${kinds.packets}:${movers.packets}`, group.packets, true);
        addUnit(`${kinds.tables}:${movers.tables}`, group.tables);
      }
    }
  };

  const at = (address: number): { unit: Placed; offset: number } => {
    const base = address - address % range;
    const unit = placed.get(base);
    if (unit === undefined) {
      throw new OnpathError(
        "device",
        `Cannot reach a register at 0x${address.toString(16)}: no instance has this address`,
        { address },
      );
    }
    return { unit, offset: address - base };
  };

  const start = (unit: Placed): void => {
    emit({ what: "start", name: unit.name });
    unit.state = "running";
    unit.isOver = false;
    const fault = unit.takesPackets ? faults.run() : null;
    if (fault !== null) emit({ what: "fault", name: fault });
    if (fault === "hang") isHung = true;
    if (fault === "stall" || fault === "hang") return;
    // The start runs in a later task, so that the call is answered first.
    setTimeout(() => void run(unit, fault), fault === "slow" ? SLOW_MS : 0);
  };

  const run = async (unit: Placed, fault: Fault | null): Promise<void> => {
    try {
      spoiling = fault;
      await unit.unit.start();
      if (fault === "death") return options.die();
      unit.isOver = true;
    } catch (error) {
      // A hardware kernel with invalid arguments does not end either. The event has the reason.
      emit({ what: "failure", name: error instanceof Error ? error.message : String(error) });
    } finally {
      spoiling = null;
    }
  };

  const writeRegisters = (address: number, bytes: Uint8Array): void => {
    const { unit, offset } = at(address);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let n = 0; n + 4 <= bytes.length; n += 4) {
      if (offset + n !== REGISTER.control) unit.unit.write(offset + n, view.getUint32(n, true));
    }
    if (offset !== REGISTER.control || (view.getUint32(0, true) & START) === 0) return;
    if (unit.state !== "running") start(unit);
  };

  const readRegister = (address: number): number => {
    const { unit, offset } = at(address);
    if (offset !== REGISTER.control) return unit.unit.read(offset);
    if (unit.state === "running" && unit.isOver) {
      unit.state = "done";
      emit({ what: "end", name: unit.name });
    }
    if (unit.state === "running") return START;
    const control = unit.state === "done" ? DONE_IDLE : IDLE;
    unit.state = "idle";
    return control;
  };

  const readRegisters = (address: number, bytes: number): Uint8Array => {
    const words = new Uint32Array(Math.max(1, Math.ceil(Math.min(bytes, 4096) / 4)));
    for (let n = 0; n < words.length; n++) words[n] = readRegister(address + 4 * n);
    return new Uint8Array(words.buffer);
  };

  const dispatch = async (call: number, message: Message): Promise<Uint8Array<ArrayBuffer>> => {
    const number = (field: number) => numberOf(message, field);
    switch (call) {
      case CALL.close:
        isClosed = number(3) !== 0;
        emit({ what: "close", name: isClosed ? "process" : "device" });
        return encodeMessage([[1, true]]);
      case CALL.load:
        await load(message);
        emit({ what: "load" });
        return encodeMessage([[1, true]]);
      case CALL.allocate: {
        const [address, bytes] = [number(1), number(2)];
        const refused = faults.allocation();
        if (refused) emit({ what: "fault", name: "refusal" });
        const made = !refused && memory.allocate(address, bytes);
        emit({ what: made ? "allocate" : "refuse", address, bytes });
        // Without a file name XRT allocates the buffer in its own memory. A file would stay open and mapped until
        // XRT closes the device, and would use disk space in the temporary folder.
        return encodeMessage([[1, made]]);
      }
      case CALL.free:
        emit({ what: "free", address: number(1) });
        return encodeMessage([[1, memory.free(number(1))]]);
      case CALL.toDevice: {
        const bytes = bytesOf(message, 4);
        memory.at(number(3), bytes.length).set(bytes);
        emit({ what: "toDevice", address: number(3), bytes: bytes.length });
        return encodeMessage([[1, bytes.length]]);
      }
      case CALL.fromDevice: {
        const bytes = memory.at(number(4), Math.min(number(5), MAX_BYTES));
        emit({ what: "fromDevice", address: number(4), bytes: bytes.length });
        return encodeMessage([[1, bytes.length], [2, bytes]]);
      }
      case CALL.writeControl:
        writeRegisters(number(2), bytesOf(message, 4));
        return encodeMessage([[1, true]]);
      case CALL.writeRegister:
        writeRegisters(number(1) + number(2), bytesOf(message, 3));
        return encodeMessage([[1, true]]);
      case CALL.readControl:
        return encodeMessage([[1, true], [2, readRegisters(number(2), number(3))]]);
      case CALL.readRegister:
        return encodeMessage([[1, true], [2, readRegisters(number(1) + number(2), number(3))]]);
      default:
        // All other calls of XRT concern debugging and profiling.
        emit({ what: callName(call) });
        return encodeMessage([[1, true]]);
    }
  };

  return {
    answer: async (call, bytes) => {
      if (isHung) return null;
      try {
        return await dispatch(call, decodeMessage(bytes));
      } catch (error) {
        emit({
          what: "failure",
          name: `${callName(call)}: ${error instanceof Error ? error.message : error}`,
        });
        return encodeMessage([[1, false]]);
      }
    },
    closed: () => isClosed,
    held: memory.held,
  };
}
