/**
 * Decoding of SentencePiece's `.model`, a protobuf message. Memory is bounded by the bytes of the file.
 *
 * Source of the fields: `sentencepiece_model.proto` of google/sentencepiece.
 *
 * @module
 */

import protobuf from "protobufjs/minimal.js";
import { OnpathError } from "../../../serialize/errors.ts";

/** Kinds of a piece. */
export const PIECE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** Piece of a model. */
export interface SentencePiece {
  /** Text, with U+2581 for a space. */
  readonly text: string;
  /** Score, a float32. */
  readonly score: number;
  /** Kind, of {@linkcode PIECE}. */
  readonly type: number;
}

/** Fields of a model that decide its tokens. */
export interface SentencePieceModel {
  /** Pieces by id. */
  readonly pieces: readonly SentencePiece[];
  /** Type of the model: 1 Unigram, 2 BPE, 3 words, 4 characters. */
  readonly modelType: number;
  /** Whether unknown characters become bytes. */
  readonly byteFallback: boolean;
  /** Whether a space is a word's end, not its beginning. */
  readonly isSuffix: boolean;
  /** Precompiled map; empty for none. */
  readonly charsmap: Uint8Array;
  /** Whether a space is put before the text. */
  readonly addsPrefix: boolean;
  /** Whether spaces at ends are removed, and several become one. */
  readonly removesSpaces: boolean;
  /** Whether spaces become U+2581. */
  readonly escapesSpaces: boolean;
}

/** Wire types of protobuf. */
const VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5;

/**
 * Decodes a model.
 *
 * @param bytes File.
 * @param name Name of the vocabulary.
 * @throws {OnpathError} `file` if the bytes are no model.
 */
export function decodeSentencePiece(bytes: Uint8Array, name: string): SentencePieceModel {
  const reader = protobuf.Reader.create(bytes);
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const pieces: SentencePiece[] = [];
  const model = {
    pieces,
    modelType: 1,
    byteFallback: false,
    isSuffix: false,
    charsmap: new Uint8Array(0),
    addsPrefix: true,
    removesSpaces: true,
    escapesSpaces: true,
  };
  try {
    readFields(reader, reader.len, {
      [field(1, LENGTH)]: () => {
        let text = "", score = 0, type: number = PIECE.normal;
        readFields(reader, endOf(reader), {
          [field(1, LENGTH)]: () => text = utf8.decode(reader.bytes()),
          [field(2, FIXED32)]: () => score = reader.float(),
          [field(3, VARINT)]: () => type = reader.uint32(),
        });
        pieces.push({ text, score, type });
      },
      [field(2, LENGTH)]: () =>
        readFields(reader, endOf(reader), {
          [field(3, VARINT)]: () => model.modelType = reader.uint32(),
          [field(24, VARINT)]: () => model.isSuffix = reader.bool(),
          [field(35, VARINT)]: () => model.byteFallback = reader.bool(),
        }),
      [field(3, LENGTH)]: () =>
        readFields(reader, endOf(reader), {
          [field(2, LENGTH)]: () => model.charsmap = Uint8Array.from(reader.bytes()),
          [field(3, VARINT)]: () => model.addsPrefix = reader.bool(),
          [field(4, VARINT)]: () => model.removesSpaces = reader.bool(),
          [field(5, VARINT)]: () => model.escapesSpaces = reader.bool(),
        }),
    });
  } catch (cause) {
    if (cause instanceof OnpathError) throw cause;
    throw malformed(name, `it breaks off or is malformed near byte ${reader.pos}`, cause);
  }
  if (pieces.length === 0) throw malformed(name, "it has no pieces");
  return model;
}

function malformed(name: string, why: string, cause?: unknown): OnpathError {
  return new OnpathError("file", `Cannot read the SentencePiece model "${name}": ${why}`, { name }, {
    cause,
  });
}

function field(number: number, wire: number): number {
  return number * 8 + wire;
}

function endOf(reader: protobuf.Reader): number {
  const length = reader.uint32();
  if (length > reader.len - reader.pos) throw new RangeError("a message breaks off");
  return reader.pos + length;
}

/** Reads fields up to an offset; unknown ones are skipped, and groups are refused. */
function readFields(
  reader: protobuf.Reader,
  end: number,
  known: Readonly<Record<number, () => void>>,
): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    const read = known[tag];
    if (read !== undefined) read();
    else if ([VARINT, FIXED64, LENGTH, FIXED32].includes(tag & 7)) reader.skipType(tag & 7);
    else throw new RangeError("a field has an unknown wire type");
  }
  if (reader.pos !== end) throw new RangeError("a message ends within a field");
}
