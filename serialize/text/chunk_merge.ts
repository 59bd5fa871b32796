/**
 * Merge of overlapping chunks of a text. Each chunk is tokenized separately; duplicate tokens are removed.
 *
 * The patterns that cut texts into pieces look ahead and never back. Two runs with a piece boundary at the
 * same byte are therefore equal from there on.
 * A boundary is *confirmed* when the match that made it depended on following bytes, not on the chunk's end.
 *
 * Proof by induction over chunks: the run so far equals that of the whole text up to a boundary B. A chunk
 * that shares a confirmed boundary p with the run is correct from p on. So its tokens between B and its last
 * confirmed boundary are appended.
 * If no boundary is shared, nothing is guessed: the text from B on is tokenized again.
 *
 * @module
 */

import { newHeader } from "../header.ts";
import type { PacketSlots } from "../packets.ts";
import { chunkCount, chunkEnd, isChunkStart, type TextCut } from "./cut.ts";
import type { TokenOutcome } from "./flow_append.ts";
import { newTokenCarry, readTokenPacket, TOKEN_FLAG, unpackTokens } from "./token_packet.ts";
import { TokenRun } from "./token_run.ts";

/** Text to merge, and how it was cut. */
export interface MergedText {
  /** Length of the text in bytes. */
  readonly length: number;
  /** Cut of the text into chunks. */
  readonly cut: TextCut;
  /** Flow number that answers must carry. */
  readonly flow: number;
  /** Plan id that answers must carry. */
  readonly plan: number;
  /** Bytes of text of each token id; 0 if the id does not exist. */
  readonly lengthOf: Int32Array;
  /** Whether tokens cover all bytes of a text. A last answer that covers fewer is then incomplete. */
  readonly covers: boolean;
  /** Run that receives the tokens, replacing its contents. By default a new run. */
  readonly run?: TokenRun | undefined;
  /** Callback with the outcome of each chunk. */
  readonly onChunk?: ((merged: MergedChunk) => void) | undefined;
}

/** Outcome of one merged chunk. */
export interface MergedChunk {
  /** Chunk number, from 0. */
  readonly chunk: number;
  /** Offset of its first byte in the text. */
  readonly from: number;
  /** Offset behind its last byte. */
  readonly to: number;
  /** Tokens of the chunk; valid until the next callback. */
  readonly run: TokenRun;
  /** Number of tokens up to its last confirmed boundary. */
  readonly confirmed: number;
  /** Boundary shared with the preceding chunks, as a byte offset; −1 if absent. */
  readonly seam: number;
  /** Tokens that were appended: first index, and index behind the last. */
  readonly kept: readonly [from: number, to: number];
}

/** Merges the chunks of one text. */
export class ChunkMerge {
  /** Tokens of the text up to {@linkcode ChunkMerge.boundary}. They are final. */
  readonly run: TokenRun;
  /** Byte offset up to which the text is complete. */
  boundary = 0;
  /** Tokens that arrived but were dropped: duplicates and unconfirmed ones. */
  removed = 0;
  /** Chunks that shared no boundary with the preceding ones. */
  unshared = 0;
  /** Number of the next expected chunk. */
  next = 0;
  readonly #merged: MergedText;
  readonly #chunks: number;
  // Chunks that arrived early, completely or in part.
  readonly #waiting = new Map<number, Waiting>();
  readonly #free: Waiting[] = [];
  #tried = -1;

  /**
   * Starts a text.
   *
   * @param merged Text and its cut.
   */
  constructor(merged: MergedText) {
    this.#merged = merged;
    // Four bytes a token are typical. A denser text grows the run.
    this.run = merged.run ?? new TokenRun(16 + (merged.length >> 2));
    this.run.count = 0;
    this.#chunks = chunkCount(merged.length, merged.cut);
  }

  /** Whether the whole text is complete. */
  get done(): boolean {
    return this.boundary >= this.#merged.length;
  }

