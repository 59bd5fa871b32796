/**
 * Queue of page words for the RTL: commands pending in host memory, and the harness's ring.
 *
 * @module
 */

import type { PageCommand } from "../../../kernels/rtl/page_commands.ts";
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
  const ring = new Uint32Array(rtl.memory.buffer, rtl.words_at(), 2 * capacity);
  const pending: PageCommand[] = [];
  let done = 0; // words of the first pending command that are already in the ring
  /** Copies at capacity `free` words of a command, from word `done` on. Returns the number copied. */
  const copy = ({ words, entries }: PageCommand, free: number): number => {
    const heads = words.length / 2;
    const view = new DataView(entries.buffer, entries.byteOffset, entries.length);
    const count = Math.min(free, heads + entries.length / 4 - done);
    for (let n = 0, to = 2 * rtl.words_next(); n < count; n++, to = (to + 2) % (2 * capacity)) {
      const at = done + n;
      ring[to] = at < heads ? words[2 * at]! : view.getUint32(4 * (at - heads), true);
      ring[to + 1] = at < heads ? words[2 * at + 1]! : 0;
    }
    return count;
  };
  return {
    *rest(): Generator<readonly [number, number]> {
      const count = capacity - rtl.words_room();
      const first = rtl.words_next() + capacity - count;
      for (let at = first; at < first + count; at++) {
        yield [ring[2 * (at % capacity)]!, ring[2 * (at % capacity) + 1]!];
      }
      let skip = done;
      for (const { words, entries } of pending) {
        const heads = words.length / 2;
        const view = new DataView(entries.buffer, entries.byteOffset, entries.length);
        for (let at = skip; at < heads + entries.length / 4; at++) {
          yield at < heads
            ? [words[2 * at]!, words[2 * at + 1]!]
            : [view.getUint32(4 * (at - heads), true), 0];
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
        if (done < command.words.length / 2 + command.entries.length / 4) break;
        from++;
        done = 0;
      }
      pending.splice(0, from);
      return pending.length > 0 ? 1 : 0;
    },
  };
}
