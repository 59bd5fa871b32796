/**
 * The tokenizer's engine: one flow of text, byte by byte, with bounded memory. The RTL computes the same.
 *
 * Positions are offsets in the decoded text (a malformed sequence is U+FFFD, three bytes):
 *
 * ```text
 *   start ≤ left ≤ walked ≤ accept ≤ seen
 *   │        │      │        │        └ exclusive end of the bytes that the piece automaton has seen
 *   │        │      │        └ end of the piece unless a longer match follows; never decreases
 *   │        │      └ end of the bytes that the walk over tokens has taken
 *   │        └ first byte whose token has not been emitted
 *   └ first byte of the piece
 * ```
 *
 * When the automaton has no transition, or a match is final, the piece ends at `accept` and its tokens are
 * emitted. The bytes from `accept` to `seen` are then read again.
 *
 * Tokens are emitted early when the walk is at a multiple of {@linkcode COMMIT_EVERY} bytes of the piece and
 * holds at least {@linkcode COMMIT_FROM} of them. Then the tokens that all continuations share are emitted.
 * A code point that would fill the window makes the flow escape. Tokens emitted before an escape are correct.
 *
 * @module
 */

import { BpeWalk, COMMIT_FROM } from "./bpe_walk.ts";
import type { Compatibility } from "./compatible.ts";
import { ACCEPT_BEFORE, ACCEPT_FINAL, ACCEPT_HERE, type EngineTables, noProgress } from "./tables.ts";
import type { TextLookups } from "./lookups.ts";
import { TokenList } from "./token_list.ts";
import { UnigramSearch } from "./unigram.ts";
import { POINT_BROKEN, POINT_GOES_ON, PointDecoder, pointLength, readPoint, writePoint } from "./utf8.ts";
import { splitWord } from "./word_piece.ts";

/** Bytes of one flow that a device holds; a flow that needs this number or more escapes. */
export const WINDOW = 512;
/** Reasons of an escape, by their number in packets; 0 is no escape. */
export const ESCAPES = ["", "pending", "lookahead"] as const;
const PENDING = 1;
const LOOKAHEAD = 2;

/** A flow's engine. `take` and `end` append to the list of tokens; the caller empties it. */
export class TextFlow {
  /** Emitted tokens. */
  readonly list: TokenList = new TokenList();
  /** Reason of the escape, an index into {@linkcode ESCAPES}; 0 while the flow goes on. */
  escape = 0;
  /** True if a malformed sequence was replaced; the caller clears the flag. */
  replaced = false;

  readonly #tables: EngineTables;
  readonly #window: number;
  readonly #counts: TextLookups;
  readonly #walk: BpeWalk | null;
  readonly #unigram: UnigramSearch | null;
  #text: Uint8Array;
  #start = 0;
  #accept = 0;
  #seen = 0;
  #row: number;
  #acceptRow = 0;
  // Bytes of text dropped since the last token.
  #gap = 0;
  // Bytes of a WordPiece word that are no longer held, because the word is already certain to be unknown.
  #forgotten = 0;
  readonly #decoder = new PointDecoder();

  /**
   * Creates a flow at the beginning of a text.
   *
   * @param tables Tables of the vocabulary.
   * @param counts Counters to which lookups are added.
   * @param compatibility Cache shared by the flows of a device; null without BPE.
   * @param window Capacity in bytes; `Infinity` on the host.
   */
  constructor(
    tables: EngineTables,
    counts: TextLookups,
    compatibility: Compatibility | null,
    window: number = WINDOW,
  ) {
    this.#tables = tables;
    this.#counts = counts;
    this.#window = window;
    const room = Number.isFinite(window) ? 4 * window : 4096;
    this.#text = new Uint8Array(room);
    const { bpe } = tables;
    this.#walk = bpe === null || compatibility === null
      ? null
      : new BpeWalk(bpe, tables.cells, compatibility, counts, this.list, room);
    this.#unigram = tables.unigram === null ? null : new UnigramSearch(tables.unigram, counts);
    this.#row = tables.start;
  }

  /** Begins a new text; tokens already emitted stay in the list. */
  restart(): void {
    this.#begin(0);
    this.#gap = this.escape = 0;
    this.#decoder.restart();
    this.replaced = false;
  }

  /** Decoded bytes whose tokens have not been emitted. */
  get held(): number {
    return this.#seen - this.#left;
  }

  /** True if nothing is held, not even part of a code point. */
  get idle(): boolean {
    return this.held === 0 && this.#decoder.need === 0 && this.#forgotten === 0;
  }

  /**
   * Takes bytes of UTF-8. Bytes after an escape are ignored.
   *
   * @param bytes Buffer that holds the bytes.
   * @param from Offset of the first byte.
   * @param to Exclusive end of the bytes.
   */
  take(bytes: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to && this.escape === 0;) {
      if (this.#decoder.need === 0) at = this.#takeUsual(bytes, at, to);
      if (at < to) at += this.#takeOne(bytes[at]!);
    }
  }

