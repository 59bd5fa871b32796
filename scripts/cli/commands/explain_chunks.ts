/**
 * Chunks of a text for readers: the overlap in brackets, and the removed tokens.
 *
 * @module
 */

import type { MergedChunk } from "../../../serialize/text/chunk_merge.ts";

/** Merged chunk. Plain data. */
export interface ChunkRow {
  /** Number of the chunk, from 0. */
  readonly chunk: number;
  /** Range of bytes in the text; `to` is exclusive. */
  readonly bytes: readonly [from: number, to: number];
  /** Text shared with the chunk before, and the new text. */
  readonly text: { readonly overlap: string; readonly rest: string };
  /** Byte from which tokens are kept; −1 if the chunk shares no boundary with those so far, or adds none. */
  readonly seam: number;
  /** Tokens in order. */
  readonly tokens: readonly {
    readonly id: number;
    readonly text: string;
    readonly removed: RemovedWhy | null;
  }[];
}

/** Reason for the removal of a token: it is repeated, or the end of the chunk may have caused it. */
export type RemovedWhy = "twice" | "unconfirmed";

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Copies a merged chunk, because its tokens are valid only until the next chunk.
 *
 * @param text UTF-8 of the whole text.
 * @param merged Chunk with its tokens.
 * @param before End of the chunk before, in bytes.
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
 * Formats chunks: `[overlap]rest`, then the tokens. Removed tokens are in parentheses; `~` marks those that the
 * end of the chunk may have caused.
 *
 * @param rows Chunks in order.
 */
export function chunksText(rows: readonly ChunkRow[]): string {
  return rows.map(({ chunk, text, tokens, seam, bytes: [from, to] }) => {
    const overlap = text.overlap === "" ? "" : `[${shown(text.overlap)}]`;
    const list = tokens.map(({ text, removed }) =>
      removed === null ? shown(text) : removed === "twice" ? `(${shown(text)})` : `(~${shown(text)})`
    );
    const taken = seam < 0 ? "no token is kept" : `kept from byte ${seam}`;
    return `chunk ${chunk}, bytes ${from} to ${to}, ${taken}\n  ${overlap}${shown(text.rest)}\n  ${
      list.length === 0 ? "no tokens: no piece ends here" : list.join(" | ")
    }\n`;
  }).join("");
}

/** Escapes line breaks and control characters. */
function shown(text: string): string {
  return JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
}
