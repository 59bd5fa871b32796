/**
 * The part of protobuf's wire format that the emulation's messages use: numbers and bytes by field number.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";

/** Value of a field: a number, exact up to 2^53, or bytes. */
export type FieldValue = number | Uint8Array;

/** A message: field number to values, in order of appearance. */
export type Message = ReadonlyMap<number, readonly FieldValue[]>;

/** Maximum fields of a message. Messages of XRT have fewer than ten, and one for each memory bank. */
export const MAX_FIELDS = 1024;

/**
 * Reads a message.
 *
 * @param bytes The message. Values of bytes are views of it.
 * @throws {OnpathError} `packet` when it ends within a field, a field has an unsupported type, or it has more than
 * {@linkcode MAX_FIELDS} fields.
 *
 * @example
 * ```ts
 * import { decodeMessage } from "onpath/emulation";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(decodeMessage(Uint8Array.of(0x08, 0x96, 0x01)), new Map([[1, [150]]]));
 * ```
 */
export function decodeMessage(bytes: Uint8Array): Message {
  const message = new Map<number, FieldValue[]>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  let fields = 0;
  const need = (length: number) => {
    if (length > bytes.length - at) throw broken("it ends within a field");
  };
  const varint = (): number => {
    let value = 0;
    for (let index = 0; index < 10; index++) {
      need(1);
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    throw broken("a number has more than ten bytes");
  };
  const value = (type: number): FieldValue => {
    switch (type) {
      case 0:
        return varint();
      case 1:
        need(8);
        at += 8;
        return view.getUint32(at - 8, true) + 2 ** 32 * view.getUint32(at - 4, true);
      case 2: {
        const length = varint();
        need(length);
        at += length;
        return bytes.subarray(at - length, at);
      }
      case 5:
        need(4);
        at += 4;
        return view.getUint32(at - 4, true);
      default:
        throw broken(`a field has type ${type}`);
    }
  };
  while (at < bytes.length) {
    if (++fields > MAX_FIELDS) throw broken(`it has more than ${MAX_FIELDS} fields`);
    const tag = varint();
    const number = Math.floor(tag / 8);
    const found = value(tag % 8);
    const list = message.get(number);
    if (list === undefined) message.set(number, [found]);
    else list.push(found);
  }
  return message;
}

/** Returns the last value of a field as a number, as proto2 defines; 0 if the field is missing. */
export function numberOf(message: Message, field: number): number {
  const value = message.get(field)?.at(-1) ?? 0;
  if (typeof value !== "number") throw broken(`field ${field} has bytes, expected a number`);
  return value;
}

/** Returns the last value of a field as bytes; empty if the field is missing. */
export function bytesOf(message: Message, field: number): Uint8Array {
  const value = message.get(field)?.at(-1) ?? new Uint8Array(0);
  if (typeof value === "number") throw broken(`field ${field} has a number, expected bytes`);
  return value;
}

/**
 * Writes a message.
 *
 * @param fields Field numbers and values, in order: whole numbers from 0 to 2^53, booleans or bytes.
 * @returns The message.
 *
 * @example
 * ```ts
 * import { decodeMessage, encodeMessage } from "onpath/emulation";
 * import assert from "node:assert/strict";
 *
 * assert.equal(decodeMessage(encodeMessage([[1, 7]])).size, 1);
 * ```
 */
export function encodeMessage(
  fields: readonly (readonly [field: number, value: FieldValue | boolean])[],
): Uint8Array<ArrayBuffer> {
  const maxBytes = fields.reduce(
    (sum, [, value]) => sum + 20 + (value instanceof Uint8Array ? value.length : 0),
    0,
  );
  const bytes = new Uint8Array(maxBytes);
  let at = 0;
  const varint = (value: number) => {
    for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes[at++] = value % 0x80 + 0x80;
    bytes[at++] = value;
  };
  for (const [field, value] of fields) {
    if (value instanceof Uint8Array) {
      varint(8 * field + 2);
      varint(value.length);
      bytes.set(value, at);
      at += value.length;
    } else {
      varint(8 * field);
      varint(Number(value));
    }
  }
  return bytes.subarray(0, at);
}

function broken(what: string): OnpathError {
  return new OnpathError("packet", `Cannot read a message of XRT: ${what}`, { what });
}
