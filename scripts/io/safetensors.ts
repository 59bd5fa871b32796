/**
 * Writing of `.safetensors` files: named tensors after a JSON header. They support every element type of onpath.
 *
 * @module
 */

import { type DType, DTYPE_BYTES } from "../../serialize/dtype.ts";
import { OnpathError } from "../../serialize/errors.ts";
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

/** Maximum length of a header, in bytes. One tensor takes about 100. */
export const MAX_SAFETENSORS_HEADER = 8 * 2 ** 20;

/** Name of the header's entry with texts in place of a tensor. */
export const METADATA_KEY = "__metadata__";

/**
 * Encodes one tensor.
 *
 * @param key Name of the tensor.
 * @param source Tensor to encode.
 * @returns The file in chunks; the last one may share the tensor's elements.
 */
export function encodeSafetensors(key: string, source: Tensor): Uint8Array<ArrayBuffer>[] {
  return encodeTensors(new Map([[key, source]]));
}

/**
 * Encodes tensors: eight bytes of header length (little-endian), the JSON header padded with spaces to a multiple
 * of eight, then the elements. Wider element types come first, so that each tensor is aligned.
 *
 * @param tensors Tensors by name.
 * @param metadata Texts for the entry `__metadata__`; none if empty.
 * @returns The file in chunks, which may share the tensors' elements.
 * @throws {OnpathError} `size` if the header exceeds {@linkcode MAX_SAFETENSORS_HEADER}, `file` for a tensor that
 * is named like the metadata.
 */
export function encodeTensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer>[] {
  if (tensors.has(METADATA_KEY)) {
    throw new OnpathError(
      "file",
      `Cannot write a tensor named ${METADATA_KEY}: the format reserves the name`,
    );
  }
  const width = ([, { dtype }]: [string, Tensor]) => DTYPE_BYTES[dtype];
  const ordered = [...tensors].sort((a, b) => width(b) - width(a));
  const entries: [string, unknown][] = Object.keys(metadata).length === 0 ? [] : [[METADATA_KEY, metadata]];
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let at = 0;
  for (const [name, source] of ordered) {
    const bytes = toBytes(toDense(source));
    const dtype = SAFETENSORS_DTYPES[source.dtype];
    entries.push([name, { dtype, shape: source.shape, data_offsets: [at, at + bytes.length] }]);
    chunks.push(bytes);
    at += bytes.length;
  }
  return [encodeHeader(JSON.stringify(Object.fromEntries(entries))), ...chunks];
}

function encodeHeader(text: string): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(text);
  const headerBytes = Math.ceil(json.length / 8) * 8;
  if (headerBytes > MAX_SAFETENSORS_HEADER) {
    throw new OnpathError(
      "size",
      `Cannot write a header of ${headerBytes} bytes: expected at most ${MAX_SAFETENSORS_HEADER}`,
      { headerBytes, most: MAX_SAFETENSORS_HEADER },
    );
  }
  const header = new Uint8Array(8 + headerBytes).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(headerBytes), true);
  header.set(json, 8);
  return header;
}
