/**
 * Registers of 64 bits, read a word at a time.
 *
 * @module
 */

import { OnpathError } from "../../../../serialize/errors.ts";
import type { Registers } from "../binding/registers.ts";

/** A counter that runs on between its two words is read again at most this often. */
const TRIES = 8;

/**
 * Reads a counter of 64 bits that may run on meanwhile.
 *
 * @param registers Where it stands.
 * @param offset Its lower word; the upper one follows.
 * @returns The count; exact up to 2^53.
 * @throws {OnpathError} `device` when its upper word never stands still.
 */
export function readCounter(registers: Registers, offset: number): number {
  let upper = registers.readRegister(offset + 4);
  for (let i = 0; i < TRIES; i++) {
    const lower = registers.readRegister(offset);
    const again = registers.readRegister(offset + 4);
    if (again === upper) return upper * 2 ** 32 + lower;
    upper = again;
  }
  throw new OnpathError(
    "device",
    `Cannot read the counter at 0x${offset.toString(16)}: its upper word never stands still`,
    {
      offset,
    },
  );
}

/** Reads counters by their names. */
export function readCounters<K extends string>(
  registers: Registers,
  places: Readonly<Record<K, number>>,
): Readonly<Record<K, number>> {
  const entries = Object.entries(places) as [K, number][];
  return Object.fromEntries(
    entries.map(([name, offset]) => [name, readCounter(registers, offset)]),
  ) as Record<K, number>;
}