  /**
   * Fast path for nearly all text: complete code points, pieces that end where they were last accepted, and
   * free capacity. State is in local variables for speed. Returns the first byte that needs the slow path.
   */
  #takeUsual(bytes: Uint8Array, from: number, to: number): number {
    const { ascii, next, blockOf, classOf, start } = this.#tables;
    const text = this.#text;
    let row = this.#row, seen = this.#seen, accept = this.#accept, acceptRow = this.#acceptRow;
    let at = from, points = 0;
    let most = this.#usualRoom();
    while (at < to && seen < most) {
      const byte = bytes[at]!;
      let kind: number, length = 1;
      if (byte < 0x80) kind = ascii[byte]!;
      else {
        if (at + 2 >= to) break;
        const second = bytes[at + 1]! ^ 0x80, third = bytes[at + 2]! ^ 0x80;
        let point: number;
        if (second >= 0x40 || byte < 0xc2) break;
        if (byte < 0xe0) {
          point = (byte & 31) << 6 | second;
          length = 2;
        } else if (byte > 0xe0 && byte < 0xf0 && byte !== 0xed && third < 0x40) {
          point = (byte & 15) << 12 | second << 6 | third;
          length = 3;
        } else break;
        kind = classOf[blockOf[point >> 8]! * 256 + (point & 255)]!;
      }
      const entry = next[row + kind]!;
      if (entry < 0) {
        if (accept !== seen || seen === this.#start) break;
        points++;
        this.#seen = seen;
        this.#accept = accept;
        this.#acceptRow = acceptRow;
        this.#finish();
        this.#begin(0);
        row = start;
        seen = accept = 0;
        most = this.#usualRoom();
        continue;
      }
      if ((entry & ACCEPT_FINAL) !== 0) break;
      points++;
      text[seen] = byte;
      if (length > 1) {
        text[seen + 1] = bytes[at + 1]!;
        if (length > 2) text[seen + 2] = bytes[at + 2]!;
      }
      at += length;
      row = entry >> 3;
      if ((entry & ACCEPT_HERE) !== 0) {
        accept = seen + length;
        acceptRow = row;
      } else if ((entry & ACCEPT_BEFORE) !== 0) {
        accept = seen;
        acceptRow = row;
      }
      seen += length;
    }
    this.#counts.points += points;
    this.#row = row;
    this.#seen = seen;
    this.#accept = accept;
    this.#acceptRow = acceptRow;
    return at;
  }

  /** Offset up to which a code point neither fills the buffer or window nor makes an early emission due. */
  #usualRoom(): number {
    return Math.min(this.#text.length, this.#left + this.#window, this.#start + COMMIT_FROM) - 3;
  }

  /** Ends the text and emits all tokens held. The flow can then take a new text. */
  end(): void {
    if (this.escape !== 0) return;
    if (this.#decoder.need > 0) {
      this.#decoder.restart();
      this.#unknown();
    }
    const { next, end } = this.#tables;
    while (this.escape === 0 && (this.#seen > this.#start || this.#forgotten > 0)) {
      const entry = next[this.#row + end]!;
      if (entry >= 0 && (entry & (ACCEPT_HERE | ACCEPT_BEFORE)) !== 0) {
        this.#accept = this.#seen;
        this.#acceptRow = entry >> 3;
      }
      this.#cut();
    }
  }

  /** Appends a special token after all tokens so far; `length` is its length in the text, in bytes. */
  putSpecial(id: number, length: number): void {
    this.list.put(id, length, 1, this.#gap);
    this.#gap = 0;
  }

  get #left(): number {
    return this.#walk === null ? this.#start : this.#walk.left;
  }

  /** Begins a piece at offset `at`, with nothing of it seen. */
  #begin(at: number): void {
    this.#start = this.#accept = this.#seen = at;
    this.#row = this.#tables.start;
    this.#forgotten = 0;
    this.#walk?.begin(at);
  }

  /** Takes one byte, whatever it is; returns the number of bytes consumed. */
  #takeOne(byte: number): number {
    const point = this.#decoder.take(byte);
    if (point === POINT_GOES_ON) return 1;
    if (point >= 0) this.#arriveAlone(point);
    else this.#unknown();
    return point === POINT_BROKEN ? 0 : 1;
  }

