/**
 * Encoding of scalar kernel arguments as bytes, by the C types that an xclbin names.
 *
 * @module
 */

import { OnpathError } from "../../../../serialize/errors.ts";
import type { XclbinArgument } from "../xclbin/xclbin.ts";

/** Encoding of a scalar: number type and width in bits; `bytes` for a structure. */
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

/** Names of unsigned C types. */
const UNSIGNED = /^(unsigned\b|u(char|short|int|long)\b|uint\d+(_t)?$|size_t$|bool$)|ap_uint/;

/**
 * Returns the encoding of a scalar argument.
 *
 * @param argument Argument of the xclbin; `bytes` decides the width, `type` the sign.
 * @returns Encoding; `bytes` unless the argument is a number of 1, 2, 4 or 8 bytes.
 */
export function scalarFormat({ type, bytes }: Pick<XclbinArgument, "type" | "bytes">): ScalarFormat {
  const name = type.replace(/\b(const|volatile)\b/g, "").trim();
  const float = FLOATS[name];
  if (float !== undefined) return float;
  if (bytes !== 1 && bytes !== 2 && bytes !== 4 && bytes !== 8) return "bytes";
  return `${UNSIGNED.test(name) ? "u" : "i"}${8 * bytes as 8 | 16 | 32 | 64}`;
}

/** Minimum and maximum of each integer encoding, both inclusive. */
const LIMITS: Readonly<Partial<Record<ScalarFormat, readonly [bigint, bigint]>>> = Object.fromEntries(
  [8n, 16n, 32n, 64n].flatMap((bits) => [
    [`u${bits}`, [0n, 2n ** bits - 1n]],
    // A register has no sign: a signed argument accepts the unsigned range too.
    [`i${bits}`, [-(2n ** (bits - 1n)), 2n ** bits - 1n]],
  ]),
);

/**
 * Writes a scalar at offset 0, little-endian.
 *
 * @param target Destination of at least 8 bytes.
 * @param format Encoding of the scalar.
 * @param value Number to write.
 * @param name Argument name, for the error message.
 * @returns Bytes written: 1, 2, 4 or 8.
 * @throws {OnpathError} `size` when the number is out of range.
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
