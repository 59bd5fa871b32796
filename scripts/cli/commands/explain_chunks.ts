/**
 * What became of the chunks of a text, as people read it: the overlap in brackets, and the tokens that are removed.
 *
 * @module
 */

import type { MergedChunk } from "../../../serialize/text/chunk_merge.ts";

/** A chunk that was put in its place. Plain data. */
export interface ChunkRow {
  /** Its number. */
  readonly chunk: number;
  /** Its bytes of the text. */
  readonly bytes: readonly [from: number, to: number];
  /** Its text: what the chunk before holds too, and what is new. */
  readonly text: { readonly overlap: string; readonly rest: string };
  /** Byte from which it is taken; −1 where it shares no boundary with what there is, or adds nothing. */
  readonly seam: number;
  /** Its tokens in order. */
  readonly tokens: readonly {
    readonly id: number;
    readonly text: string;
    readonly removed: RemovedWhy | null;
  }[];
}

/** Why a token is removed: it came before, or the chunk's end may have made it. */
export type RemovedWhy = "twice" | "unconfirmed";

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Keeps what is to be seen of a chunk; its tokens hold only until the next one.
 *
 * @param text The text.
 * @param merged What became of the chunk.
 * @param before Where the chunk before ends.
 */
export function chunkRow(
  text: Uint8Array,
  { chunk, from, to, run, confirmed, seam, kept }: MergedChunk,
  before: number,
): ChunkRow {
  const shared = Math.max(from, Math.min(to, before));
  const slice = (start: number, end: number) => utf8.decode(text.subarray(start, end));
  return {
    chunk,
    bytes: [from, to],
    text: { overlap: slice(from, shared), rest: slice(shared, to) },
    seam,
    tokens: Array.from({ length: run.count }, (_, n) => ({
      id: run.tokens[n]! >> 1,
      text: slice(run.ends[n]! - run.lengths[n]!, run.ends[n]!),
      removed: n >= confirmed ? "unconfirmed" : n < kept[0] ? "twice" : null,
    })),
  };
}

/**
 * Chunks in lines: `[overlap]rest`, then the tokens; those in parentheses are removed, `~` marks those that the
 * chunk's end may have made.
 *
 * @param rows The chunks in order.
 */
export function chunksText(rows: readonly ChunkRow[]): string {
  return rows.map(({ chunk, text, tokens, seam, bytes: [from, to] }) => {
    const overlap = text.overlap === "" ? "" : `[${shown(text.overlap)}]`;
    const list = tokens.map(({ text, removed }) =>
      removed === null ? shown(text) : removed === "twice" ? `(${shown(text)})` : `(~${shown(text)})`
    );
    const taken = seam < 0 ? "nothing is taken" : `taken from byte ${seam}`;
    return `chunk ${chunk}, bytes ${from} to ${to}, ${taken}\n  ${overlap}${shown(text.rest)}\n  ${
      list.length === 0 ? "no tokens: no piece ends here" : list.join(" | ")
    }\n`;
  }).join("");
}

/** Text on one line. */
function shown(text: string): string {
  return JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
}