  #unknown(): void {
    this.replaced = true;
    this.#arriveAlone(0xfffd);
  }

  #arriveAlone(point: number): void {
    const length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    writePoint(point, length, scratch, 0);
    this.#arrive(point, length, scratch, 0);
  }

  /** Takes a code point whose bytes are at offset `at` of `bytes`. */
  #arrive(point: number, length: number, bytes: Uint8Array, at: number): void {
    if (this.#seen + length - this.#left >= this.#window && !this.#forget()) {
      this.escape = this.#seen - this.#accept > this.#window / 2 ? LOOKAHEAD : PENDING;
      return;
    }
    if (this.#seen + length >= this.#text.length) this.#makeRoom(length);
    for (let n = 0; n < length; n++) this.#text[this.#seen + n] = bytes[at + n]!;
    const kind = this.#kindOf(point);
    while (!this.#see(kind, length)) {
      // The piece ended before this code point, which is appended after the bytes that are read again.
      this.#cut();
      writePoint(point, length, this.#text, this.#seen);
    }
  }

  #kindOf(point: number): number {
    const { ascii, blockOf, classOf } = this.#tables;
    return point < 0x80 ? ascii[point]! : classOf[blockOf[point >> 8]! * 256 + (point & 255)]!;
  }

  /** Steps the automaton by the code point at `seen`; `isAgain` within a cut. False without a transition. */
  #see(kind: number, length: number, isAgain = false): boolean {
    const entry = this.#tables.next[this.#row + kind]!;
    this.#counts.points++;
    if (entry < 0) return false;
    this.#row = entry >> 3;
    this.#seen += length;
    if ((entry & (ACCEPT_HERE | ACCEPT_BEFORE)) !== 0) {
      this.#accept = (entry & ACCEPT_HERE) !== 0 ? this.#seen : this.#seen - length;
      this.#acceptRow = this.#row;
    }
    if ((entry & ACCEPT_FINAL) !== 0) isAgain ? this.#cutWithin() : this.#cut();
    else if (this.#accept - this.#start >= COMMIT_FROM && this.#walk !== null) this.#leaveEarly(this.#walk);
    return true;
  }

  #leaveEarly(walk: BpeWalk): void {
    const first = this.list.count;
    walk.walk(this.#text, this.#accept);
    this.#settleGap(first);
  }

  /** Ends the piece at `accept`, emits its tokens, and reads the bytes after it again. */
  #cut(): void {
    this.#cutWithin();
    if (this.#start === this.#seen) this.#begin(0);
  }

  /** `#cut` without moving the text, so offsets stay valid; a nested cut re-reads to the same offset. */
  #cutWithin(): void {
    const end = this.#seen;
    this.#nextPiece();
    while (this.#seen < end) {
      const length = pointLength(this.#text[this.#seen]!);
      const kind = this.#kindOf(readPoint(this.#text, this.#seen, length));
      if (!this.#see(kind, length, true)) this.#nextPiece();
    }
  }

  /** Ends the piece at `accept` and begins the next one there. */
  #nextPiece(): void {
    if (this.#accept === this.#start && this.#forgotten === 0) throw noProgress("a piece has no bytes");
    this.#finish();
    this.#begin(this.#accept);
  }

  /** Emits the tokens of the piece up to `accept`. */
  #finish(): void {
    const { wordPiece, drop } = this.#tables;
    if (drop.length > 0 && drop[this.#acceptRow] === 1) {
      this.#gap += this.#accept - this.#start;
      return;
    }
    const first = this.list.count;
    if (this.#walk !== null) this.#walk.finish(this.#text, this.#accept);
    else if (this.#unigram !== null) this.#unigram.find(this.#text, this.#start, this.#accept, this.list);
    else {
      const made = this.#forgotten > 0
        ? null
        : splitWord(wordPiece!, this.#text, this.#start, this.#accept, this.#counts);
      if (made === null) {
        this.list.put(wordPiece!.unknown, this.#accept - this.#start + this.#forgotten, 1, 0);
      } else {
        for (let n = 0; n < made.count; n++) {
          this.list.put(made.ids[n]!, made.lengths[n]!, n === made.count - 1 ? 1 : 0, 0);
        }
      }
    }
    this.#settleGap(first);
  }

  /** Records the bytes dropped before the first new token in that token's gap. */
  #settleGap(first: number): void {
    if (this.#gap === 0 || this.list.count === first) return;
    this.list.gaps[first] = this.#gap;
    this.#gap = 0;
  }

  /** Releases the bytes of a WordPiece word that is too long: it is unknown, whatever follows. */
  #forget(): boolean {
    const { wordPiece } = this.#tables;
    const gone = this.#accept - this.#start;
    if (wordPiece === null || gone === 0) return false;
    if (this.#forgotten === 0) {
      let characters = 0;
      for (let at = this.#start; at < this.#accept; at++) {
        if ((this.#text[at]! & 0xc0) !== 0x80) characters++;
      }
      if (characters <= wordPiece.maxCharacters) return false;
    }
    this.#forgotten += gone;
    this.#text.copyWithin(0, this.#accept, this.#seen);
    this.#seen -= this.#accept;
    this.#start = this.#accept = 0;
    return true;
  }

  /** Moves the held bytes to the front; without a window, the arrays grow. */
  #makeRoom(length: number): void {
    // One more byte, for the token before the first byte held.
    const from = Math.max(0, this.#left - 1);
    if (from >= this.#text.length / 2) {
      this.#text.copyWithin(0, from, this.#seen);
      this.#walk?.shift(from);
      this.#start -= from;
      this.#accept -= from;
      this.#seen -= from;
      if (this.#seen + length < this.#text.length) return;
    }
    const text = new Uint8Array(2 * this.#text.length);
    text.set(this.#text);
    this.#text = text;
    this.#walk?.grow(text.length);
  }
}

/** Bytes of a code point that is assembled from several calls. */
const scratch = new Uint8Array(4);
