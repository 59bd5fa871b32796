/**
 * The tokenizer's engine: one flow of text, byte by byte, with bounded memory. It is what the RTL computes.
 *
 * Positions are those of the decoded text (a malformed sequence is U+FFFD, three bytes):
 *
 * ```text
 *   start ≤ left ≤ walked ≤ accept ≤ seen
 *   │        │      │        │        └ end of what the piece automaton has seen
 *   │        │      │        └ where the piece ends if nothing better comes; it never moves back
 *   │        │      └ bytes that the walk over tokens has taken, all of them below accept
 *   │        └ first byte whose token has not left
 *   └ where the piece begins
 * ```
 *
 * When the automaton has no transition, or a match is final, the piece ends at `accept` and its tokens leave;
 * what was seen beyond is seen again. Tokens of a piece leave before its end when the walk is at a multiple of
 * {@linkcode COMMIT_EVERY} bytes of the piece with at least {@linkcode COMMIT_FROM} of them held: then those leave
 * that every way on shares. A code point that would make the flow hold the window or more escapes: the flow gives
 * up by name, and what has left until then is right.
 *
 * @module
 */

import { BpeWalk, COMMIT_FROM } from "./bpe_walk.ts";
import type { Compatibility } from "./compatible.ts";
import { ACCEPT_BEFORE, ACCEPT_FINAL, ACCEPT_HERE, type EngineTables, noProgress } from "./tables.ts";
import type { TextLookups } from "./lookups.ts";
import { TokenList } from "./token_list.ts";
import { POINT_BROKEN, POINT_GOES_ON, PointDecoder, pointLength, readPoint, writePoint } from "./utf8.ts";
import { splitWord } from "./word_piece.ts";

/** Bytes that a device holds of a flow; one that needs more escapes. */
export const WINDOW = 512;
/** Why a flow gave up, by its number in packets; 0 is none. */
export const ESCAPES = ["", "pending", "lookahead"] as const;
const PENDING = 1;
const LOOKAHEAD = 2;

/** A flow's engine. `take` and `end` append to the list of tokens; the caller empties it. */
export class TextFlow {
  /** The tokens that have left. */
  readonly list: TokenList = new TokenList();
  /** Why the flow gave up, a place in {@linkcode ESCAPES}. */
  escape = 0;
  /** Whether a malformed sequence was replaced since the caller last said false. */
  replaced = false;

  readonly #tables: EngineTables;
  readonly #window: number;
  readonly #counts: TextLookups;
  readonly #walk: BpeWalk | null;
  #text: Uint8Array;
  #start = 0;
  #accept = 0;
  #seen = 0;
  #row: number;
  #acceptRow = 0;
  // Bytes of text that was left out since the last token.
  #gap = 0;
  // Bytes of a word of WordPiece that are no longer held, because it is unknown whatever follows.
  #forgotten = 0;
  readonly #decoder = new PointDecoder();

  /**
   * Makes a flow at the beginning of a text.
   *
   * @param tables The vocabulary's tables.
   * @param counts Where lookups are counted.
   * @param compatibility The cache, shared by the flows of a device; null without BPE.
   * @param window Bytes that may be held; `Infinity` on the host.
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
    this.#row = tables.start;
  }

  /** Begins a new text; the tokens that have left stay. */
  restart(): void {
    this.#begin(0);
    this.#gap = this.escape = 0;
    this.#decoder.restart();
    this.replaced = false;
  }

  /** Decoded bytes that are held: their tokens have not left. */
  get held(): number {
    return this.#seen - this.#left;
  }

  /** Whether nothing waits, not even part of a code point. */
  get idle(): boolean {
    return this.held === 0 && this.#decoder.need === 0 && this.#forgotten === 0;
  }

  /**
   * Takes bytes of UTF-8. What follows an escape is ignored.
   *
   * @param bytes Where they are.
   * @param from The first one.
   * @param to Behind the last one.
   */
  take(bytes: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to && this.escape === 0;) {
      if (this.#decoder.need === 0) at = this.#takeUsual(bytes, at, to);
      if (at < to) at += this.#takeOne(bytes[at]!);
    }
  }

  /**
   * What nearly all of a text is: code points that lie here whole, pieces that end where they were last accepted, with
   * room for more. In locals, because a flow spends its time here. Returns the first byte that is not usual.
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

  /** Places up to which a code point neither fills what there is nor makes a piece long enough to leave early. */
  #usualRoom(): number {
    return Math.min(this.#text.length, this.#left + this.#window, this.#start + COMMIT_FROM) - 3;
  }

