/**
 * Chunks of a text that overlap, each tokenized by itself, put together without the tokens that came twice.
 *
 * Patterns that cut texts into pieces look ahead and never behind, so two runs over a text that both have a piece
 * boundary at a byte are equal from there on. A boundary is *confirmed* when the match that made it depended on
 * bytes that follow, not on the chunk's end. By induction over chunks: the run so far is that of the whole text up
 * to a boundary B; a chunk that has a confirmed boundary p in common with it is right from p on, so its tokens
 * between B and its last confirmed boundary are appended. Where no boundary is shared nothing is guessed: the
 * stretch from B is done again.
 *
 * @module
 */

import { newHeader } from "../header.ts";
import type { PacketSlots } from "../packets.ts";
import { chunkCount, chunkEnd, isChunkStart, type TextCut } from "./cut.ts";
import type { TokenOutcome } from "./flow_append.ts";
import { newTokenCarry, readTokenPacket, TOKEN_FLAG, unpackTokens } from "./token_packet.ts";
import { TokenRun } from "./token_run.ts";

/** A text that is put together. */
export interface MergedText {
  /** Bytes of the text. */
  readonly length: number;
  /** How it was cut. */
  readonly cut: TextCut;
  /** Number of its flow. */
  readonly flow: number;
  /** Number of its plan. */
  readonly plan: number;
  /** By id: bytes of text that it stands for; 0 where there is no such id. */
  readonly lengthOf: Int32Array;
  /** Whether tokens cover all bytes of a text, so that a last answer with fewer is incomplete. */
  readonly covers: boolean;
  /** Where tokens go, in place of what is there; a new run where none is given. */
  readonly run?: TokenRun | undefined;
  /** Called with what became of each chunk. */
  readonly onChunk?: ((merged: MergedChunk) => void) | undefined;
}

/** What became of a chunk. */
export interface MergedChunk {
  /** Its number. */
  readonly chunk: number;
  /** Its bytes of the text. */
  readonly from: number;
  /** Behind its last byte. */
  readonly to: number;
  /** Its tokens; they hold until the next call. */
  readonly run: TokenRun;
  /** Tokens up to its last confirmed boundary. */
  readonly confirmed: number;
  /** The boundary that it shares with the chunks before; −1 where there is none. */
  readonly seam: number;
  /** Its first token that was appended, and behind the last one. */
  readonly kept: readonly [from: number, to: number];
}

/** Puts the chunks of one text together. */
export class ChunkMerge {
  /** Tokens of the text up to {@linkcode ChunkMerge.boundary}: for certain. */
  readonly run: TokenRun;
  /** Byte of the text up to which it is done. */
  boundary = 0;
  /** Tokens that came and were not taken: those that came twice, and those that were not confirmed. */
  removed = 0;
  /** Chunks that shared no boundary with those before, when it was their turn. */
  unshared = 0;
  /** The chunk whose turn it is. */
  next = 0;
  readonly #merged: MergedText;
  readonly #chunks: number;
  // Chunks that are there before their turn, or of which parts are.
  readonly #waiting = new Map<number, Waiting>();
  readonly #free: Waiting[] = [];
  #tried = -1;

  /**
   * Begins a text.
   *
   * @param merged The text and how it was cut.
   */
  constructor(merged: MergedText) {
    this.#merged = merged;
    // Four bytes a token are usual; what is not grows.
    this.run = merged.run ?? new TokenRun(16 + (merged.length >> 2));
    this.run.count = 0;
    this.#chunks = chunkCount(merged.length, merged.cut);
  }

  /** Whether the whole text is done. */
  get done(): boolean {
    return this.boundary >= this.#merged.length;
  }

  /**
   * Whether the stretch from the boundary on has to be done again: the chunk whose turn it is is there, but shares
   * no boundary, or there is none any more.
   */
  get stuck(): boolean {
    return !this.done && (this.next === this.#chunks || this.#tried === this.next);
  }

  /** Whether a chunk is still needed: it is not there, and what it covers is not done. */
  needs(chunk: number): boolean {
    const waiting = this.#waiting.get(chunk);
    return chunk >= this.next && !(waiting?.whole ?? false) &&
      chunkEnd(this.#merged.length, this.#merged.cut, chunk) > this.boundary;
  }

  /**
   * Takes the packet in a slot.
   *
   * @param slots Slots with packets.
   * @param slot Which one.
   * @returns What became of it.
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
      // Only the sender has the text: the first part says where the chunk begins, up to 3 bytes before its stretch.
      if (carry.part !== 0 || !isChunkStart(cut, chunk, header.position)) return "place";
      waiting = this.#free.pop() ?? newWaiting();
      beginWaiting(waiting, header.position);
      this.#waiting.set(chunk, waiting);
    }
    if (waiting.whole || carry.part < waiting.parts) return "duplicate";
    // Parts of a chunk come in their order, or the chunk is asked for again.
    if (carry.part > waiting.parts || header.position !== waiting.end) return "place";
    // The text is well-formed: what began inside a character says nothing, wherever its tokens seem to lie.
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
    // Chunks before the last one hold back what their cut leaves open.
    const mustCover = covers && chunk === this.#chunks - 1 && !waiting.escaped && !waiting.spoiled;
    if (waiting.whole && mustCover && end !== length) {
      this.#forget(chunk, waiting);
      return "place";
    }
    if (waiting.whole) this.#advance();
    return "accepted";
  }

  /**
   * Takes tokens of a stretch that was done again, from the boundary on.
   *
   * @param run The tokens; places are bytes of the text.
   * @param count How many are confirmed.
   * @param end Where the last of them ends, or the text's end where all of it is done.
   */
  redone(run: TokenRun, count: number, end: number): void {
    this.run.append(run, 0, count);
    this.boundary = end;
    this.#tried = -1;
    this.#advance();
  }

  /** Takes chunks as long as it is their turn. */
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

  /** Takes a chunk at its turn; false where it shares no boundary with what there is. */
  #take(chunk: number, { run, spoiled, escaped, from }: Waiting): boolean {
    const { length, cut, onChunk } = this.#merged;
    const to = chunkEnd(length, cut, chunk);
    const isLast = chunk === this.#chunks - 1;
    const confirmed = spoiled ? 0 : run.confirmed();
    // An end of the text is a boundary for certain, also behind text that has no token.
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

  /** The first boundary that a chunk and the run so far have both, or −1. */
  #seam(run: TokenRun, confirmed: number, from: number): number {
    const { boundary } = this;
    if (from > boundary) return -1;
    if (from === boundary) return from;
    const own = this.run;
    // The run's last tokens lie within the overlap; boundaries of both are walked upwards.
    let at = own.count;
    while (at > 0 && own.ends[at - 1]! >= from) at--;
    if (from === 0 || (at < own.count && own.ends[at] === from && (own.tokens[at]! & 1) === 1)) return from;
    for (let n = 0; n < confirmed; n++) {
      const place = run.ends[n]!;
      if (place > boundary) break;
      if ((run.tokens[n]! & 1) === 0) continue;
      while (at < own.count && (own.ends[at]! < place || (own.tokens[at]! & 1) === 0)) at++;
      if (at < own.count && own.ends[at] === place) return place;
    }
    return -1;
  }
}

/** A chunk that is there, or of which parts are. */
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

/** The first token that ends behind a place, out of so many. */
function firstBehind(run: TokenRun, count: number, place: number): number {
  let first = 0;
  while (first < count && run.ends[first]! <= place) first++;
  return first;
}

const header = newHeader();
const carry = newTokenCarry();
