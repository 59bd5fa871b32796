/**
 * The emulated card: its memory, its kernels and their movers, and the xclbin that says so.
 *
 * @module
 */

import {
  argumentAddress,
  IMAGE_ARGUMENTS,
  type KernelArgument,
  ROWS_ARGUMENTS,
  TOKENIZE_ARGUMENTS,
} from "../../../kernels/rtl/registers.ts";
import { type PlanBuild, RTL_BUILDS } from "../../../kernels/rtl/builds.ts";
import {
  MOVER,
  type MoverArgument,
  moverInstances,
  PACKETS_ARGUMENTS,
  TABLES_ARGUMENTS,
} from "../../../kernels/rtl/movers.ts";
import { type KernelDraft, writeXclbin } from "../xrt/xclbin/xclbin_write.ts";
import type { Bank } from "./memory.ts";

/** The platform's name, in emconfig.json and in the xclbin. */
export const PLATFORM = "onpath_emulated_nic";

/** Memory: packets go through one bank, tables through the other. */
export const BANKS: readonly Bank[] = [
  { tag: "bank0", base: 0, bytes: 2 ** 32 },
  { tag: "bank1", base: 2 ** 32, bytes: 2 ** 32 },
];

/** A kernel of the RTL that the card has. */
export interface EmulatedKernel {
  /** Its name. */
  readonly name: string;
  /** The build of the RTL that it is. */
  readonly build: PlanBuild;
  /** Its arguments, in the order of the registers. */
  readonly arguments: readonly KernelArgument[];
}

/** Arguments of each build, in the order of the registers. */
const ARGUMENTS: Readonly<Record<PlanBuild, readonly KernelArgument[]>> = {
  terms: IMAGE_ARGUMENTS,
  products: IMAGE_ARGUMENTS,
  rows: ROWS_ARGUMENTS,
  tokenize: TOKENIZE_ARGUMENTS,
};

/** All kernels: every build of the RTL that plans ask for, each with movers of its own. */
export const EMULATED_KERNELS: readonly EmulatedKernel[] = RTL_BUILDS.flatMap(({ device }) =>
  device === null ? [] : [{ name: device.kernel, build: device.plan, arguments: ARGUMENTS[device.plan] }]
);

/** Where a kernel with external memory finds what lies there: the argument behind its others. */
export const WORDS_ARGUMENT = "words";

/** Bytes of registers of an instance. */
const RANGE = 0x10000;

/** Address of the first instance's registers. */
const BASE = 0x180_0000;

/** The instance of a kernel. */
export function instanceName(kernel: string): string {
  return `${kernel}_0`;
}

/**
 * Writes the xclbin of the emulated card.
 *
 * @returns The file; the same for the same version of this library.
 */
export function emulatedXclbin(): Uint8Array<ArrayBuffer> {
  let base = BASE;
  const next = () => BigInt((base += RANGE) - RANGE);
  const cards: KernelDraft[] = EMULATED_KERNELS.map(({ name, build, arguments: list }) => ({
    name,
    range: RANGE,
    instances: [{ name: instanceName(name), base: next() }],
    arguments: [
      ...list.map(({ name }, place) => ({ name, kind: "scalar" as const, offset: argumentAddress(place) })),
      ...(build === "tokenize"
        ? [{ name: WORDS_ARGUMENT, kind: "buffer" as const, offset: argumentAddress(list.length), memory: 1 }]
        : []),
    ],
  }));
  const instances = (which: "packets" | "tables") =>
    EMULATED_KERNELS.map(({ name }) => ({ name: moverInstances(instanceName(name))[which], base: next() }));
  const mover = (
    name: string,
    list: readonly MoverArgument[],
    memory: number,
    which: "packets" | "tables",
  ) => ({
    name,
    range: RANGE,
    instances: instances(which),
    arguments: list.map(({ name, kind }, place) => ({
      name,
      kind,
      offset: argumentAddress(place),
      ...(kind === "buffer" ? { memory } : {}),
    })),
  });
  return Uint8Array.from(writeXclbin({
    platform: PLATFORM,
    memories: BANKS.map(({ tag, base, bytes }) => ({ tag, base: BigInt(base), bytes: BigInt(bytes) })),
    kernels: [
      ...cards,
      mover(MOVER.packets, PACKETS_ARGUMENTS, 0, "packets"),
      mover(MOVER.tables, TABLES_ARGUMENTS, 1, "tables"),
    ],
  }));
}
