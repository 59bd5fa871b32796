/**
 * 64-bit counters, read as two 32-bit words.
 *
 * @module
 */

import { OnpathError } from "../../../../serialize/errors.ts";
import type { Registers } from "../binding/registers.ts";

/** Maximum reads of the lower word, in case the counter carries between two reads. */
const MAX_TRIES = 8;

/**
 * Reads a 64-bit counter while it counts.
 *
 * @param registers Registers that contain the counter.
 * @param offset Byte offset of the lower word; the upper word follows.
 * @returns Count, exact up to 2^53.
 * @throws {OnpathError} `device` when the upper word differs in every read.
 */
export function readCounter(registers: Registers, offset: number): number {
  let upper = registers.readRegister(offset + 4);
  for (let i = 0; i < MAX_TRIES; i++) {
    const lower = registers.readRegister(offset);
    const again = registers.readRegister(offset + 4);
    if (again === upper) return upper * 2 ** 32 + lower;
    upper = again;
  }
  throw new OnpathError(
    "device",
    `Cannot read the counter at 0x${
      offset.toString(16)
    }: its upper word changed in each of ${MAX_TRIES} reads`,
    {
      offset,
    },
  );
}

/** Reads counters, given their byte offsets by name. */
export function readCounters<K extends string>(
  registers: Registers,
  offsets: Readonly<Record<K, number>>,
): Readonly<Record<K, number>> {
  const entries = Object.entries(offsets) as [K, number][];
  return Object.fromEntries(
    entries.map(([name, offset]) => [name, readCounter(registers, offset)]),
  ) as Record<K, number>;
}
