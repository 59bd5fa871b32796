/**
 * Elements of tensors as bytes: little-endian, in C order. A string of `BYTES` follows its length in 4 bytes.
 *
 * @module
 */

import type { TensorHead } from "./tensor_json.ts";
import { badTensor, FIXED, type InferenceTensor } from "./tensors.ts";

/** Bytes of the length before a string. */
const LENGTH_BYTES = 4;

/**
 * Reads the elements of a tensor. Elements of one byte and strings are views.
 *
 * @param head Tensor without its elements.
 * @param bytes All bytes of the tensor.
 * @throws {OnpathError} `dtype` if the bytes do not hold the shape.
 */
export function readBinaryTensor(head: TensorHead, bytes: Uint8Array): InferenceTensor {
  const { name, datatype, shape, count } = head;
  if (datatype === "BYTES") return { name, datatype, shape, data: readStrings(head, bytes) };
  const { bytes: size, view } = FIXED[datatype];
  if (bytes.length !== count * size) {
    throw badTensor(
      name,
      `it has ${bytes.length} bytes of binary data, expected ${count * size} for ${datatype} of shape [${
        shape.join(", ")
      }]`,
      { bytes: bytes.length, expected: count * size },
    );
  }
  // Typed arrays of larger elements begin at a multiple of the element's size. Not slice(): a body that arrived at
  // once is a Buffer, whose slice() is a view.
  const { buffer, byteOffset } = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return { name, datatype, shape, data: view(buffer, byteOffset, count) } as InferenceTensor;
}

/**
 * Lists the bytes of a tensor in order.
 *
 * @param tensor Tensor.
 * @returns Parts of the bytes; most are views.
 */
export function writeBinaryTensor(tensor: InferenceTensor): Uint8Array[] {
  if (tensor.datatype !== "BYTES") {
    const { buffer, byteOffset, byteLength } = tensor.data;
    return [new Uint8Array(buffer, byteOffset, byteLength)];
  }
  return tensor.data.flatMap((bytes) => {
    const length = new Uint8Array(LENGTH_BYTES);
    new DataView(length.buffer).setUint32(0, bytes.length, true);
    return [length, bytes];
  });
}

function readStrings({ name, count }: TensorHead, bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const strings: Uint8Array[] = [];
  let at = 0;
  while (strings.length < count) {
    const start = at + LENGTH_BYTES;
    const end = start <= bytes.length ? start + view.getUint32(at, true) : Infinity;
    if (end > bytes.length) {
      throw badTensor(name, `its binary data ends within element ${strings.length} of ${count}`, { count });
    }
    strings.push(bytes.subarray(start, end));
    at = end;
  }
  if (at !== bytes.length) {
    throw badTensor(name, `${bytes.length - at} bytes follow its ${count} elements`, { count });
  }
  return strings;
}

/** Joins parts of bytes; one part is returned as it is. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBufferLike> {
  // A plain array: models may call slice(), which is a view of a Buffer.
  if (parts.length === 1) return new Uint8Array(parts[0]!.buffer, parts[0]!.byteOffset, parts[0]!.length);
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
