/**
 * Values of scalar arguments as bytes, by the C types that an xclbin names.
 *
 * @module
 */

import { OnpathError } from "../../../../serialize/errors.ts";
import type { XclbinArgument } from "../xclbin/xclbin.ts";

/** How a value is written: a kind of number and its bytes. */
export type ScalarFormat =
  | "u8"
  | "i8"
  | "u16"
  | "i16"
  | "u32"
  | "i32"
  | "u64"
  | "i64"
  | "f32"
  | "f64"
  | "bytes";

const FLOATS: Readonly<Record<string, ScalarFormat>> = { float: "f32", double: "f64" };

/** Types without a sign, beside those that begin with `unsigned`. */
const UNSIGNED = /^(unsigned\b|u(char|short|int|long)\b|uint\d+(_t)?$|size_t$|bool$)|ap_uint/;

/**
 * Chooses how a scalar is written.
 *
 * @param argument The argument; its size counts for more than its type's name.
 * @returns The format; `bytes` for what is no number of 1, 2, 4 or 8 bytes.
 */
export function scalarFormat({ type, bytes }: Pick<XclbinArgument, "type" | "bytes">): ScalarFormat {
  const name = type.replace(/\b(const|volatile)\b/g, "").trim();
  const float = FLOATS[name];
  if (float !== undefined) return float;
  if (bytes !== 1 && bytes !== 2 && bytes !== 4 && bytes !== 8) return "bytes";
  return `${UNSIGNED.test(name) ? "u" : "i"}${8 * bytes as 8 | 16 | 32 | 64}`;
}

/** The least and the greatest value of the integers. */
const LIMITS: Readonly<Partial<Record<ScalarFormat, readonly [bigint, bigint]>>> = Object.fromEntries(
  [8n, 16n, 32n, 64n].flatMap((bits) => [
    [`u${bits}`, [0n, 2n ** bits - 1n]],
    // A register has no sign: what fits it without one is taken too.
    [`i${bits}`, [-(2n ** (bits - 1n)), 2n ** bits - 1n]],
  ]),
);

/**
 * Writes a scalar's value, little-endian.
 *
 * @param target At least 8 bytes.
 * @param format How.
 * @param value The number.
 * @param name The argument's name, for the message.
 * @returns Bytes that were written.
 * @throws {OnpathError} `size` when the number does not fit.
 */
export function writeScalar(
  target: DataView,
  format: ScalarFormat,
  value: number | bigint,
  name: string,
): number {
  switch (format) {
    case "f32":
      target.setFloat32(0, Number(value), true);
      return 4;
    case "f64":
      target.setFloat64(0, Number(value), true);
      return 8;
  }
  const limits = LIMITS[format];
  const whole = typeof value === "bigint" ? value : Number.isInteger(value) ? BigInt(value) : undefined;
  if (limits === undefined || whole === undefined || whole < limits[0] || whole > limits[1]) {
    throw new OnpathError(
      "size",
      `Cannot set argument ${name} to ${value}: expected ` +
        (limits === undefined ? "bytes" : `a whole number from ${limits[0]} to ${limits[1]}`),
      { argument: name, value: String(value), format },
    );
  }
  target.setBigUint64(0, BigInt.asUintN(64, whole), true);
  return Number(format.slice(1)) / 8;
}
