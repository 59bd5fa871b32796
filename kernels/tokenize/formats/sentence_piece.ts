/**
 * SentencePiece's `.model`: Unigram, and BPE with byte fallback.
 *
 * @module
 */

import { kindOf, OnpathError } from "../../../serialize/errors.ts";
import { loadWith } from "../../tabular/optional.ts";
import { byteStrings } from "../compile/strings.ts";
import { mergesOfRanks } from "../compile/merges.ts";
import { checkName } from "../file/meta.ts";
import type { VocabularySource } from "../source.ts";
import type { SpecialToken, TextStep } from "../vocabulary.ts";
import { byteToken } from "./hf_models.ts";
import type { SentencePiece, SentencePieceModel } from "./sentence_piece_proto.ts";
import { unigramSource } from "./hf_unigram.ts";

/** Maximum bytes of a model (64 MiB). */
export const MAX_SENTENCE_PIECE_BYTES = 2 ** 26;

/** Kinds of a piece; `sentence_piece_proto.ts`, which is loaded on demand, has all. */
const NORMAL = 1, UNKNOWN = 2, CONTROL = 3, BYTE = 6;

/** Text that an unknown token decodes to. */
const UNKNOWN_TEXT = " \u2047 ";

const UTF8 = new TextEncoder();
const MARK = "\u2581";

/**
 * Reads a SentencePiece model. The ids are those of SentencePiece, without ids around a text.
 *
 * @param bytes File, at most 64 MiB.
 * @param name Name of the vocabulary.
 * @returns The vocabulary, not compiled.
 * @throws {OnpathError} `file` if the file is malformed, needs an unsupported feature, or the package protobufjs
 * is missing; `size` if it is too long. The message names the feature.
 *
 * @example
 * ```ts
 * import { readSentencePiece } from "onpath";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(readSentencePiece(Uint8Array.of(1, 2, 3), "mine"), /Cannot read the SentencePiece model "mine"/);
 * ```
 */
export async function readSentencePiece(bytes: Uint8Array, name: string): Promise<VocabularySource> {
  checkName(name);
  if (!(bytes instanceof Uint8Array)) {
    throw new OnpathError(
      "file",
      `Cannot read the SentencePiece model "${name}": it is ${kindOf(bytes)}, expected a Uint8Array`,
    );
  }
  if (bytes.length > MAX_SENTENCE_PIECE_BYTES) {
    throw new OnpathError(
      "size",
      `Cannot read a SentencePiece model of ${bytes.length} bytes: expected at most ${MAX_SENTENCE_PIECE_BYTES}`,
      { bytes: bytes.length, most: MAX_SENTENCE_PIECE_BYTES },
    );
  }
  const { decodeSentencePiece } = await loadWith("protobufjs", () => import("./sentence_piece_proto.ts"));
  const model = decodeSentencePiece(bytes, name);
  checkFeatures(model, name);
  const { pieces } = model;
  const special = pieces.flatMap(({ text, type }, id): SpecialToken[] =>
    type === CONTROL && text !== "" ? [{ text, id }] : []
  );
  return {
    name,
    model: model.modelType === 1
      ? { algorithm: "unigram", unigram: unigramOf(model) }
      : { algorithm: "bpe", bpe: await bpeOf(model, name) },
    normalization: stepsOf(model),
    splitting: { kind: "whole" },
    decoded: {
      strings: byteStrings(pieces.map(decodedPiece)),
      ids: Int32Array.from(pieces.keys()),
    },
    decoding: { kind: "bytes", leadingSpaces: model.addsPrefix || model.removesSpaces ? 1 : 0 },
    special,
    around: { before: [], after: [] },
  };
}

function decodedPiece({ text, type }: SentencePiece): Uint8Array {
  if (type === UNKNOWN) return UTF8.encode(UNKNOWN_TEXT);
  return type === BYTE ? byteToken(text)! : UTF8.encode(text.replaceAll(MARK, " "));
}

