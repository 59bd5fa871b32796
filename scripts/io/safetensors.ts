/**
 * `.safetensors` files: named tensors after a JSON header. They support every element type of onpath.
 *
 * @module
 */

import type { DType } from "../../serialize/dtype.ts";
import { type Tensor, toBytes, toDense } from "../../serialize/tensor.ts";

/** Names of element types in the format. */
export const SAFETENSORS_DTYPES: Readonly<Record<DType, string>> = {
  u8: "U8",
  i8: "I8",
  f16: "F16",
  bf16: "BF16",
  f32: "F32",
  i32: "I32",
  u32: "U32",
  u16: "U16",
};

/**
 * Encodes one tensor: eight bytes of header length (little-endian), the JSON header padded with spaces to a
 * multiple of eight, then the elements.
 *
 * @param key Name of the tensor.
 * @param source Tensor to encode.
 * @returns The file in chunks; the last one may share the tensor's elements.
 */
export function encodeSafetensors(key: string, source: Tensor): Uint8Array<ArrayBuffer>[] {
  const bytes = toBytes(toDense(source));
  const entry = {
    dtype: SAFETENSORS_DTYPES[source.dtype],
    shape: source.shape,
    data_offsets: [0, bytes.length],
  };
  const json = new TextEncoder().encode(JSON.stringify({ [key]: entry }));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + headerBytes).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(headerBytes), true);
  header.set(json, 8);
  return [header, bytes];
}
