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

import { Compatibility } from "./compatible.ts";
import { ACCEPT_BEFORE, ACCEPT_FINAL, ACCEPT_HERE, type EngineTables } from "./tables.ts";
import { splitWord } from "./word_piece.ts";

/** Bytes that a device holds of a flow; one that needs more escapes. */
export const WINDOW = 512;
/** Tokens may leave before their piece ends at multiples of so many bytes of the piece. */
export const COMMIT_EVERY = 32;
/** Tokens may leave before their piece ends when so many bytes are held. */
export const COMMIT_FROM = 64;

/** Why a flow gave up, by its number in packets; 0 is none. */
export const ESCAPES = ["", "pending", "lookahead"] as const;
const PENDING = 1;
const LOOKAHEAD = 2;

/** Lookups of flows, shared by all flows of a device. Plain counts. */
export interface TextLookups {
  /** Steps of the automaton over bytes, the failures among them. */
  automaton: number;
  /** Tokens that were tried as the last one of a prefix. */
  candidates: number;
  /** Merges looked up. */
  pairs: number;
  /** Code points given a class and a transition. */
  points: number;
}

/** A flow's engine. `take` and `end` append to the tokens; the caller empties them. */
export class TextFlow {
  /** Ids of the tokens that have left, times 2, plus 1 where a piece ends with the token. */
  tokens: Int32Array = new Int32Array(2048);
  /** Bytes of decoded text of each of them. */
  lengths: Int32Array = new Int32Array(2048);
  /** Bytes of text without a token before each of them; only where pieces can be left out. */
  gaps: Int32Array;
  /** How many have left. */
  count = 0;
  /** Why the flow gave up, a place in {@linkcode ESCAPES}. */
  escape = 0;
  /** Whether a malformed sequence was replaced since the caller last said false. */
  replaced = false;
  /** Decoded bytes before the first byte that has not left. */
  offset = 0;

