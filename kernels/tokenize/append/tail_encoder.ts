/**
 * Tokenizing of a text's end: its ids, and the last place behind which an addition can be tokenized alone.
 *
 * @module
 */

import { normalizeText } from "../../text_normalize/reference.ts";
import { Compatibility } from "../compatible.ts";
import { TextFlow } from "../flow.ts";
import { createSplitter } from "../special_strip.ts";
import { engineTables } from "../tables.ts";
import { textEngine } from "../text_engine.ts";
import type { SpecialToken, Vocabulary } from "../vocabulary.ts";
import { joined, WholeText } from "../whole_text.ts";
import { continuedSteps, type SafeCuts, safeCuts } from "./safe_cut.ts";

/** Ids of bytes behind a cut, and the cut to take next. */
interface EncodedTail {
  readonly ids: Uint32Array;
  /** Offset of the next cut; 0 if it stays. */
  readonly cut: number;
  /** Whether the text at that cut continues a part. */
  readonly isContinued: boolean;
}

/** Tokenizes the ends of texts. */
export type TailEncoder = ReturnType<typeof tailEncoder>;

/**
 * Creates what tokenizes a tail, and finds its last cut.
 *
 * @param vocabulary Compiled vocabulary.
 * @param tokens Special tokens that are recognised.
 */
export function tailEncoder(vocabulary: Vocabulary, tokens: readonly SpecialToken[]) {
  const encodePart = partEncoder(vocabulary);
  const cuts = safeCuts(vocabulary);
  const strips = new Set(
    tokens.filter(({ strip }) => strip === "right" || strip === "both").map(({ id }) => id),
  );
  return {
    /** Ids of a tail. */
    encode: (tail: Uint8Array, isContinued: boolean): EncodedTail => {
      const { parts, sure } = splitTail(tokens, tail);
      const lists: Uint32Array[] = [];
      let cut = 0, isCutContinued = isContinued;
      const lengths: { list: Int32Array } = { list: NO_LENGTHS };
      for (const { id, from, to } of parts) {
        if (id !== null) {
          lists.push(Uint32Array.of(id));
          if (to <= sure && !strips.has(id)) [cut, isCutContinued] = [to, false];
          continue;
        }
        const goesOn = from === 0 && isContinued;
        lists.push(encodePart(tail.subarray(from, to), goesOn, lengths));
        const found = lastIn(cuts, tail, from, Math.min(to, sure), goesOn, lengths.list);
        if (found > from) [cut, isCutContinued] = [found, true];
      }
      return { ids: lists.length === 1 ? lists[0]! : joined(lists), cut, isContinued: isCutContinued };
    },
    /** Offset of the last cut of a text whose ids are not needed. */
    cutOf: (text: Uint8Array): { readonly cut: number; readonly isContinued: boolean } => {
      const { parts, sure } = splitTail(tokens, text);
      let cut = 0, isContinued = false;
      for (const { id, from, to } of parts) {
        if (id !== null && to <= sure && !strips.has(id)) [cut, isContinued] = [to, false];
        if (id !== null) continue;
        const found = cuts.last(text, from, Math.min(to, sure));
        if (found > from) [cut, isContinued] = [found, true];
      }
      return { cut, isContinued };
    },
  };
}

function lastIn(
  cuts: SafeCuts,
  tail: Uint8Array,
  from: number,
  to: number,
  isContinued: boolean,
  lengths: Int32Array,
): number {
  const found = cuts.last(tail, from, to);
  const byTokens = cuts.byTokens(tail, from, to, isContinued, lengths);
  return Math.max(found, byTokens);
}

const NO_LENGTHS = new Int32Array(0);

/** Splits a tail at special tokens. Those that end behind `sure` may yet become others. */
function splitTail(tokens: readonly SpecialToken[], tail: Uint8Array) {
  const parts: { id: number | null; from: number; to: number }[] = [];
  let begun = 0, at = 0;
  const put = () => {
    if (at > begun) parts.push({ id: null, from: begun, to: at });
  };
  const splitter = createSplitter(tokens, {
    text: (_, from, to) => at += to - from,
    special: (id, length) => {
      put();
      parts.push({ id, from: at, to: at + length });
      begun = at += length;
    },
  });
  if (splitter === null) at = tail.length;
  splitter?.take(tail, 0, tail.length);
  const sure = at;
  splitter?.end();
  put();
  return { parts, sure };
}

/** Returns a function that tokenizes text between special tokens, and reports the tokens' lengths if it knows them. */
function partEncoder(vocabulary: Vocabulary) {
  const { normalization } = vocabulary;
  const continued = continuedSteps(normalization);
  const tables = engineTables(vocabulary), engine = textEngine(tables);
  const counts = { automaton: 0, candidates: 0, pairs: 0, points: 0 };
  const compatibility = vocabulary.bpe === null ? null : new Compatibility(vocabulary.bpe);
  const whole = engine === null ? null : new WholeText(engine, tables, counts, compatibility);
  const flow = engine === null ? new TextFlow(tables, counts, compatibility, Infinity, null) : null;
  return (text: Uint8Array, isContinued: boolean, lengths: { list: Int32Array }): Uint32Array => {
    const normalized = normalization.length === 0
      ? null
      : normalizeText(strict.decode(text), isContinued ? continued : normalization);
    if (whole !== null) return normalized === null ? whole.utf8(text) : whole.string(normalized);
    const bytes = normalized === null ? text : utf8.encode(normalized);
    const { list } = flow!;
    flow!.take(bytes, 0, bytes.length);
    flow!.end();
    const ids = Uint32Array.from(list.tokens.subarray(0, list.count), (token) => token >> 1);
    lengths.list = list.lengths.slice(0, list.count);
    list.count = 0;
    flow!.restart();
    return ids;
  };
}

const utf8 = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
