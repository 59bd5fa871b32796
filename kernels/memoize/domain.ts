/**
 * Domain of a function: all codes of its operands.
 *
 * @module
 */

import { type DType, fromBFloat16Bits, fromFloat16Bits } from "../../serialize/dtype.ts";
import { kindOf, OnpathError } from "../../serialize/errors.ts";

/** Operand type: a byte, a code of 1 to 16 bits, or a 16-bit float. */
export type Operand = "u8" | "f16" | "bf16" | { readonly bits: number };

/** Maximum bits of one operand. */
export const MAX_OPERAND_BITS = 16;

/** Maximum bits of all operands together: 2^20 values or pairs. */
export const MAX_DOMAIN_BITS = 20;

/** All values of one operand, or all pairs of two. Plain data. */
export interface Domain {
  /** One or two operands. */
  readonly operands: readonly Operand[];
  /** Bits of a code: `first << bits of the second | second` for two operands. */
  readonly bits: number;
  /** Element type that stores an operand: `u16` for codes above 8 bits, and for pairs with such an operand. */
  readonly dtype: "u8" | "u16" | "f16" | "bf16";
  /** Bytes of an item in a packet: those of the first operand, then those of the second. */
  readonly itemBytes: 1 | 2 | 4;
}

/** Counts the bits of an operand. */
export function operandBits(operand: Operand): number {
  if (operand === "u8") return 8;
  return operand === "f16" || operand === "bf16" ? 16 : operand.bits;
}

/**
 * Makes the domain of one or two operands.
 *
 * @param input An operand, or a list of one or two.
 * @throws {OnpathError} `dtype` if an operand is invalid; `size` if the domain exceeds 2^20 codes.
 */
export function domainOf(input: Operand | readonly Operand[]): Domain {
  const list: readonly unknown[] = Array.isArray(input) ? input : [input];
  if (list.length !== 1 && list.length !== 2) {
    throw new OnpathError("size", `Cannot memoize: expected one or two operands, found ${list.length}`, {
      found: list.length,
    });
  }
  const operands = list.map(checkOperand);
  const bits = operands.reduce((sum, operand) => sum + operandBits(operand), 0);
  if (bits > MAX_DOMAIN_BITS) {
    throw new OnpathError(
      "size",
      `Cannot memoize: operands of ${bits} bits have 2^${bits} pairs, expected at most 2^${MAX_DOMAIN_BITS}`,
      { bits, most: MAX_DOMAIN_BITS },
    );
  }
  const isWide = operands.some((operand) => operandBits(operand) > 8);
  const [only] = operands as [Operand];
  const dtype = operands.length === 1 && typeof only === "string" ? only : isWide ? "u16" : "u8";
  const itemBytes = operands.length * (isWide ? 2 : 1) as 1 | 2 | 4;
  return { operands, bits, dtype, itemBytes };
}

function checkOperand(value: unknown): Operand {
  if (value === "u8" || value === "f16" || value === "bf16") return value;
  const bits: unknown = Object(value).bits;
  if (Number.isInteger(bits) && bits as number >= 1 && bits as number <= MAX_OPERAND_BITS) {
    return { bits: bits as number };
  }
  const found = typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : kindOf(value);
  throw new OnpathError(
    "dtype",
    `Cannot memoize operand ${found}: expected "u8", "f16", "bf16" or { bits } of 1 to ${MAX_OPERAND_BITS}`,
    { found },
  );
}

/**
 * Decodes a code into the operands' values.
 *
 * @param domain Domain of the code.
 * @param code Code below 2^bits.
 */
export function decodeOperands({ operands }: Domain, code: number): number[] {
  if (operands.length === 1) return [decodeOperand(operands[0]!, code)];
  const [first, second] = operands as [Operand, Operand];
  const bits = operandBits(second);
  return [decodeOperand(first, code >>> bits), decodeOperand(second, code & (2 ** bits - 1))];
}

function decodeOperand(operand: Operand, code: number): number {
  if (operand === "f16") return fromFloat16Bits(code);
  return operand === "bf16" ? fromBFloat16Bits(code) : code;
}

/** Mantissa bits of the domain's only operand if it is a float; null otherwise. */
export function mantissaBits({ operands }: Domain): number | null {
  if (operands.length > 1) return null;
  const only: DType | object = operands[0]!;
  return only === "f16" ? 10 : only === "bf16" ? 7 : null;
}
