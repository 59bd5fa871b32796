/**
 * Queue of page words for the RTL: commands pending in host memory, and the harness's ring.
 *
 * @module
 */

import { type PageCommand, pageWords } from "../../../kernels/rtl/page_commands.ts";
import type { RtlExports } from "./exports.ts";

/** Commands for the table stream, which are sent beside packets. */
export interface PageFeed {
  /** Iterates over all pending words in order, as low and high 32-bit halves. */
  readonly rest: () => Generator<readonly [low: number, high: number]>;
  /** Appends commands. */
  readonly queue: (commands: readonly PageCommand[]) => void;
  /** Discards all commands. */
  readonly clear: () => void;
  /** Whether words are in the ring, or pending in host memory. */
  readonly hasQueued: () => boolean;
  /** Fills the ring. Returns 1 if words stay pending in host memory, else 0. */
  readonly fill: () => number;
}

/**
 * Makes an empty feed.
 *
 * @param rtl Exports of the instance whose ring is filled.
 */
export function createFeed(rtl: RtlExports): PageFeed {
  const capacity = rtl.words_most();
  // 32-bit parts of a word.
  const parts = (rtl.words_bytes?.() ?? 8) / 4;
  const ring = new Uint32Array(rtl.memory.buffer, rtl.words_at(), parts * capacity);
  const pending: PageCommand[] = [];
  let done = 0; // words of the first pending command that are already in the ring
  /** Copies at capacity `free` words of a command, from word `done` on. Returns the number copied. */
  const copy = (command: PageCommand, free: number): number => {
    const count = Math.min(free, wordCount(command) - done);
    for (let n = 0, to = parts * rtl.words_next(); n < count; n++, to = (to + parts) % (parts * capacity)) {
      for (let part = 0; part < parts; part++) ring[to + part] = wordPart(command, done + n, part);
    }
    return count;
  };
  return {
    *rest(): Generator<readonly [number, number]> {
      const count = capacity - rtl.words_room();
      const first = rtl.words_next() + capacity - count;
      for (let at = first; at < first + count; at++) {
        const from = parts * (at % capacity);
        yield [ring[from]!, ring[from + 1]!];
      }
      let skip = done;
      for (const command of pending) {
        for (let at = skip; at < wordCount(command); at++) {
          yield [wordPart(command, at, 0), wordPart(command, at, 1)];
        }
        skip = 0;
      }
    },
    queue: (commands: readonly PageCommand[]): void => {
      pending.push(...commands);
    },
    clear: (): void => {
      rtl.words_clear();
      pending.length = done = 0;
    },
    hasQueued: (): boolean => pending.length > 0 || rtl.words_room() < capacity,
    fill: (): number => {
      let from = 0;
      for (let free = rtl.words_room(); free > 0 && from < pending.length; free = rtl.words_room()) {
        const command = pending[from]!;
        const count = copy(command, free);
        rtl.words_add(count);
        done += count;
        if (done < wordCount(command)) break;
        from++;
        done = 0;
      }
      pending.splice(0, from);
      return pending.length > 0 ? 1 : 0;
    },
  };
}

/** Returns the words of a command on the stream. */
function wordCount({ words, entries, perWord }: PageCommand): number {
  return words.length / 2 + pageWords(entries.length, perWord);
}

/** Returns 32 bits of a command's word: its lower half, its upper half, or beyond them the entries of a wide word. */
function wordPart({ words, entries, perWord }: PageCommand, at: number, part: number): number {
  const entry = at - words.length / 2;
  if (entry < 0) return part < 2 ? words[2 * at + part]! : 0;
  const from = 4 * (perWord * entry + part);
  if (part >= perWord || from >= entries.length) return 0;
  return (entries[from]! | (entries[from + 1]! << 8) | (entries[from + 2]! << 16) |
    (entries[from + 3]! << 24)) >>> 0;
}