  /**
   * Whether the text from the boundary on must be tokenized again. Either the next chunk has arrived and shares
   * no boundary, or no chunk is left.
   */
  get stuck(): boolean {
    return !this.done && (this.next === this.#chunks || this.#tried === this.next);
  }

  /**
   * Returns whether a chunk is still needed: it has not arrived, and the text that it covers is incomplete.
   */
  needs(chunk: number): boolean {
    const waiting = this.#waiting.get(chunk);
    return chunk >= this.next && !(waiting?.whole ?? false) &&
      chunkEnd(this.#merged.length, this.#merged.cut, chunk) > this.boundary;
  }

  /**
   * Processes the packet in a slot.
   *
   * @param slots Slots to read from.
   * @param slot Slot number, from 0.
   * @returns Outcome of the packet.
   */
  accept(slots: PacketSlots, slot: number): TokenOutcome {
    const refusal = readTokenPacket(slots, slot, header, carry);
    if (refusal !== null) return refusal;
    const { flow, plan, length, cut, lengthOf, covers } = this.#merged;
    const chunk = header.sequence;
    if (header.flow !== flow || header.plan !== plan || header.packets !== this.#chunks) return "flow";
    if (chunk < this.next) return "duplicate";
    let waiting = this.#waiting.get(chunk);
    if (waiting === undefined) {
      // Only the sender has the text. The first part defines where the chunk begins, up to 3 bytes before its
      // nominal start.
      if (carry.part !== 0 || !isChunkStart(cut, chunk, header.position)) return "place";
      waiting = this.#free.pop() ?? newWaiting();
      beginWaiting(waiting, header.position);
      this.#waiting.set(chunk, waiting);
    }
    if (waiting.whole || carry.part < waiting.parts) return "duplicate";
    // Parts of a chunk arrive in order; otherwise the chunk is requested again.
    if (carry.part > waiting.parts || header.position !== waiting.end) return "place";
    // The text is well-formed UTF-8. A chunk that starts inside a character is unusable, whatever its tokens
    // seem to cover.
    if ((carry.flags & TOKEN_FLAG.replaced) !== 0) waiting.spoiled = true;
    const { count } = waiting.run;
    const end = unpackTokens(slots, slot, carry, lengthOf, waiting.end, waiting.run);
    if (end < 0) return "token";
    if (end > length && !waiting.spoiled) {
      waiting.run.count = count;
      return "place";
    }
    waiting.end = end;
    waiting.parts++;
    waiting.whole = waiting.parts === carry.parts;
    if (carry.escape !== 0) waiting.escaped = true;
    // Chunks before the last hold back the tokens that their cut leaves open.
    const mustCover = covers && chunk === this.#chunks - 1 && !waiting.escaped && !waiting.spoiled;
    if (waiting.whole && mustCover && end !== length) {
      this.#forget(chunk, waiting);
      return "place";
    }
    if (waiting.whole) this.#advance();
    return "accepted";
  }

  /**
   * Appends tokens of a part that was tokenized again, from the boundary on.
   *
   * @param run Tokens with byte offsets of the text.
   * @param count Number of confirmed tokens.
   * @param end Byte offset behind the last of them, or the text's length if the whole text is done.
   */
  redone(run: TokenRun, count: number, end: number): void {
    this.run.append(run, 0, count);
    this.boundary = end;
    this.#tried = -1;
    this.#advance();
  }

  /** Merges consecutive chunks that have arrived. */
  #advance(): void {
    for (;; this.next++) {
      const waiting = this.#waiting.get(this.next);
      if (waiting === undefined || !waiting.whole) {
        if (this.next >= this.#chunks || !this.#isPast(this.next)) return;
        continue;
      }
      if (!this.#take(this.next, waiting)) return;
      this.#forget(this.next, waiting);
    }
  }

  #forget(chunk: number, waiting: Waiting): void {
    this.#waiting.delete(chunk);
    this.#free.push(waiting);
  }

  #isPast(chunk: number): boolean {
    const { length, cut } = this.#merged;
    return chunkEnd(length, cut, chunk) <= this.boundary;
  }

  /** Merges the next chunk. Returns false if it shares no boundary with the run. */
  #take(chunk: number, { run, spoiled, escaped, from }: Waiting): boolean {
    const { length, cut, onChunk } = this.#merged;
    const to = chunkEnd(length, cut, chunk);
    const isLast = chunk === this.#chunks - 1;
    const confirmed = spoiled ? 0 : run.confirmed();
    // The end of the text is always a confirmed boundary, even after text without tokens.
    const reached = isLast && confirmed === run.count && !spoiled && !escaped
      ? to
      : confirmed === 0
      ? -1
      : run.ends[confirmed - 1]!;
    const seam = reached <= this.boundary ? -1 : this.#seam(run, confirmed, from);
    if (reached > this.boundary && seam < 0) {
      if (this.#tried !== chunk) this.unshared++;
      this.#tried = chunk;
      return false;
    }
    let first = confirmed;
    if (seam >= 0) {
      first = firstBehind(run, confirmed, this.boundary);
      this.run.append(run, first, confirmed);
      this.boundary = reached;
    }
    this.removed += run.count - (confirmed - first);
    onChunk?.({ chunk, from, to, run, confirmed, seam, kept: [first, confirmed] });
    return true;
  }

  /** Returns the first boundary that the chunk and the run share, or −1. */
  #seam(run: TokenRun, confirmed: number, from: number): number {
    const { boundary } = this;
    if (from > boundary) return -1;
    if (from === boundary) return from;
    const own = this.run;
    // The run's last tokens lie within the overlap. Boundaries of both are compared in ascending order.
    let at = own.count;
    while (at > 0 && own.ends[at - 1]! >= from) at--;
    if (from === 0 || (at < own.count && own.ends[at] === from && (own.tokens[at]! & 1) === 1)) return from;
    for (let n = 0; n < confirmed; n++) {
      const end = run.ends[n]!;
      if (end > boundary) break;
      if ((run.tokens[n]! & 1) === 0) continue;
      while (at < own.count && (own.ends[at]! < end || (own.tokens[at]! & 1) === 0)) at++;
      if (at < own.count && own.ends[at] === end) return end;
    }
    return -1;
  }
}

/** A chunk that has arrived, completely or in part. */
interface Waiting {
  readonly run: TokenRun;
  from: number;
  end: number;
  parts: number;
  whole: boolean;
  spoiled: boolean;
  escaped: boolean;
}

function newWaiting(): Waiting {
  return { run: new TokenRun(), from: 0, end: 0, parts: 0, whole: false, spoiled: false, escaped: false };
}

function beginWaiting(waiting: Waiting, from: number): void {
  waiting.run.count = waiting.parts = 0;
  waiting.from = waiting.end = from;
  waiting.whole = waiting.spoiled = waiting.escaped = false;
}

/** Index of the first of `count` tokens that ends behind a byte offset. */
function firstBehind(run: TokenRun, count: number, offset: number): number {
  let first = 0;
  while (first < count && run.ends[first]! <= offset) first++;
  return first;
}

const header = newHeader();
const carry = newTokenCarry();
