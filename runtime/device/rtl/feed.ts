/**
 * Words of pages on their way into the RTL: those that wait in the host's memory, and the harness's ring.
 *
 * @module
 */

import type { PageCommand } from "../../../kernels/rtl/page_commands.ts";
import type { RtlExports } from "./exports.ts";

/** Commands for the table stream, beside packets. */
export interface PageFeed {
  /** Lists the words that wait, low and high halves, in their order. */
  readonly rest: () => Generator<readonly [low: number, high: number]>;
  /** Appends commands. */
  readonly queue: (commands: readonly PageCommand[]) => void;
  /** Forgets all commands. */
  readonly clear: () => void;
  /** Whether words are in the ring, or wait for room there. */
  readonly waiting: () => boolean;
  /** Fills the ring; returns 1 if more words wait than fit, else 0. */
  readonly fill: () => number;
}

/**
 * Makes an empty feed.
 *
 * @param rtl The instance.
 */
export function createFeed(rtl: RtlExports): PageFeed {
  const most = rtl.words_most();
  const ring = new Uint32Array(rtl.memory.buffer, rtl.words_at(), 2 * most);
  const pending: PageCommand[] = [];
  let done = 0; // words of the first pending command that are in the ring
  /** Copies words of a command from `done` on; returns how many. */
  const copy = ({ words, entries }: PageCommand, room: number): number => {
    const heads = words.length / 2;
    const view = new DataView(entries.buffer, entries.byteOffset, entries.length);
    const count = Math.min(room, heads + entries.length / 4 - done);
    for (let n = 0, to = 2 * rtl.words_next(); n < count; n++, to = (to + 2) % (2 * most)) {
      const at = done + n;
      ring[to] = at < heads ? words[2 * at]! : view.getUint32(4 * (at - heads), true);
      ring[to + 1] = at < heads ? words[2 * at + 1]! : 0;
    }
    return count;
  };
  return {
    *rest(): Generator<readonly [number, number]> {
      const count = most - rtl.words_room();
      const first = rtl.words_next() + most - count;
      for (let at = first; at < first + count; at++) {
        yield [ring[2 * (at % most)]!, ring[2 * (at % most) + 1]!];
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
    waiting: (): boolean => pending.length > 0 || rtl.words_room() < most,
    fill: (): number => {
      let from = 0;
      for (let room = rtl.words_room(); room > 0 && from < pending.length; room = rtl.words_room()) {
        const command = pending[from]!;
        const count = copy(command, room);
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
