/**
 * The compiled engine of byte pair encoding: WebAssembly over tables in its own memory. Its ids are those of
 * {@linkcode TextFlow}, the plain path, which takes what this engine leaves: other algorithms, and pieces of
 * megabytes.
 *
 * @module
 */

import { type EngineFunctions, growTo } from "./engine_functions.ts";
import { type BpeEngineMemory, createEngineMemory, ID_MASK } from "./engine_memory.ts";
import { type EngineTables, noProgress } from "./tables.ts";
import type { TextLookups } from "./lookups.ts";

/** Reasons why a call stopped before the end of its text. */
export const STOP = { done: 0, incomplete: 1, malformed: 2, long: 3, contradiction: 4 } as const;

/** Bytes of text that the engine holds at first. */
const FIRST_ROOM = 2 ** 16;
/** Greatest bytes of text that it holds, and so of a piece. */
export const MAX_ROOM: number = 2 ** 22;
/** Bytes that loops may read or write after their range. */
const SLACK = 128;
/** Ids of several calls that share a buffer. */
const SHARED_IDS = 4096;

/** Engine of one vocabulary. A call ends before the next begins, so its users share it. */
export class TextEngine {
  /** Address of the text. */
  readonly text: number;
  /** All bytes of the memory; replaced when it grows. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Where the text goes. */
  room: Uint8Array<ArrayBuffer>;
  /** Words of the tokens of the last call: id, length shifted by 22, and the bit 31 at the end of a piece. */
  words: Uint32Array<ArrayBuffer>;
  /** Number of words. */
  count = 0;
  /** Why the last call stopped, from {@linkcode STOP}. */
  reason: number = STOP.done;
  readonly #memory: BpeEngineMemory;
  readonly #functions: EngineFunctions;
  #report: Uint32Array;
  #ids: Uint32Array<ArrayBuffer> = new Uint32Array(SHARED_IDS);
  #shared = 0;
  #dead = 0;
  #out = 0;
  #chosen = 0;

  /**
   * Creates an engine.
   *
   * @param tables Tables of byte pair encoding over bytes.
   */
  constructor(tables: EngineTables) {
    this.#memory = createEngineMemory(tables);
    this.#functions = this.#memory.functions;
    this.text = this.#memory.end;
    const { bytes, words, report, room } = this.#place(FIRST_ROOM);
    this.bytes = bytes;
    this.words = words;
    this.#report = report;
    this.room = room;
  }

  /** Bytes of text that fit. */
  get capacity(): number {
    return this.room.length;
  }

  /**
   * Makes room for a longer text; the text that is held stays.
   *
   * @param capacity Bytes, at most {@linkcode MAX_ROOM}.
   */
  grow(capacity: number): void {
    // Zero bytes are expected behind the text, where it may now go.
    this.bytes.fill(0, this.#dead);
    const { bytes, words, report, room } = this.#place(capacity);
    this.bytes = bytes;
    this.words = words;
    this.#report = report;
    this.room = room;
  }

  /**
   * Tokenizes the text from its beginning, where a piece begins.
   *
   * @param length Bytes of text.
   * @param longest Bytes of a piece, with its lookahead, at which the call stops.
   * @param isEnd Whether the text ends there; otherwise its last piece may go on.
   * @param counts Counters to which lookups are added.
   * @returns Number of bytes before the first piece that was not tokenized.
   * @throws {OnpathError} `table` if the tables contradict each other.
   */
  run(length: number, longest: number, isEnd: boolean, counts: TextLookups): number {
    const { text } = this, report = this.#report;
    const stop = this.#functions.tokenize(
      text,
      text + length,
      longest,
      isEnd ? 1 : 0,
      this.#out,
      this.#dead,
      this.#chosen,
    );
    this.count = report[0]!;
    this.reason = report[1]!;
    counts.points += report[2]!;
    counts.automaton += report[3]!;
    counts.candidates += report[4]!;
    counts.pairs += report[5]!;
    if (this.reason === STOP.contradiction) throw noProgress("a piece has no bytes or no tokens");
    return stop - text;
  }

  /** Copies the ids of the last call. Few ids become a part of a larger buffer: to allocate one costs more. */
  ids(): Uint32Array<ArrayBuffer> {
    const { count, words } = this;
    if (count > SHARED_IDS / 4) {
      this.#functions.toIds(this.#out, count);
      return words.slice(0, count);
    }
    let at = this.#shared;
    // A caller may have transferred the buffer, which empties it.
    if (at + count > this.#ids.length) {
      this.#ids = new Uint32Array(SHARED_IDS);
      at = 0;
    }
    this.#shared = at + count;
    const ids = this.#ids.subarray(at, at + count);
    for (let n = 0; n < count; n++) ids[n] = words[n]! & ID_MASK;
    return ids;
  }

  /** Moves the end of the text to its beginning. */
  keep(from: number, to: number): void {
    this.room.copyWithin(0, from, to);
  }

  #place(capacity: number) {
    const { memory, report } = this.#memory;
    this.#dead = this.text + capacity + SLACK;
    this.#out = this.#dead + capacity + SLACK;
    this.#chosen = this.#out + 4 * capacity + SLACK;
    const end = this.#chosen + 8 * capacity + SLACK;
    growTo(memory, end);
    const { buffer } = memory;
    return {
      bytes: new Uint8Array(buffer),
      room: new Uint8Array(buffer, this.text, capacity),
      words: new Uint32Array(buffer, this.#out, capacity + SLACK / 4),
      report: new Uint32Array(buffer, report, 6),
    };
  }
}

const engines = new WeakMap<EngineTables, TextEngine>();

/**
 * Returns the engine of a vocabulary; cached for each vocabulary.
 *
 * @param tables Tables of the vocabulary.
 * @returns The engine, or null if the vocabulary needs the plain path: WordPiece, Unigram, merges of characters,
 * runs of one unit with a rule of their own, or pieces that are dropped.
 */
export function textEngine(tables: EngineTables): TextEngine | null {
  const { bpe, drop } = tables;
  // The engine reads from a pair the token that it makes. The blocked pairs of runs make none.
  const isKnown = bpe !== null && bpe.units === "bytes" && (bpe.runs ?? []).length === 0;
  if (!isKnown || drop.length > 0) return null;
  let engine = engines.get(tables);
  if (engine === undefined) {
    engine = new TextEngine(tables);
    engines.set(tables, engine);
  }
  return engine;
}
