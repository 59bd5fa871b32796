/**
 * Models of a tokenizer.json: BPE over bytes, BPE over characters with a byte fallback, and WordPiece.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { excerpt } from "../../../serialize/excerpt.ts";
import { parseWith } from "../../schema.ts";
import type { BpeSource } from "../compile/bpe.ts";
import type { MergeList } from "../compile/merges.ts";
import { byteStrings } from "../compile/strings.ts";
import type { WordPieceSource } from "../source.ts";
import { fromByteLevel } from "./byte_level.ts";
import { BPE_MODEL, WORDPIECE_MODEL } from "./hf_schema.ts";

const UTF8 = new TextEncoder();

/**
 * Reads a BPE model.
 *
 * @param json `model` of the file.
 * @param byteLevel True if its tokens are written in the byte-level alphabet.
 * @param name Name of the vocabulary.
 * @returns Tokens and merges.
 * @throws {OnpathError} `file` if the model is malformed or uses an unsupported feature; the message names
 * it.
 */
export function readBpeModel(json: unknown, byteLevel: boolean, name: string): BpeSource {
  const model = parseWith(BPE_MODEL, json, "file", `model of "${name}"`);
  const refuse = (what: string) =>
    new OnpathError("file", `Cannot read model of "${name}": ${what} is not supported`, { name, what });
  if (model.dropout) throw refuse(`dropout ${model.dropout}`);
  if (model.continuing_subword_prefix) {
    throw refuse(`BPE with prefix "${excerpt(model.continuing_subword_prefix)}"`);
  }
  if (model.end_of_word_suffix) throw refuse(`BPE with suffix "${excerpt(model.end_of_word_suffix)}"`);
  if (byteLevel && model.byte_fallback) throw refuse("byte fallback below a byte-level pre-tokenizer");
  if (!byteLevel && !model.byte_fallback) throw refuse("BPE over characters without byte fallback");

  const texts: string[] = [];
  const bytes: Uint8Array[] = [];
  const ids: number[] = [];
  const placeOf = new Map<string, number>();
  for (const [text, id] of Object.entries(model.vocab)) {
    // A text outside the alphabet has no bytes, so only a special token can produce it.
    const token = byteLevel ? fromByteLevel(text) : byteToken(text) ?? UTF8.encode(text);
    if (token === null || token.length === 0) continue;
    placeOf.set(text, bytes.length);
    texts.push(text);
    bytes.push(token);
    ids.push(id);
  }
  const bpe = {
    strings: byteStrings(bytes),
    ids: Int32Array.from(ids),
    merges: readMerges(model.merges, placeOf, name),
    wholeFirst: model.ignore_merges ?? false,
  };
  if (byteLevel) return { ...bpe, units: "bytes" };
  const fallback = Int32Array.from({ length: 256 }, (_, byte) => placeOf.get(byteName(byte)) ?? -1);
  // A byte needs no token if its character has one: then nothing falls back to it.
  const missing = fallback.findIndex((token, byte) =>
    token < 0 && (byte >= 0x80 || !placeOf.has(String.fromCharCode(byte)))
  );
  if (missing >= 0) throw refuse(`byte fallback without the token ${byteName(missing)}`);
  const isByte = new Set(fallback.filter((token) => token >= 0));
  const merges = bpe.merges;
  for (let merge = 0; merge < merges.made.length; merge++) {
    if (isByte.has(merges.left[merge]!) || isByte.has(merges.right[merge]!)) {
      throw refuse(`merge ${merge} of a token that stands for a byte`);
    }
  }
  return { ...bpe, units: "characters", fallback };
}

/** SentencePiece's notation for a byte, such as `<0x0A>`. */
function byteName(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
}

/**
 * Decodes a token of the form `<0x0A>`.
 *
 * @param text Token text.
 * @returns One byte, or null for any other token.
 */
export function byteToken(text: string): Uint8Array | null {
  return /^<0x[0-9A-F]{2}>$/.test(text) ? Uint8Array.of(Number.parseInt(text.slice(3, 5), 16)) : null;
}

function readMerges(
  merges: readonly (string | readonly [string, string])[],
  placeOf: ReadonlyMap<string, number>,
  name: string,
): MergeList {
  const list = {
    left: new Int32Array(merges.length),
    right: new Int32Array(merges.length),
    made: new Int32Array(merges.length),
  };
  for (let rank = 0; rank < merges.length; rank++) {
    const merge = merges[rank]!;
    const [left, right, more] = typeof merge === "string" ? merge.split(" ", 3) : merge;
    const places = [left, right, `${left}${right}`].map((text) => placeOf.get(text ?? ""));
    if (more !== undefined || places.includes(undefined)) {
      throw new OnpathError(
        "file",
        `Cannot read model of "${name}": merge ${rank}, ${
          excerpt(JSON.stringify(merge))
        }, does not join two known tokens into a third`,
        { name, merge: rank },
      );
    }
    [list.left[rank], list.right[rank], list.made[rank]] = places as [number, number, number];
  }
  return list;
}

/**
 * Reads a WordPiece model.
 *
 * @param json `model` of the file.
 * @param name Name of the vocabulary.
 * @returns Tokens of the model.
 * @throws {OnpathError} `file` if the model is malformed.
 */
export function readWordPieceModel(json: unknown, name: string): WordPieceSource {
  const model = parseWith(WORDPIECE_MODEL, json, "file", `model of "${name}"`);
  const unknown = Object.hasOwn(model.vocab, model.unk_token) ? model.vocab[model.unk_token] : undefined;
  if (unknown === undefined || model.continuing_subword_prefix === "") {
    throw new OnpathError(
      "file",
      `Cannot read model of "${name}": ${
        unknown === undefined
          ? `unknown token "${excerpt(model.unk_token)}" has no id`
          : "the prefix inside words is empty"
      }`,
      { name },
    );
  }
  const entries = Object.entries(model.vocab).filter(([text]) => text !== "");
  return {
    strings: byteStrings(entries.map(([text]) => UTF8.encode(text))),
    ids: Int32Array.from(entries, ([, id]) => id),
    prefix: model.continuing_subword_prefix,
    unknown,
    maxCharacters: model.max_input_chars_per_word,
  };
}
