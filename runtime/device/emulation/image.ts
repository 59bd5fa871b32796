/**
 * Contents of the emulated card: memory banks, kernels and movers, and the xclbin that describes them.
 *
 * @module
 */

import {
  argumentAddress,
  DEQUANTIZE_ARGUMENTS,
  IMAGE_ARGUMENTS,
  type KernelArgument,
  LOOKUP_ARGUMENTS,
  QUANTIZE_ARGUMENTS,
  ROTATE_ARGUMENTS,
  ROWS_ARGUMENTS,
  TOKENIZE_ARGUMENTS,
} from "../../../kernels/rtl/registers.ts";
import { type PlanBuild, RTL_BUILDS } from "../../../kernels/rtl/builds.ts";
import {
  MOVER,
  type MoverArgument,
  moverInstances,
  moversOf,
  PACKETS_ARGUMENTS,
  TABLES_ARGUMENTS,
} from "../../../kernels/rtl/movers.ts";
import { checkInteger } from "../../../serialize/errors.ts";
import { type KernelDraft, writeXclbin } from "../xrt/xclbin/xclbin_write.ts";
import type { Bank } from "./memory.ts";

/** Name of the platform, in emconfig.json and in the xclbin. */
export const PLATFORM = "onpath_emulated_nic";

/** Memory banks: `bank0` for packets, `bank1` for tables. */
export const BANKS: readonly Bank[] = [
  { tag: "bank0", base: 0, bytes: 2 ** 32 },
  { tag: "bank1", base: 2 ** 32, bytes: 2 ** 32 },
];

/** A kernel of the card. */
export interface EmulatedKernel {
  /** Name of the kernel in the xclbin. */
  readonly name: string;
  /** Build of the RTL that runs as this kernel. */
  readonly build: PlanBuild;
  /** Arguments in register order. */
  readonly arguments: readonly KernelArgument[];
}

/** Arguments of each build, in register order. */
const ARGUMENTS: Readonly<Record<PlanBuild, readonly KernelArgument[]>> = {
  terms: IMAGE_ARGUMENTS,
  products: IMAGE_ARGUMENTS,
  rows: ROWS_ARGUMENTS,
  tokenize: TOKENIZE_ARGUMENTS,
  lookup: LOOKUP_ARGUMENTS,
  quantize: QUANTIZE_ARGUMENTS,
  dequantize: DEQUANTIZE_ARGUMENTS,
  rotate: ROTATE_ARGUMENTS,
};

/** All kernels: one for each build that plans request, with its own movers. */
export const EMULATED_KERNELS: readonly EmulatedKernel[] = RTL_BUILDS.flatMap(({ device }) =>
  device === null ? [] : [{ name: device.kernel, build: device.plan, arguments: ARGUMENTS[device.plan] }]
);

/** Last argument of a kernel with external memory: the buffer with its words. */
export const WORDS_ARGUMENT = "words";

/** Bytes of register space of an instance. */
const RANGE = 0x10000;

/** Register address of the first instance. */
const BASE = 0x180_0000;

/** Maximum instances of a kernel. */
const MAX_INSTANCES = 4;

/**
 * Writes the xclbin of the emulated card.
 *
 * @param options `instances` is the number of instances of each kernel, 1 to 4. Default 1. Each takes memory.
 * @returns The file. Equal versions of this library give equal bytes.
 * @throws {OnpathError} `size` if the number is out of range.
 */
export function emulatedXclbin(options: { readonly instances?: number } = {}): Uint8Array<ArrayBuffer> {
  const { instances: given = 1 } = Object(options) as { readonly instances?: number };
  const count = checkInteger("instance count", given, 1, MAX_INSTANCES);
  const namesOf = (kernel: string) => Array.from({ length: count }, (_, n) => `${kernel}_${n}`);
  let base = BASE;
  const next = () => BigInt((base += RANGE) - RANGE);
  const cards: KernelDraft[] = EMULATED_KERNELS.map(({ name, build, arguments: list }) => ({
    name,
    range: RANGE,
    instances: namesOf(name).map((name) => ({ name, base: next() })),
    arguments: [
      ...list.map(({ name }, place) => ({ name, kind: "scalar" as const, offset: argumentAddress(place) })),
      ...(build === "tokenize"
        ? [{ name: WORDS_ARGUMENT, kind: "buffer" as const, offset: argumentAddress(list.length), memory: 1 }]
        : []),
    ],
  }));
  const instances = (kind: string, which: "packets" | "tables") =>
    EMULATED_KERNELS.filter(({ name }) => moversOf(name)[which] === kind)
      .flatMap(({ name }) => namesOf(name))
      .map((name) => ({ name: moverInstances(name)[which], base: next() }));
  const mover = (
    name: string,
    list: readonly MoverArgument[],
    memory: number,
    which: "packets" | "tables",
  ) => ({
    name,
    range: RANGE,
    instances: instances(name, which),
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
      mover(MOVER.pages, TABLES_ARGUMENTS, 1, "tables"),
    ],
  }));
}
