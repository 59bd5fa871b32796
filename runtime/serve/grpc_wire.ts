/**
 * Messages of protobuf: the fields of a request, by a table of the known ones, and the bytes of a response.
 *
 * Nesting is bounded by the tables, memory by the bytes of a message. Groups are refused, and unknown fields skipped.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";

/** Kind of a field: a string, a boolean, a message of known fields, or any message, of which only presence counts. */
export type FieldKind = "text" | "bool" | "any" | Shape;

/** A field: its name, its kind, and whether it is repeated. */
export type Field = readonly [name: string, kind: FieldKind, isList?: true];

/** Fields of a message, by their numbers. */
export interface Shape {
  readonly [number: number]: Field;
}

/** A decoded message: absent fields are undefined, repeated ones a list. `any` is true, or a list of them. */
export type Message = Readonly<Record<string, unknown>>;

/** A field of a response. Strings that are empty, false and empty lists are left out, as protobuf 3 does. */
export type FieldValue = readonly [number: number, value: string | boolean | Uint32Array];

/** Wire types. */
const VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5;

/** Bytes of the longest varint, of 64 bits. */
const MAX_VARINT_BYTES = 10;

const utf8 = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Decodes a message.
 *
 * @param bytes Message.
 * @param shape Known fields.
 * @throws {OnpathError} `file` if it is malformed, or a string is no UTF-8.
 */
export function decodeMessage(bytes: Uint8Array, shape: Shape): Message {
  return decodeFields({ bytes, at: 0 }, shape, bytes.length);
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

function decodeFields(cursor: Cursor, shape: Shape, end: number): Message {
  const message: Record<string, unknown> = {};
  for (const [name, , isList] of Object.values(shape) as Field[]) if (isList) message[name] = [];
  while (cursor.at < end) {
    const tag = readVarint(cursor, end);
    const field = shape[tag >>> 3];
    if (field === undefined) {
      skip(cursor, tag & 7, end);
      continue;
    }
    const [name, kind, isList] = field;
    const value = decodeValue(cursor, kind, tag & 7, end);
    if (isList) (message[name] as unknown[]).push(value);
    else message[name] = value;
  }
  return message;
}

function decodeValue(cursor: Cursor, kind: FieldKind, wire: number, end: number): unknown {
  if (wire !== (kind === "bool" ? VARINT : LENGTH)) {
    throw malformed(`a field has wire type ${wire} near byte ${cursor.at}`);
  }
  if (kind === "bool") return readVarint(cursor, end) !== 0;
  const from = cursor.at;
  const stop = endOfField(cursor, end);
  if (kind === "any") {
    cursor.at = stop;
    return true;
  }
  if (kind !== "text") return decodeFields(cursor, kind, stop);
  const part = cursor.bytes.subarray(cursor.at, stop);
  cursor.at = stop;
  try {
    return decoder.decode(part);
  } catch (cause) {
    throw malformed(`the string near byte ${from} is not UTF-8`, cause);
  }
}

/** Reads a varint. Bits above 32 are only tested for zero, as no known field has them. */
function readVarint(cursor: Cursor, end: number): number {
  let value = 0;
  for (let count = 0; count < MAX_VARINT_BYTES; count++) {
    if (cursor.at >= end) break;
    const byte = cursor.bytes[cursor.at++]!;
    if (count < 5) value |= (byte & 127) << (7 * count);
    else if ((byte & 127) !== 0) value |= 1 << 31;
    if (byte < 128) return value >>> 0;
  }
  throw malformed(`a number breaks off near byte ${cursor.at}`);
}

function endOfField(cursor: Cursor, end: number): number {
  const length = readVarint(cursor, end);
  if (length > end - cursor.at) throw malformed(`a field breaks off near byte ${cursor.at}`);
  return cursor.at + length;
}

/** Skips an unknown field. */
function skip(cursor: Cursor, wire: number, end: number): void {
  const { at } = cursor;
  if (wire === VARINT) readVarint(cursor, end);
  else if (wire === LENGTH) cursor.at = endOfField(cursor, end);
  else if (wire === FIXED64 || wire === FIXED32) cursor.at += wire === FIXED64 ? 8 : 4;
  else throw malformed(`a field has wire type ${wire} near byte ${at}`);
  if (cursor.at > end) throw malformed(`a field breaks off near byte ${at}`);
}

function malformed(why: string, cause?: unknown): OnpathError {
  return new OnpathError("file", `Cannot read a message: ${why}`, {}, { cause });
}

/**
 * Encodes a message.
 *
 * @param fields Fields in ascending order of their numbers. A list of numbers is packed.
 */
export function encodeMessage(fields: readonly FieldValue[]): Uint8Array {
  const parts = fields.flatMap(([number, value]) => {
    if (value === false || value === "" || (typeof value === "object" && value.length === 0)) return [];
    const content = typeof value === "string" ? utf8.encode(value) : value;
    const length = content === true
      ? 1
      : typeof value === "string"
      ? content.length
      : packedLength(content as Uint32Array);
    return [{ tag: number * 8 + (content === true ? VARINT : LENGTH), content, length }];
  });
  const total = parts.reduce(
    (sum, { tag, content, length }) =>
      sum + varintLength(tag) + length + (content === true ? 0 : varintLength(length)),
    0,
  );
  const bytes = new Uint8Array(total);
  let at = 0;
  const write = (value: number) => {
    for (; value > 127; value >>>= 7) bytes[at++] = (value & 127) | 128;
    bytes[at++] = value;
  };
  for (const { tag, content, length } of parts) {
    write(tag);
    if (content === true) {
      write(1);
      continue;
    }
    write(length);
    if (content instanceof Uint8Array) {
      bytes.set(content, at);
      at += length;
    } else for (const value of content as Uint32Array) write(value);
  }
  return bytes;
}

function varintLength(value: number): number {
  return value < 2 ** 7 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 21 ? 3 : value < 2 ** 28 ? 4 : 5;
}

function packedLength(values: Uint32Array): number {
  let length = 0;
  for (const value of values) length += varintLength(value);
  return length;
}
