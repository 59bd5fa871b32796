/**
 * Tokenizing of whole texts by the compiled engine, block by block.
 *
 * @module
 */

import type { Compatibility } from "./compatible.ts";
import { TextFlow } from "./flow.ts";
import type { TextLookups } from "./lookups.ts";
import type { EngineTables } from "./tables.ts";
import { MAX_ROOM, STOP, type TextEngine } from "./text_engine.ts";

/** Tokenizes whole texts without special tokens and normalisation. */
export class WholeText {
  readonly #engine: TextEngine;
  readonly #tables: EngineTables;
  readonly #counts: TextLookups;
  readonly #compatibility: Compatibility | null;
  #blocks: Uint32Array<ArrayBuffer>[] = [];

  /**
   * Creates a tokenizer.
   *
   * @param engine Engine of the vocabulary.
   * @param tables Tables of the vocabulary.
   * @param counts Counters to which lookups are added.
   * @param compatibility Cache of the plain path.
   */
  constructor(
    engine: TextEngine,
    tables: EngineTables,
    counts: TextLookups,
    compatibility: Compatibility | null,
  ) {
    this.#engine = engine;
    this.#tables = tables;
    this.#counts = counts;
    this.#compatibility = compatibility;
  }

  /** Returns the ids of a string; a lone surrogate becomes U+FFFD. */
  string(text: string): Uint32Array<ArrayBuffer> {
    const engine = this.#engine;
    let held = 0;
    for (let at = 0;;) {
      const room = held === 0 ? engine.room : engine.room.subarray(held);
      const { read, written } = utf8.encodeInto(at === 0 ? text : text.slice(at), room);
      at += read;
      const end = held + written, isEnd = at === text.length;
      const stop = engine.run(end, Infinity32, isEnd, this.#counts);
      if (isEnd) return this.#join();
      held = this.#next(stop, end);
      if (held < 0) return this.#finish(stop, end, utf8.encode(text.slice(at)));
    }
  }

  /** Returns the ids of UTF-8; a malformed sequence becomes U+FFFD. */
  utf8(text: Uint8Array): Uint32Array<ArrayBuffer> {
    const engine = this.#engine;
    let held = 0;
    for (let at = 0;;) {
      const to = blockEnd(text, Math.min(text.length, at + engine.capacity - held));
      engine.bytes.set(at === 0 && to === text.length ? text : text.subarray(at, to), engine.text + held);
      let end = held + to - at;
      const isEnd = to === text.length;
      at = to;
      let stop = engine.run(end, Infinity32, isEnd, this.#counts);
      if (engine.reason === STOP.malformed) {
        this.#blocks.push(engine.ids());
        const mended = utf8.encode(lenient.decode(engine.room.slice(stop, end)));
        if (mended.length > engine.capacity) engine.grow(2 * mended.length);
        engine.bytes.set(mended, engine.text);
        end = mended.length;
        stop = engine.run(end, Infinity32, isEnd, this.#counts);
      }
      if (isEnd) return this.#join();
      held = this.#next(stop, end);
      if (held < 0) return this.#finish(stop, end, text.subarray(at));
    }
  }

  /** Keeps the ids of a block and the bytes after `stop`. Returns their number, or −1 for a piece too long. */
  #next(stop: number, end: number): number {
    const engine = this.#engine, held = end - stop;
    this.#blocks.push(engine.ids());
    if (held > MAX_ROOM / 2) return -1;
    engine.keep(stop, end);
    if (2 * held > engine.capacity) engine.grow(2 * engine.capacity);
    return held;
  }

  /** Leaves the rest of a text to the plain path, which needs no memory for a whole piece. */
  #finish(stop: number, end: number, rest: Uint8Array): Uint32Array<ArrayBuffer> {
    const flow = new TextFlow(this.#tables, this.#counts, this.#compatibility, Infinity, null);
    flow.take(this.#engine.room.slice(stop, end), 0, end - stop);
    flow.take(rest, 0, rest.length);
    flow.end();
    this.#blocks.push(Uint32Array.from(flow.list.tokens.subarray(0, flow.list.count), (token) => token >> 1));
    return joined(this.#blocks.splice(0));
  }

  #join(): Uint32Array<ArrayBuffer> {
    const last = this.#engine.ids();
    if (this.#blocks.length === 0) return last;
    this.#blocks.push(last);
    return joined(this.#blocks.splice(0));
  }
}

/** Length of a piece without a limit, as an unsigned 32-bit number. */
const Infinity32 = 0xffffffff;

const utf8 = new TextEncoder();
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

/** Moves the end of a block back to the beginning of a code point. */
function blockEnd(text: Uint8Array, end: number): number {
  let to = end;
  while (to > end - 3 && to > 0 && to < text.length && (text[to]! & 0xc0) === 0x80) to--;
  return to;
}

/** Concatenates lists of ids. */
export function joined(lists: readonly Uint32Array[]): Uint32Array<ArrayBuffer> {
  const ids = new Uint32Array(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    ids.set(list, at);
    at += list.length;
  }
  return ids;
}
