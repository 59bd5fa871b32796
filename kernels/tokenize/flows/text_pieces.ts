/**
 * Splits a text into stretches that are tokenized independently: between special tokens, and between cached
 * chunks.
 *
 * @module
 */

import { appendCached, type CachedChunk, type ChunkCache } from "../chunk_cache.ts";
import { placeInText, splitText, type TextPart } from "../text_parts.ts";
import { TokenRun } from "../../../serialize/text/token_run.ts";
import type { TokenizePlan } from "../plan/plan.ts";
import type { TokenFlow } from "./context.ts";

/** Result of tokenizing a text: ids, and the bytes that each stands for. */
export interface TextTokens {
  /** Token ids. */
  readonly ids: Uint32Array<ArrayBuffer>;
  /** By token: its start offset, in bytes of the well-formed text. Ids added around a text are empty. */
  readonly starts: Uint32Array<ArrayBuffer>;
  /** By token: its exclusive end offset. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

/** Chunk that was not in the cache. */
interface Missed {
  readonly from: number;
  readonly to: number;
  readonly hash: number;
}

/** A special token, or a stretch of text. */
export type TextPiece =
  | { readonly kind: "special"; readonly part: Extract<TextPart, { kind: "special" }> }
  | {
    readonly kind: "text";
    readonly part: Extract<TextPart, { kind: "text" }>;
    /** Offset of the stretch in the part's bytes. */
    readonly from: number;
    /** Flow that tokenizes the stretch, or its cached tokens. */
    readonly source: TokenFlow | TokenRun;
    /** Chunks of the stretch that are added to the cache afterwards. */
    readonly missed: readonly Missed[];
  };

/** A text split into pieces. */
export interface SplitText {
  /** Pieces in the order of the text. */
  readonly pieces: readonly TextPiece[];
  /** Length of the text, in bytes. */
  readonly length: number;
}

/**
 * Splits a text.
 *
 * @param plan Plan of the session.
 * @param text Well-formed UTF-8.
 * @param cache Cache of chunks, or null.
 * @param makeFlow Creates the flow of a stretch.
 * @returns The pieces.
 */
export function splitIntoPieces(
  plan: TokenizePlan,
  text: Uint8Array,
  cache: ChunkCache | null,
  makeFlow: (text: Uint8Array) => TokenFlow,
): SplitText {
  const pieces = splitText(plan.body, text).flatMap((part): TextPiece[] => {
    if (part.kind === "special") return [{ kind: "special", part }];
    if (cache !== null) return aroundKnown(part, cache, makeFlow);
    return [{ kind: "text", part, from: 0, source: makeFlow(part.bytes), missed: [] }];
  });
  return { pieces, length: text.length };
}

/** Each cached chunk is a piece; the chunks between two cached ones are one stretch. */
function aroundKnown(
  part: Extract<TextPart, { kind: "text" }>,
  cache: ChunkCache,
  makeFlow: (text: Uint8Array) => TokenFlow,
): TextPiece[] {
  const { bytes } = part;
  const pieces: TextPiece[] = [];
  let missed: Missed[] = [];
  const endStretch = (to: number) => {
    if (missed.length === 0) return;
    const { from } = missed[0]!;
    pieces.push({ kind: "text", part, from, source: makeFlow(bytes.subarray(from, to)), missed });
    missed = [];
  };
  for (let from = 0; from < bytes.length;) {
    const { end: to, hash } = cache.next(bytes, from, bytes.length);
    const known: CachedChunk | undefined = cache.find(bytes, from, to, hash);
    if (known === undefined) missed.push({ from, to, hash });
    else {
      endStretch(from);
      const run = new TokenRun(known.tokens.length);
      appendCached(run, known, 0);
      pieces.push({ kind: "text", part, from, source: run, missed });
    }
    from = to;
  }
  endStretch(bytes.length);
  return pieces;
}

/** Flows of the texts, in order. */
export function flowsOf(texts: readonly SplitText[]): TokenFlow[] {
  return texts.flatMap(({ pieces }) => pieces).flatMap((piece) =>
    piece.kind === "special" || piece.source instanceof TokenRun ? [] : [piece.source]
  );
}

function runOf(source: TokenFlow | TokenRun): TokenRun {
  return source instanceof TokenRun ? source : source.run;
}

/**
 * Adds the missed chunks of a text to a cache.
 *
 * @param text Text whose flows are complete.
 * @param cache Cache to add to.
 */
export function rememberChunks({ pieces }: SplitText, cache: ChunkCache): void {
  for (const piece of pieces) {
    if (piece.kind === "special") continue;
    const { part, from, missed } = piece;
    const run = runOf(piece.source);
    let first = 0;
    for (const chunk of missed) {
      // A chunk ends where a piece ends, so no token crosses its end.
      let last = first;
      while (last < run.count && run.ends[last]! <= chunk.to - from) last++;
      cache.put(part.bytes, chunk.from, chunk.to, chunk.hash, run, first, last, chunk.from - from);
      first = last;
    }
  }
}

/**
 * Joins the tokens of a text's pieces and the ids around it.
 *
 * @param plan Plan of the session.
 * @param text Text whose flows are complete.
 */
export function joinPieces(
  { body: { around: { before, after } } }: TokenizePlan,
  { pieces, length }: SplitText,
): TextTokens {
  const count = before.length + after.length +
    pieces.reduce((sum, piece) => sum + (piece.kind === "special" ? 1 : runOf(piece.source).count), 0);
  const ids = new Uint32Array(count), starts = new Uint32Array(count), ends = new Uint32Array(count);
  ids.set(before);
  let at = before.length;
  for (const piece of pieces) {
    if (piece.kind === "special") {
      ids[at] = piece.part.id;
      starts[at] = piece.part.from;
      ends[at++] = piece.part.to;
      continue;
    }
    const { part, from } = piece;
    const run = runOf(piece.source);
    const shift = part.from + from;
    for (let n = 0; n < run.count; n++, at++) {
      const end = run.ends[n]!, start = end - run.lengths[n]!;
      ids[at] = run.tokens[n]! >> 1;
      if (part.normalized === null) {
        starts[at] = shift + start;
        ends[at] = shift + end;
      } else [starts[at], ends[at]] = placeInText(part, from + start, from + end);
    }
  }
  ids.set(after, at);
  starts.fill(length, at);
  ends.fill(length, at);
  return { ids, starts, ends };
}