/** Refuses what is not reproduced, by name. */
function checkFeatures(model: SentencePieceModel, name: string): void {
  const { pieces, modelType } = model;
  const has = (kind: number) => pieces.some(({ type }) => type === kind);
  const what = modelType !== 1 && modelType !== 2
    ? `model type ${modelType}`
    : modelType === 2 && !model.byteFallback
    ? "BPE without byte fallback"
    : model.isSuffix
    ? "white space as a suffix"
    : !model.escapesSpaces
    ? "white space that is not escaped"
    : has(4)
    ? "a user-defined piece"
    : has(5)
    ? "an unused piece"
    : pieces.some(({ type }) => type < 1 || type > 6)
    ? "a piece of an unknown type"
    : pieces.some(({ text, type }) => type === BYTE && byteToken(text) === null)
    ? "a byte piece without a byte"
    : pieces.filter(({ type }) => type === UNKNOWN).length !== 1
    ? "other than one unknown piece"
    : pieces.some(({ text, type }) => text === "" && type === NORMAL)
    ? "an empty piece"
    : null;
  if (what === null) return;
  throw new OnpathError("file", `Cannot read the SentencePiece model "${name}": ${what} is not supported`, {
    name,
    what,
  });
}

/** Normalisation: the map, spaces at ends and in rows, the prefix, and the mark of spaces. */
function stepsOf({ charsmap, removesSpaces, addsPrefix }: SentencePieceModel): TextStep[] {
  const steps: TextStep[] = [];
  if (charsmap.length > 0) {
    const map = btoa(Array.from(charsmap, (byte) => String.fromCharCode(byte)).join(""));
    steps.push({ op: "charsmap", map, rule: "longest" });
  }
  if (removesSpaces) {
    steps.push({ op: "strip", side: "left", of: " " }, { op: "squeeze", of: " ", to: " " });
  }
  if (addsPrefix) steps.push({ op: "prepend", text: MARK });
  steps.push({ op: "replace", from: " ", to: MARK });
  // SentencePiece removes marks of the text itself at its end too.
  if (removesSpaces) steps.push({ op: "strip", side: "right", of: MARK });
  return steps;
}

function byteTokens(pieces: readonly SentencePiece[]): Int32Array {
  const fallback = new Int32Array(256).fill(-1);
  pieces.forEach(({ text, type }, id) => {
    if (type === BYTE) fallback[byteToken(text)![0]!] = id;
  });
  return fallback;
}

function unigramOf({ pieces, byteFallback }: SentencePieceModel) {
  const vocab = pieces.map(({ text, score, type }) => [type === NORMAL ? text : "", score] as const);
  const unknown = pieces.findIndex(({ type }) => type === UNKNOWN);
  const source = unigramSource(vocab, unknown, false);
  const lowest = pieces.reduce(
    (least, { score, type }) => type === NORMAL ? Math.min(least, score) : least,
    Infinity,
  );
  return {
    ...source,
    lowest: Number.isFinite(lowest) ? lowest : 0,
    isSingle: true as const,
    ...(byteFallback && { fallback: byteTokens(pieces) }),
  };
}

/** BPE: two pieces merge if their joined text is a piece, the one of the highest score first. */
async function bpeOf({ pieces }: SentencePieceModel, name: string) {
  const ids = Array.from(pieces.keys()).filter((id) => pieces[id]!.type === NORMAL);
  ids.sort((a, b) => pieces[b]!.score - pieces[a]!.score);
  const twin = ids.findIndex((id, at) =>
    at > 0 && pieces[id]!.score === pieces[ids[at - 1]!]!.score && Array.from(pieces[id]!.text).length > 1
  );
  if (twin >= 0) {
    throw new OnpathError(
      "file",
      `Cannot read the SentencePiece model "${name}": pieces ${ids[twin - 1]} and ${
        ids[twin]
      } have one score`,
      { name, ids: [ids[twin - 1], ids[twin]] },
    );
  }
  const texts = ids.map((id) => UTF8.encode(pieces[id]!.text));
  const merges = await mergesOfRanks(byteStrings(texts));
  const bytes = byteTokens(pieces);
  const missing = bytes.indexOf(-1);
  if (missing >= 0) {
    throw new OnpathError(
      "file",
      `Cannot read the SentencePiece model "${name}": byte ${missing} has no piece`,
      {
        name,
        byte: missing,
      },
    );
  }
  const units = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  return {
    strings: byteStrings([...texts, ...units]),
    ids: Int32Array.from([...ids, ...bytes]),
    merges,
    units: "characters" as const,
    fallback: Int32Array.from({ length: 256 }, (_, byte) => texts.length + byte),
    wholeFirst: false,
  };
}
