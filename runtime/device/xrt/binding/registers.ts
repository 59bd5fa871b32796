/**
 * Register access by byte offset, for a kernel, a free-running instance, or a model of either.
 *
 * @module
 */

import { checkInteger, kindOf, OnpathError } from "../../../../serialize/errors.ts";

/** 32-bit registers, addressed in bytes from the base. */
export interface Registers {
  /**
   * Reads a register.
   * @param offset Bytes from the base, a multiple of 4.
   */
  readonly readRegister: (offset: number) => number;
  /**
   * Writes a register.
   * @param offset Bytes from the base, a multiple of 4.
   * @param value Value from 0 to 2^32 - 1.
   */
  readonly writeRegister: (offset: number, value: number) => void;
}

/**
 * Checks a register's offset and value: some platforms hang on an invalid access.
 *
 * @param offset Bytes from the base.
 * @param range Bytes of the register range.
 * @param value Value to write. Default 0.
 * @throws {OnpathError} `size` when the offset is misaligned or out of range, or the value exceeds 32 bits.
 */
export function checkRegister(offset: number, range: number, value = 0): void {
  checkInteger("register value", value, 0, 0xffff_ffff);
  if (Number.isInteger(offset) && offset >= 0 && offset % 4 === 0 && offset + 4 <= range) return;
  throw new OnpathError(
    "size",
    `Cannot use a register at ${offset}: expected a multiple of 4 from 0 to ${range - 4}`,
    { offset, range },
  );
}

/**
 * Checks what the controls of an instance are made of, which callers without types may get wrong.
 *
 * @param what Subject of the message, such as `network layer`.
 * @param registers Value from outside.
 * @throws {OnpathError} `size` when it has not both methods.
 */
export function requireRegisters(what: string, registers: unknown): void {
  const { readRegister, writeRegister } = Object(registers) as Partial<Registers>;
  if (typeof readRegister === "function" && typeof writeRegister === "function") return;
  throw new OnpathError(
    "size",
    `Cannot control a ${what} by ${kindOf(registers)}: expected what ip() of a device returns`,
    { found: kindOf(registers) },
  );
}