  /** Ends the text: everything that waits leaves. The flow can then take a new text. */
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

  /** Appends a token that stands in the text as such, behind all that has come. */
  putSpecial(id: number, length: number): void {
    this.list.put(id, length, 1, this.#gap);
    this.#gap = 0;
  }

  get #left(): number {
    return this.#walk === null ? this.#start : this.#walk.left;
  }

  /** A piece begins at a place, and nothing of it has been seen. */
  #begin(at: number): void {
    this.#start = this.#accept = this.#seen = at;
    this.#row = this.#tables.start;
    this.#forgotten = 0;
    this.#walk?.begin(at);
  }

  /** Takes one byte, whatever it is; returns how many bytes are done. */
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

  /** A code point comes, its bytes at a place. */
  #arrive(point: number, length: number, bytes: Uint8Array, at: number): void {
    if (this.#seen + length - this.#left >= this.#window && !this.#forget()) {
      this.escape = this.#seen - this.#accept > this.#window / 2 ? LOOKAHEAD : PENDING;
      return;
    }
    if (this.#seen + length >= this.#text.length) this.#makeRoom(length);
    for (let n = 0; n < length; n++) this.#text[this.#seen + n] = bytes[at + n]!;
    const kind = this.#kindOf(point);
    while (!this.#see(kind, length)) {
      // The piece ended before this code point, which comes again behind what was seen again.
      this.#cut();
      writePoint(point, length, this.#text, this.#seen);
    }
  }

  #kindOf(point: number): number {
    const { ascii, blockOf, classOf } = this.#tables;
    return point < 0x80 ? ascii[point]! : classOf[blockOf[point >> 8]! * 256 + (point & 255)]!;
  }

  /** The automaton sees the code point behind `seen`, perhaps again within a cut; false without a transition. */
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

  /** The piece ends at `accept`: its tokens leave, and what was seen beyond is seen again. */
  #cut(): void {
    this.#cutWithin();
    if (this.#start === this.#seen) this.#begin(0);
  }

  /** As `#cut`, where places stay valid: a cut while code points are seen again must not move the text. */
  #cutWithin(): void {
    const end = this.#seen;
    this.#nextPiece();
    while (this.#seen < end) {
      const length = pointLength(this.#text[this.#seen]!);
      // A cut within sees again what it must and comes to the same place.
      const kind = this.#kindOf(readPoint(this.#text, this.#seen, length));
      if (!this.#see(kind, length, true)) this.#nextPiece();
    }
  }

  /** The piece ends at `accept`, where the next one begins. */
  #nextPiece(): void {
    if (this.#accept === this.#start && this.#forgotten === 0) throw noProgress("a piece has no bytes");
    this.#finish();
    this.#begin(this.#accept);
  }

  /** The tokens of the piece up to `accept` leave. */
  #finish(): void {
    const { wordPiece, drop } = this.#tables;
    if (drop.length > 0 && drop[this.#acceptRow] === 1) {
      this.#gap += this.#accept - this.#start;
      return;
    }
    const first = this.list.count;
    if (this.#walk !== null) this.#walk.finish(this.#text, this.#accept);
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

  /** The first token since a place carries the bytes that were left out before it. */
  #settleGap(first: number): void {
    if (this.#gap === 0 || this.list.count === first) return;
    this.list.gaps[first] = this.#gap;
    this.#gap = 0;
  }

  /** A word of WordPiece that is too long is unknown whatever follows: its bytes need not be held. */
  #forget(): boolean {
    const { wordPiece } = this.#tables;
    const gone = this.#accept - this.#start;
    if (wordPiece === null || gone === 0) return false;
    if (this.#forgotten === 0) {
      let characters = 0;
      for (let at = this.#start; at < this.#accept; at++) {
        if ((this.#text[at]! & 0xc0) !== 0x80) characters++;
      }
      if (characters <= wordPiece.mostCharacters) return false;
    }
    this.#forgotten += gone;
    this.#text.copyWithin(0, this.#accept, this.#seen);
    this.#seen -= this.#accept;
    this.#start = this.#accept = 0;
    return true;
  }

  /** Moves what is held to the front; where no window bounds it, the arrays grow. */
  #makeRoom(length: number): void {
    // One place more, for the token before the first that is held.
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

/** Bytes of a code point that is put together here. */
const scratch = new Uint8Array(4);
