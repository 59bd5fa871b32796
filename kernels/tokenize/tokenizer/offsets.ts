/**
 * Tokens of a text with their places in it.
 *
 * @module
 */

import { Compatibility } from "../compatible.ts";
import { TextFlow } from "../flow.ts";
import { engineTables } from "../tables.ts";
import { placeInText, splitText, type TextPart, wellFormed } from "../text_parts.ts";
import type { SpecialToken, Vocabulary } from "../vocabulary.ts";

/** Unit of offsets: bytes of UTF-8, units of UTF-16 as in JavaScript's strings, or code points as in Python's. */
export type OffsetUnit = "utf8" | "utf16" | "points";

/** Tokens of a text. */
export interface PlacedTokens {
  /** Ids of the tokens. */
  readonly ids: Uint32Array;
  /** By token: offset of its first character. A character split into several tokens belongs to each of them. */
  readonly starts: Uint32Array;
  /** By token: exclusive end. */
  readonly ends: Uint32Array;
}

/** Tokenizes a text with offsets; `special` lists the tokens that become their ids. */
export type PlaceTokens = (
  text: string | Uint8Array,
  special: readonly SpecialToken[],
  unit: OffsetUnit,
) => PlacedTokens;

/**
 * Creates a function that tokenizes texts with offsets.
 *
 * @param vocabulary Compiled vocabulary.
 * @returns The function. Its ids equal those of `createEncoder()`; its offsets refer to the text as given, before
 * normalisation.
 */
export function createPlacer(vocabulary: Vocabulary): PlaceTokens {
  const counts = { automaton: 0, candidates: 0, pairs: 0, points: 0 };
  const compatibility = vocabulary.bpe === null ? null : new Compatibility(vocabulary.bpe);
  const flow = new TextFlow(engineTables(vocabulary), counts, compatibility, Infinity);
  const { normalization } = vocabulary;
  const trim = vocabulary.templates?.trim ?? "none";
  return (text, special, unit) => {
    const utf8 = wellFormed(text);
    const ids: number[] = [], starts: number[] = [], ends: number[] = [];
    for (const part of splitText({ special, normalization }, utf8)) {
      if (part.kind === "special") {
        ids.push(part.id);
        starts.push(part.from);
        ends.push(part.to);
        continue;
      }
      const { list } = flow;
      flow.restart();
      flow.take(part.bytes, 0, part.bytes.length);
      flow.end();
      let end = 0;
      for (let n = 0; n < list.count; n++) {
        const start = end + list.gaps[n]!;
        end = start + list.lengths[n]!;
        ids.push(list.tokens[n]! >> 1);
        const [from, to] = trim === "none"
          ? placeInText(part, start, end)
          : placeTrimmed(part, start, end, trim === "first");
        starts.push(from);
        ends.push(to);
      }
      list.count = 0;
    }
    const placed = {
      ids: Uint32Array.from(ids),
      starts: Uint32Array.from(starts),
      ends: Uint32Array.from(ends),
    };
    if (unit !== "utf8") convert(utf8, placed, unit === "utf16");
    return placed;
  };
}

/**
 * Places a token without the spaces at both ends, as tokenizers' `trim_offsets`. If `keepsFirst`, the space at
 * the beginning of the text counts as text. A token of spaces alone is empty.
 */
function placeTrimmed(
  part: Extract<TextPart, { kind: "text" }>,
  start: number,
  end: number,
  keepsFirst: boolean,
): readonly [number, number] {
  const { bytes } = part;
  let [from, to] = [start, end];
  while (from < end && bytes[from] === 32) from++;
  if (keepsFirst && part.from === 0 && start === 0 && from > start) from--;
  while (to > from && bytes[to - 1] === 32) to--;
  if (from < to) return placeInText(part, from, to);
  const [first, last] = placeInText(part, start, end);
  const at = from === end ? last : first;
  return [at, at];
}

/** Converts offsets of bytes: a start is rounded down to a character, an end up. */
function convert(utf8: Uint8Array, { starts, ends }: PlacedTokens, isUtf16: boolean): void {
  const isContinued = (at: number) => at < utf8.length && (utf8[at]! & 0xc0) === 0x80;
  const before = new Uint32Array(utf8.length + 1);
  let count = 0;
  for (let at = 0; at < utf8.length; at++) {
    before[at] = count;
    if (!isContinued(at + 1)) {
      // A character of four bytes is two units of UTF-16.
      let first = at;
      while (isContinued(first)) first--;
      const units = isUtf16 && at - first === 3 ? 2 : 1;
      count += units;
    }
  }
  before[utf8.length] = count;
  for (let n = 0; n < starts.length; n++) {
    let end = ends[n]!;
    while (isContinued(end)) end++;
    starts[n] = before[starts[n]!]!;
    ends[n] = before[end]!;
  }
}
