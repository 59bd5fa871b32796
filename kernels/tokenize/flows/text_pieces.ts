/**
 * A text as the stretches that are tokenized one by one: between special tokens, and around chunks that a cache has.
 *
 * @module
 */

import { appendCached, type CachedChunk, type ChunkCache } from "../chunk_cache.ts";
import { placeInText, splitText, type TextPart } from "../text_parts.ts";
import { TokenRun } from "../../../serialize/text/token_run.ts";
import type { TokenizePlan } from "../plan/plan.ts";
import type { TokenFlow } from "./context.ts";

/** What a text becomes: ids, and the places that they stand for. */
export interface TextTokens {
  /** Their ids. */
  readonly ids: Uint32Array<ArrayBuffer>;
  /** Where each begins, in bytes of the well-formed text. Ids put around a text are empty places. */
  readonly starts: Uint32Array<ArrayBuffer>;
  /** Where each ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

/** A chunk that the cache lacked. */
interface Missed {
  readonly from: number;
  readonly to: number;
  readonly hash: number;
}

/** A special token, or a stretch of text. */
type TextPiece =
  | { readonly kind: "special"; readonly part: Extract<TextPart, { kind: "special" }> }
  | {
    readonly kind: "text";
    readonly part: Extract<TextPart, { kind: "text" }>;
    /** Where the stretch begins in the part's bytes. */
    readonly from: number;
    /** What a device makes of it, or what is known. */
    readonly source: TokenFlow | TokenRun;
    /** Its chunks, where the cache is to have them. */
    readonly missed: readonly Missed[];
  };

/** A text in pieces. */
export interface SplitText {
  /** The pieces in order. */
  readonly pieces: readonly TextPiece[];
  /** Bytes of the text. */
  readonly length: number;
}

/**
 * Splits a text.
 *
 * @param plan The plan.
 * @param text Well-formed UTF-8.
 * @param cache Chunks that are known, or null.
 * @param makeFlow Makes what tokenizes a stretch.
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

/** Chunks that are known stand for themselves; those between them are a stretch together. */
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

/** The jobs of texts, in order. */
export function flowsOf(texts: readonly SplitText[]): TokenFlow[] {
  return texts.flatMap(({ pieces }) => pieces).flatMap((piece) =>
    piece.kind === "special" || piece.source instanceof TokenRun ? [] : [piece.source]
  );
}

function runOf(source: TokenFlow | TokenRun): TokenRun {
  return source instanceof TokenRun ? source : source.run;
}

/**
 * Gives a cache the chunks that it lacked.
 *
 * @param text A text whose jobs are done.
 * @param cache The cache.
 */
export function rememberChunks({ pieces }: SplitText, cache: ChunkCache): void {
  for (const piece of pieces) {
    if (piece.kind === "special") continue;
    const { part, from, missed } = piece;
    const run = runOf(piece.source);
    let first = 0;
    for (const chunk of missed) {
      // A chunk ends where a piece does, so none of its tokens reaches beyond.
      let last = first;
      while (last < run.count && run.ends[last]! <= chunk.to - from) last++;
      cache.put(part.bytes, chunk.from, chunk.to, chunk.hash, run, first, last, chunk.from - from);
      first = last;
    }
  }
}

/**
 * The tokens of a text, of its pieces and what is put around it.
 *
 * @param plan The plan.
 * @param text A text whose jobs are done.
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