  readonly #tables: EngineTables;
  readonly #window: number;
  readonly #counts: TextLookups;
  readonly #compatibility: Compatibility | null;
  readonly #units: boolean;
  #text: Uint8Array;
  #lasts: Int32Array;
  #marks: Uint8Array;
  #start = 0;
  #left = 0;
  #walked = 0;
  #accept = 0;
  #seen = 0;
  #row: number;
  #acceptRow = 0;
  #cell = 0;
  #gap = 0;
  // Bytes of a word of WordPiece that are no longer held, because it is unknown whatever follows.
  #forgotten = 0;
  // An unfinished sequence of UTF-8: bytes still to come, the code point so far, the next byte's limits.
  #need = 0;
  #point = 0;
  #low = 0x80;
  #high = 0xbf;

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
    this.#compatibility = compatibility;
    this.#window = window;
    this.#units = tables.bpe !== null && tables.bpe.units === "characters";
    const room = Number.isFinite(window) ? 4 * window : 4096;
    this.#text = new Uint8Array(room);
    this.#lasts = new Int32Array(room);
    this.#marks = new Uint8Array(room + 1);
    this.#row = tables.start;
    this.gaps = new Int32Array(tables.drop.length > 0 ? 2048 : 0);
  }

  /** Begins a new text; the tokens that have left stay. */
  restart(): void {
    this.#resetPiece();
    this.#gap = this.#need = 0;
    this.#low = 0x80;
    this.#high = 0xbf;
    this.escape = this.offset = 0;
    this.replaced = false;
  }

  /** Decoded bytes that are held: their tokens have not left. */
  get held(): number {
    return this.#seen - this.#left;
  }

  /** Whether nothing waits, not even part of a code point. */
  get idle(): boolean {
    return this.#seen === this.#left && this.#need === 0 && this.#forgotten === 0;
  }

  /**
   * Takes bytes of UTF-8. What follows an escape is ignored.
   *
   * @param bytes Where they are.
   * @param from The first one.
   * @param to Behind the last one.
   */
  take(bytes: Uint8Array, from: number, to: number): void {
    const { ascii, next, drop } = this.#tables;
    const drops = drop.length > 0 || this.#tables.wordPiece !== null;
    const counts = this.#counts;
    let at = from;
    while (at < to && this.escape === 0) {
      if (this.#need > 0 || bytes[at]! >= 0x80) {
        at += this.#decode(bytes, at, to);
        continue;
      }
      // A run of ASCII: everything in locals until something ends.
      const text = this.#text;
      const room = Math.min(text.length, drops ? 0 : this.#left + this.#window) - 1;
      let row = this.#row, seen = this.#seen, accept = this.#accept, acceptRow = this.#acceptRow;
      const begun = at;
      let entry = 0;
      let byte = 0;
      // Early leaving is looked at when a piece is long; the run stops before.
      const most = Math.min(room, this.#start + COMMIT_FROM - 1);
      while (at < to && seen < most) {
        byte = bytes[at]!;
        if (byte >= 0x80) break;
        entry = next[row + ascii[byte]!]!;
        if (entry < 0 || (entry & ACCEPT_FINAL) !== 0) break;
        text[seen++] = byte;
        at++;
        row = entry >> 3;
        if ((entry & ACCEPT_HERE) !== 0) {
          accept = seen;
          acceptRow = row;
        } else if ((entry & ACCEPT_BEFORE) !== 0) {
          accept = seen - 1;
          acceptRow = row;
        }
      }
      counts.points += at - begun;
      this.#row = row;
      this.#seen = seen;
      this.#accept = accept;
      this.#acceptRow = acceptRow;
      if (at < to && bytes[at]! < 0x80) this.#arrive(bytes[at]!, 1, bytes, at++);
    }
  }

  /** Ends the text: everything that waits leaves. The flow can then take a new text. */
  end(): void {
    if (this.escape !== 0) return;
    if (this.#need > 0) this.#unknown();
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
    this.#put(id, length, 1);
  }

  /** Takes one byte that is not ASCII, or belongs to a sequence; returns how many bytes are done. */
  #decode(bytes: Uint8Array, at: number, to: number): number {
    const first = bytes[at]!;
    if (this.#need === 0 && at + 3 < to) {
      // The usual case: the whole code point is here.
      const second = bytes[at + 1]! ^ 0x80;
      if (first >= 0xc2 && first < 0xe0 && second < 0x40) {
        this.#arrive((first & 31) << 6 | second, 2, bytes, at);
        return 2;
      }
      const third = bytes[at + 2]! ^ 0x80;
      if (first >= 0xe1 && first < 0xf0 && first !== 0xed && second < 0x40 && third < 0x40) {
        this.#arrive((first & 15) << 12 | second << 6 | third, 3, bytes, at);
        return 3;
      }
    }
    if (this.#need === 0) {
      if (first < 0xc2 || first > 0xf4) this.#unknown();
      else {
        this.#need = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
        this.#point = first & (first < 0xe0 ? 31 : first < 0xf0 ? 15 : 7);
        this.#low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
        this.#high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
      }
      return 1;
    }
    if (first < this.#low || first > this.#high) {
      this.#unknown();
      return 0;
    }
    this.#low = 0x80;
    this.#high = 0xbf;
    this.#point = this.#point << 6 | (first & 63);
    if (--this.#need === 0) {
      const point = this.#point;
      const length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
      encode(point, length);
      this.#arrive(point, length, scratch, 0);
    }
    return 1;
  }

  #unknown(): void {
    this.#need = 0;
    this.#low = 0x80;
    this.#high = 0xbf;
    this.replaced = true;
    encode(0xfffd, 3);
    this.#arrive(0xfffd, 3, scratch, 0);
  }

  /** A code point comes, its bytes at a place. */
  #arrive(point: number, length: number, bytes: Uint8Array, at: number): void {
    if (this.#seen + length - this.#left >= this.#window && !this.#forget()) {
      this.escape = this.#seen - this.#accept > this.#window / 2 ? LOOKAHEAD : PENDING;
      return;
    }
    if (this.#seen + length >= this.#text.length) this.#makeRoom(length);
    const text = this.#text;
    const { ascii, blockOf, classOf } = this.#tables;
    const kind = point < 0x80 ? ascii[point]! : classOf[blockOf[point >> 8]! * 256 + (point & 255)]!;
    for (let n = 0; n < length; n++) text[this.#seen + n] = bytes[at + n]!;
    // A cut within may move all positions, so the code point is put in again behind what was seen again.
    this.#see(kind, length, point);
  }

  /** The automaton sees a code point whose bytes lie behind `seen`. */
  #see(kind: number, length: number, point: number): void {
    const { next } = this.#tables;
    for (;;) {
      const entry = next[this.#row + kind]!;
      this.#counts.points++;
      if (entry >= 0) {
        this.#row = entry >> 3;
        this.#seen += length;
        if ((entry & ACCEPT_HERE) !== 0) {
          this.#accept = this.#seen;
          this.#acceptRow = this.#row;
        } else if ((entry & ACCEPT_BEFORE) !== 0) {
          this.#accept = this.#seen - length;
          this.#acceptRow = this.#row;
        }
        if ((entry & ACCEPT_FINAL) !== 0) this.#cut();
        else if (this.#accept - this.#start >= COMMIT_FROM && this.#compatibility !== null) this.#walk();
        return;
      }
      this.#cut();
      encode(point, length);
      for (let n = 0; n < length; n++) this.#text[this.#seen + n] = scratch[n]!;
    }
  }

  /** The piece ends at `accept`: its tokens leave, and what was seen beyond is seen again. */
  #cut(): void {
    this.#finish();
    const to = this.#accept, end = this.#seen;
    this.#left = this.#start = this.#walked = to;
    this.#row = this.#tables.start;
    this.#cell = 0;
    this.#forgotten = 0;
    this.#seen = this.#accept = to;
    if (to === end) {
      this.#left =
        this.#start =
        this.#walked =
        this.#seen =
        this.#accept =
          0;
      return;
    }
    // Bytes beyond lie where they are: each code point is seen behind the one before.
    let pending = end - to;
    while (pending > 0) {
      const at = this.#seen;
      const first = this.#text[at]!;
      const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
      const point = decodeAt(this.#text, at, length);
      const { ascii, blockOf, classOf, next } = this.#tables;
      const kind = length === 1 ? ascii[first]! : classOf[blockOf[point >> 8]! * 256 + (point & 255)]!;
      const entry = next[this.#row + kind]!;
      this.#counts.points++;
      let ends = entry < 0;
      if (entry >= 0) {
        this.#row = entry >> 3;
        this.#seen += length;
        pending -= length;
        if ((entry & ACCEPT_HERE) !== 0) {
          this.#accept = this.#seen;
          this.#acceptRow = this.#row;
        } else if ((entry & ACCEPT_BEFORE) !== 0) {
          this.#accept = this.#seen - length;
          this.#acceptRow = this.#row;
        }
        ends = (entry & ACCEPT_FINAL) !== 0;
        if (!ends && this.#accept - this.#start >= COMMIT_FROM && this.#compatibility !== null) this.#walk();
      }
      if (ends) {
        this.#finish();
        pending += this.#seen - this.#accept;
        this.#left =
          this.#start =
          this.#walked =
          this.#seen =
            this.#accept;
        this.#row = this.#tables.start;
        this.#cell = 0;
        this.#forgotten = 0;
      }
    }
    if (this.#start === this.#seen) {
      this.#left =
        this.#start =
        this.#walked =
        this.#seen =
        this.#accept =
          0;
    }
  }

  /** The tokens of the piece up to `accept` leave. */
  #finish(): void {
    const { bpe, wordPiece, drop } = this.#tables;
    const length = this.#accept - this.#left;
    if (drop.length > 0 && drop[this.#acceptRow] === 1) {
      this.#gap += this.#accept - this.#start;
      this.offset += length;
      return;
    }
    if (wordPiece !== null) {
      this.#finishWord(length);
      return;
    }
    if (this.#walked === this.#start) {
      // Most pieces are a token: the walk from the root says so at once.
      const { base, check, whole, longest, lengths, ids, wholeFirst } = bpe!;
      const text = this.#text;
      let cell = 0, at = this.#start;
      const end = this.#accept;
      while (at < end) {
        const to = base[cell]! + text[at]!;
        if (check[to] !== cell) break;
        cell = to;
        at++;
      }
      this.#counts.automaton += at - this.#start;
      if (at === end) {
        const token = wholeFirst ? whole[cell]! : longest[cell]!;
        if (token >= 0 && lengths[token] === length) {
          this.#put(ids[token]!, length, 1);
          return;
        }
      }
    }
    const { wholeFirst, whole, depth, ids } = bpe!;
    this.#walk();
    if (wholeFirst && this.#left === this.#start && depth[this.#cell] === length && whole[this.#cell]! >= 0) {
      this.#put(ids[whole[this.#cell]!]!, length, 1);
    } else this.#leave(this.#accept, 1);
  }

  /** The walk goes on up to `accept`; tokens may leave on the way. */
  #walk(): void {
    if (this.#units) return this.#walkCharacters();
    const { base, check, fail, longest, suffix, lengths } = this.#tables.bpe!;
    const text = this.#text, lasts = this.#lasts, counts = this.#counts, compatibility = this.#compatibility!;
    const start = this.#start, end = this.#accept;
    let cell = this.#cell, at = this.#walked, left = this.#left;
    let steps = 0, tried = 0;
    while (at < end) {
      const byte = text[at]!;
      let to = base[cell]! + byte;
      steps++;
      while (check[to] !== cell) {
        cell = fail[cell]!;
        to = base[cell]! + byte;
        steps++;
      }
      cell = to;
      let token = longest[cell]!;
      at++;
      for (;;) {
        tried++;
        const from = at - lengths[token]!;
        if (from === start || (from >= left && from > start && compatibility.test(lasts[from - 1]!, token))) {
          break;
        }
        token = suffix[token]!;
      }
      lasts[at - 1] = token;
      if (((at - start) & (COMMIT_EVERY - 1)) === 0 && at - left >= COMMIT_FROM) {
        this.#agree(at, cell);
        left = this.#left;
      }
    }
    counts.automaton += steps;
    counts.candidates += tried;
    this.#cell = cell;
    this.#walked = at;
  }

  /** As {@linkcode TextFlow.#walk}, where tokens are made of characters; a byte without one stands for itself. */
  #walkCharacters(): void {
    const { base, check, fail, depth, longest, suffix, lengths, fallback } = this.#tables.bpe!;
    const text = this.#text, lasts = this.#lasts, counts = this.#counts, compatibility = this.#compatibility!;
    const start = this.#start, end = this.#accept;
    let cell = this.#cell, at = this.#walked;
    while (at < end) {
      const first = text[at]!;
      const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
      let lost = false;
      for (let n = 0; n < length; n++) {
        const byte = text[at + n]!;
        counts.automaton++;
        while (check[base[cell]! + byte] !== cell) {
          if (cell === 0) {
            lost = true;
            break;
          }
          cell = fail[cell]!;
          counts.automaton++;
        }
        if (lost) break;
        cell = base[cell]! + byte;
      }
      const before = at;
      if (lost || depth[cell]! < length || longest[cell]! < 0) {
        for (let n = 0; n < length; n++) lasts[at + n] = fallback[text[at + n]!]!;
        at += length;
        cell = 0;
      } else {
        for (let n = 0; n < length - 1; n++) lasts[at + n] = -1;
        at += length;
        let token = longest[cell]!;
        for (;;) {
          counts.candidates++;
          const from = at - lengths[token]!;
          if (
            from === start ||
            (from >= this.#left && from > start && compatibility.test(lasts[from - 1]!, token))
          ) break;
          token = suffix[token]!;
        }
        lasts[at - 1] = token;
      }
      if ((at - start) >> 5 !== (before - start) >> 5 && at - this.#left >= COMMIT_FROM) {
        this.#agree(at, cell);
      }
    }
    this.#cell = cell;
    this.#walked = at;
  }

  /** Tokens leave that all ways on share: the chains of every place where a token may begin come together. */
  #agree(at: number, cell: number): void {
    const { depth, lengths } = this.#tables.bpe!;
    const lasts = this.#lasts, marks = this.#marks, left = this.#left;
    const low = Math.max(left, at - depth[cell]!);
    let ways = 0;
    for (let place = low; place <= at; place++) {
      if (place > left && lasts[place - 1]! < 0) continue;
      marks[place] = 1;
      ways++;
    }
    let place = at;
    while (ways > 1) {
      if (marks[place] === 1) {
        marks[place] = 0;
        const before = place - lengths[lasts[place - 1]!]!;
        if (marks[before] === 1) ways--;
        else marks[before] = 1;
      }
      place--;
    }
    while (marks[place] !== 1) place--;
    marks[place] = 0;
    if (place > left) this.#leave(place, 0);
  }

  /** Tokens up to a place leave. */
  #leave(to: number, ends: number): void {
    const { ids, lengths } = this.#tables.bpe!;
    const lasts = this.#lasts, left = this.#left;
    let number = 0;
    for (let at = to; at > left; at -= lengths[lasts[at - 1]!]!) number++;
    this.#makeTokens(number);
    let slot = this.count += number;
    for (let at = to; at > left;) {
      const token = lasts[at - 1]!;
      const length = lengths[token]!;
      this.tokens[--slot] = ids[token]! * 2;
      this.lengths[slot] = length;
      at -= length;
    }
    if (ends === 1) this.tokens[this.count - 1]! |= 1;
    this.offset += to - left;
    this.#left = to;
  }

  #put(id: number, length: number, ends: number): void {
    this.#makeTokens(1);
    this.tokens[this.count] = id * 2 + ends;
    this.lengths[this.count] = length;
    if (this.gaps.length > 0) {
      this.gaps[this.count] = this.#gap;
      this.#gap = 0;
    }
    this.count++;
    this.offset += length;
  }

  /** A word ends: its tokens, or the one for unknown words. */
  #finishWord(length: number): void {
    const wordPiece = this.#tables.wordPiece!;
    const known = this.#forgotten === 0;
    const made = known ? splitWord(wordPiece, this.#text, this.#start, this.#accept, this.#counts) : null;
    if (made === null) {
      this.offset -= this.#forgotten;
      this.#put(wordPiece.unknown, length + this.#forgotten, 1);
      return;
    }
    for (let n = 0; n < made.count; n++) {
      this.#put(made.ids[n]!, made.lengths[n]!, n === made.count - 1 ? 1 : 0);
    }
  }

  /** A word of WordPiece that is too long is unknown whatever follows: its bytes need not be held. */
  #forget(): boolean {
    const wordPiece = this.#tables.wordPiece;
    if (wordPiece === null) return false;
    const gone = this.#accept - this.#start;
    if (gone === 0) return false;
    if (this.#forgotten === 0) {
      let characters = 0;
      for (let at = this.#start; at < this.#accept; at++) if ((this.#text[at]! & 0xc0) !== 0x80) characters++;
      if (characters <= wordPiece.mostCharacters) return false;
    }
    this.#forgotten += gone;
    this.offset += gone;
    this.#text.copyWithin(0, this.#accept, this.#seen);
    this.#seen -= this.#accept;
    this.#left =
      this.#start =
      this.#walked =
      this.#accept =
        0;
    return true;
  }

  /** Moves what is held to the front; where no window bounds it, the arrays grow. */
  #makeRoom(length: number): void {
    // One place more, for the token before the first that is held.
    const from = Math.max(0, this.#left - 1);
    if (from >= this.#text.length / 2) {
      this.#text.copyWithin(0, from, this.#seen);
      this.#lasts.copyWithin(0, from, this.#walked);
      this.#start -= from;
      this.#left -= from;
      this.#walked -= from;
      this.#accept -= from;
      this.#seen -= from;
      if (this.#seen + length < this.#text.length) return;
    }
    const text = new Uint8Array(2 * this.#text.length);
    text.set(this.#text);
    this.#text = text;
    const lasts = new Int32Array(text.length);
    lasts.set(this.#lasts);
    this.#lasts = lasts;
    this.#marks = new Uint8Array(text.length + 1);
  }

  #makeTokens(more: number): void {
    if (this.count + more <= this.tokens.length) return;
    const room = 2 * (this.count + more);
    const grow = (old: Int32Array) => {
      const grown = new Int32Array(room);
      grown.set(old);
      return grown;
    };
    this.tokens = grow(this.tokens);
    this.lengths = grow(this.lengths);
    if (this.gaps.length > 0) this.gaps = grow(this.gaps);
  }

  #resetPiece(): void {
    this.#start =
      this.#left =
      this.#walked =
      this.#accept =
      this.#seen =
        0;
    this.#row = this.#tables.start;
    this.#cell = this.#forgotten = 0;
  }
}

const scratch = new Uint8Array(4);

/** Writes a code point's UTF-8 into `scratch`. */
function encode(point: number, length: number): void {
  if (length === 1) scratch[0] = point;
  else if (length === 2) {
    scratch[0] = 0xc0 | point >> 6;
    scratch[1] = 0x80 | (point & 63);
  } else if (length === 3) {
    scratch[0] = 0xe0 | point >> 12;
    scratch[1] = 0x80 | (point >> 6 & 63);
    scratch[2] = 0x80 | (point & 63);
  } else {
    scratch[0] = 0xf0 | point >> 18;
    scratch[1] = 0x80 | (point >> 12 & 63);
    scratch[2] = 0x80 | (point >> 6 & 63);
    scratch[3] = 0x80 | (point & 63);
  }
}

/** The code point whose well-formed UTF-8 lies at a place. */
function decodeAt(text: Uint8Array, at: number, length: number): number {
  const first = text[at]!;
  if (length === 1) return first;
  const second = text[at + 1]! & 63;
  if (length === 2) return (first & 31) << 6 | second;
  const third = text[at + 2]! & 63;
  if (length === 3) return (first & 15) << 12 | second << 6 | third;
  return (first & 7) << 18 | second << 12 | third << 6 | (text[at + 3]! & 63);
}
