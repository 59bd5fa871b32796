/**
 * As much of protobuf's wire format as the emulation's messages need: numbers and bytes by field number.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";

/** A field's value: a number, exact up to 2^53, or bytes. */
export type FieldValue = number | Uint8Array;

/** A message: the values of each field, in their order. */
export type Message = ReadonlyMap<number, readonly FieldValue[]>;

/** A message has at most this many fields: those of XRT have fewer than ten, and one a memory bank. */
export const MAX_FIELDS = 1024;

/**
 * Reads a message.
 *
 * @param bytes The message. Values that are bytes are views of it.
 * @throws {OnpathError} `packet` when it ends in the middle of a field, or has a kind of field that proto2
 * no longer has, or too many.
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
  const room = (length: number) => {
    if (length > bytes.length - at) throw broken("it ends within a field");
  };
  const varint = (): number => {
    let value = 0;
    for (let place = 0; place < 10; place++) {
      room(1);
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * 2 ** (7 * place);
      if (byte < 0x80) return value;
    }
    throw broken("a number has more than ten bytes");
  };
  const value = (type: number): FieldValue => {
    switch (type) {
      case 0:
        return varint();
      case 1:
        room(8);
        at += 8;
        return view.getUint32(at - 8, true) + 2 ** 32 * view.getUint32(at - 4, true);
      case 2: {
        const length = varint();
        room(length);
        at += length;
        return bytes.subarray(at - length, at);
      }
      case 5:
        room(4);
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

/** The last value of a field as a number, as proto2 has it; 0 where it is missing. */
export function numberOf(message: Message, field: number): number {
  const value = message.get(field)?.at(-1) ?? 0;
  if (typeof value !== "number") throw broken(`field ${field} is no number`);
  return value;
}

/** The last value of a field as bytes; none where it is missing. */
export function bytesOf(message: Message, field: number): Uint8Array {
  const value = message.get(field)?.at(-1) ?? new Uint8Array(0);
  if (typeof value === "number") throw broken(`field ${field} is a number`);
  return value;
}

/**
 * Writes a message.
 *
 * @param fields Field numbers with whole numbers from 0 to 2^53, truth values or bytes, in their order.
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
  const most = fields.reduce(
    (sum, [, value]) => sum + 20 + (value instanceof Uint8Array ? value.length : 0),
    0,
  );
  const bytes = new Uint8Array(most);
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
