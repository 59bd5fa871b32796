/**
 * Registers by their place: of a kernel, of an instance that runs by itself, or of a model of one.
 *
 * @module
 */

import { checkWhole, OnpathError } from "../../../../serialize/errors.ts";

/** Registers of 32 bits, by their place in bytes from the base. */
export interface Registers {
  /**
   * Reads a register.
   *
   * @param offset A multiple of 4.
   */
  readonly readRegister: (offset: number) => number;
  /**
   * Writes a register.
   *
   * @param offset A multiple of 4.
   * @param value From 0 to 2^32 - 1.
   */
  readonly writeRegister: (offset: number, value: number) => void;
}

/**
 * Refuses a place or value that no register has: some platforms hang on such an access.
 *
 * @param offset The place, in bytes.
 * @param range Bytes of all registers.
 * @param value What is to be written.
 * @throws {OnpathError} `size`.
 */
export function checkRegister(offset: number, range: number, value = 0): void {
  checkWhole("a register's value of", value, 0, 0xffff_ffff);
  if (Number.isInteger(offset) && offset >= 0 && offset % 4 === 0 && offset + 4 <= range) return;
  throw new OnpathError(
    "size",
    `Cannot use a register at ${offset}: expected a multiple of 4 from 0 to ${range - 4}`,
    { offset, range },
  );
}
