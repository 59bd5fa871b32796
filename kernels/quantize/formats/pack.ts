/**
 * Codes of 1 to 8 bits in bytes. Code i occupies the bits `i x bits` and up, counted from the lowest bit of the
 * first byte. Two codes of 4 bits share a byte, the first in the low half, as ONNX packs int4.
 *
 * @module
 */

import { checkInteger } from "../../../serialize/errors.ts";
import { checkLength } from "./elements.ts";

/**
 * Counts the bytes of packed codes.
 *
 * @param count Number of codes.
 * @param bits Bits of a code, 1 to 8.
 */
export function packedBytes(count: number, bits: number): number {
  return Math.ceil(count * checkInteger("bits of a code", bits, 1, 8) / 8);
}

/**
 * Packs codes.
 *
 * @param codes One code a byte; bits above `bits` are dropped.
 * @param bits Bits of a code, 1 to 8.
 * @param bytes Receives `packedBytes(codes.length, bits)` bytes. Bits after the last code are 0.
 * @throws {OnpathError} `shape` when `bytes` has another length.
 */
export function packCodes(codes: Uint8Array, bits: number, bytes: Uint8Array): void {
  checkLength("packed bytes", bytes.length, packedBytes(codes.length, bits));
  const mask = (1 << bits) - 1;
  let held = 0, heldBits = 0, at = 0;
  for (let i = 0; i < codes.length; i++) {
    held |= (codes[i]! & mask) << heldBits;
    heldBits += bits;
    if (heldBits >= 8) {
      bytes[at++] = held & 0xff;
      held >>>= 8;
      heldBits -= 8;
    }
  }
  if (heldBits > 0) bytes[at] = held;
}

/**
 * Unpacks codes.
 *
 * @param bytes Bytes that `packCodes` made.
 * @param bits Bits of a code, 1 to 8.
 * @param codes Receives one code a byte, without sign extension.
 * @throws {OnpathError} `shape` when `bytes` has another length than the codes need.
 */
export function unpackCodes(bytes: Uint8Array, bits: number, codes: Uint8Array): void {
  checkLength("packed bytes", bytes.length, packedBytes(codes.length, bits));
  const mask = (1 << bits) - 1;
  let held = 0, heldBits = 0, at = 0;
  for (let i = 0; i < codes.length; i++) {
    if (heldBits < bits) {
      held |= bytes[at++]! << heldBits;
      heldBits += 8;
    }
    codes[i] = held & mask;
    held >>>= bits;
    heldBits -= bits;
  }
}
