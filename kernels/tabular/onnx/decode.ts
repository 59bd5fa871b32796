/**
 * Decoding of an ONNX model. Nesting is bounded by the known messages, and memory by the bytes of the file.
 *
 * @module
 */

import protobuf from "protobufjs/minimal.js";
import { OnpathError } from "../../../serialize/errors.ts";
import { type FieldKind, type MessageShape, MODEL, type ModelProto } from "./messages.ts";

/** Maximum bytes of a model (16 MiB). */
export const MAX_MODEL_BYTES = 16 * 2 ** 20;

/** Wire types of protobuf. */
const VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Decodes a model.
 *
 * @param bytes File.
 * @throws {OnpathError} `file` if the bytes are no model; `size` if there are too many.
 */
export function decodeModel(bytes: Uint8Array): ModelProto {
  if (bytes.length > MAX_MODEL_BYTES) {
    throw new OnpathError(
      "size",
      `Cannot read an ONNX model of ${bytes.length} bytes: expected at most ${MAX_MODEL_BYTES}`,
      {
        bytes: bytes.length,
        most: MAX_MODEL_BYTES,
      },
    );
  }
  const reader = protobuf.Reader.create(bytes);
  try {
    return decodeMessage(reader, MODEL, bytes.length) as unknown as ModelProto;
  } catch (error) {
    if (error instanceof OnpathError) throw error;
    throw malformed(`it breaks off or is malformed near byte ${reader.pos}`, error);
  }
}

/** Refuses a malformed model. */
export function malformed(why: string, cause?: unknown): OnpathError {
  return new OnpathError("file", `Cannot read an ONNX model: ${why}`, {}, { cause });
}

function decodeMessage(reader: protobuf.Reader, shape: MessageShape, end: number): Record<string, unknown> {
  if (end > reader.len) throw malformed(`it breaks off near byte ${reader.len}`);
  const message: Record<string, unknown> = {};
  for (const [name, , isList] of Object.values(shape)) if (isList) message[name] = [];
  while (reader.pos < end) {
    const tag = reader.uint32();
    const wire = tag & 7;
    const field = shape[tag >>> 3];
    if (field === undefined) {
      skip(reader, wire);
      continue;
    }
    const [name, kind, isList] = field;
    if (!isList) {
      message[name] = decodeValue(reader, kind, wire);
      continue;
    }
    const list = message[name] as unknown[];
    const isPacked = wire === LENGTH && (kind === "int" || kind === "float" || kind === "double");
    if (!isPacked) {
      list.push(decodeValue(reader, kind, wire));
      continue;
    }
    const stop = reader.uint32() + reader.pos;
    if (stop > end) throw malformed(`a list breaks off near byte ${end}`);
    while (reader.pos < stop) list.push(decodeValue(reader, kind, wireOf(kind)));
    if (reader.pos !== stop) throw malformed(`a list ends within an element near byte ${stop}`);
  }
  if (reader.pos !== end) throw malformed(`a message ends within a field near byte ${end}`);
  return message;
}

function wireOf(kind: FieldKind): number {
  return kind === "int" ? VARINT : kind === "float" ? FIXED32 : kind === "double" ? FIXED64 : LENGTH;
}

function decodeValue(reader: protobuf.Reader, kind: FieldKind, wire: number): unknown {
  if (wire !== wireOf(kind)) throw malformed(`a field has wire type ${wire} near byte ${reader.pos}`);
  switch (kind) {
    case "int": {
      const value = Number(String(reader.int64()));
      if (Number.isSafeInteger(value)) return value;
      throw malformed(`the integer near byte ${reader.pos} exceeds 2^53`);
    }
    case "float":
      return reader.float();
    case "double":
      return reader.double();
    case "text":
      return decoder.decode(reader.bytes());
    case "bytes":
      return Uint8Array.from(reader.bytes());
    default: {
      const length = reader.uint32();
      return decodeMessage(reader, kind, reader.pos + length);
    }
  }
}

/** Skips an unknown field. Groups, which nest without a bound, are refused. */
function skip(reader: protobuf.Reader, wire: number): void {
  if (wire === VARINT || wire === FIXED64 || wire === LENGTH || wire === FIXED32) reader.skipType(wire);
  else throw malformed(`a field has wire type ${wire} near byte ${reader.pos}`);
}
