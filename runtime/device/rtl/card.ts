/**
 * RTL as WebAssembly, driven as a card is: registers, a stream of tables, packets in and packets out.
 *
 * @module
 */

import { checkWhole, OnpathError } from "../../../serialize/errors.ts";
import { argumentAddress, COUNTER, counterAddress, REGISTER } from "../../../kernels/rtl/registers.ts";
import type { RtlExports, WaveExports } from "./exports.ts";
import type { PageCommand } from "../../../kernels/rtl/page_commands.ts";
import { createWave, type WaveOptions } from "./wave.ts";

/** Bytes and packets that go in at once. */
export const CARD_LIMITS = { bytes: 2 ** 21, packets: 2 ** 12 } as const;

/** Chances in 16 that an end of the stream pauses in a cycle, and what the generator begins with. */
export interface Pauses {
  /** Of the sender. */
  readonly send?: number;
  /** Of the receiver. */
  readonly take?: number;
  /** Where the generator of pauses begins. */
  readonly seed?: number;
}

/** How long external memory takes. */
export interface MemoryLatency {
  /** Cycles from a request to its word, at least 1. */
  readonly least?: number;
  /** Up to so many more, at random. */
  readonly more?: number;
  /** Chances in 16 that no request is taken in a cycle. */
  readonly pause?: number;
  /** Where the generator of both begins. */
  readonly seed?: number;
}

/** What is counted since the last reset. */
export interface CardCounters {
  /** Cycles with a packet inside. */
  readonly cycles: number;
  /** Words of tables, one a cycle. */
  readonly words: number;
  /** Cycles in which a packet waited for a table. */
  readonly stalls: number;
  /** Pages that were taken into use. */
  readonly swaps: number;
  /** Bus words of packets that came. */
  readonly beatsIn: number;
  /** Bus words of packets that left. */
  readonly beatsOut: number;
  /** Packets out. */
  readonly packets: number;
  /** Packets dropped, by the number of the check. */
  readonly drops: readonly number[];
}

/**
 * What the harness answers when it wants room for answers, more words of pages, or room for the waveform's text.
 */
const FULL = -2, HUNGRY = -3, WRITTEN = -4;

/** Numbers of checks that the hardware has counters for. */
const REASONS = 20;

/** Hardware that takes packets: an instance is a card. */
export interface RtlCard {
  /** Resets it: registers are zero, nothing is inside. Tables stay. */
  reset(): void;
  /**
   * Sets the arguments, in order, and starts; they hold from the next packet on. Pages are forgotten, queued
   * commands too. Packets of another plan are dropped until the tables that the arguments count are loaded.
   *
   * @throws {OnpathError} `device` when packets are inside, or a table that was queued is not complete.
   */
  start(values: readonly number[]): void;
  /** Loads entries of up to 53 bits into a table, from its first entry on. */
  loadTable(table: number, entries: ArrayLike<number>): void;
  /** Queues commands for the table stream; they go beside the packets of the next runs. */
  queue(commands: readonly PageCommand[]): void;
  /** Whether commands that were queued are not all taken yet. */
  waiting(): boolean;
  /** The bytes that packets are written to, one behind the other. */
  readonly input: Uint8Array<ArrayBuffer>;
  /** Where each packet ends in {@linkcode RtlCard.input}. */
  readonly ends: Uint32Array<ArrayBuffer>;
  /** The bytes of the answers, one behind the other. */
  readonly output: Uint8Array<ArrayBuffer>;
  /** Where each answer ends in {@linkcode RtlCard.output}. */
  readonly answers: Uint32Array<ArrayBuffer>;
  /** The socket that each packet comes from, as a network shell says in TDEST. */
  readonly sockets: Uint16Array<ArrayBuffer>;
  /** The socket that each answer goes to. */
  readonly answered: Uint16Array<ArrayBuffer>;
  /**
   * Sends the first packets of the input and waits until none is inside.
   *
   * @param count Packets.
   * @param pauses Pauses on both ends.
   * @param most Cycles at most.
   * @param full Called when there is no room for more answers, with their number: it copies those that there
   * are. No cycle passes meanwhile.
   * @returns Number of answers, but for those that `full` was told of.
   * @throws {OnpathError} `device` when that takes more cycles than `most`, or more room than there is.
   */
  run(count: number, pauses?: Pauses, most?: number, full?: (count: number) => void): number;
  /** External memory; of no bytes where the kernel reads none. A reset leaves it as it is. */
  readonly memory: Uint8Array<ArrayBuffer>;
  /** Says how long external memory takes from now on. */
  setLatency(latency: MemoryLatency): void;
  /** Reads the counters' registers. */
  counters(): CardCounters;
  /** Reads a register. */
  read(address: number): number;
  /** Writes a register. */
  write(address: number, value: number): void;
}

/**
 * Makes an instance and resets it.
 *
 * @param module The compiled WebAssembly of a kernel.
 * @param wave A waveform to write, of a kernel that was built for it.
 * @param clockMHz The clock that is assumed, for the waveform's time.
 * @throws {OnpathError} `size` when the waveform's packets are no range; `device` when the kernel was not
 * built for it.
 */
export async function openRtlCard(
  module: WebAssembly.Module,
  wave?: WaveOptions,
  clockMHz = 250,
): Promise<RtlCard> {
  const { exports } = await WebAssembly.instantiate(module, {});
  return driveRtl(exports as unknown as RtlExports, wave, clockMHz);
}

/**
 * Resets an instance, and drives it.
 *
 * @param rtl The instance; addresses that it exports are places in its memory.
 * @param wave A waveform to write, of a kernel that was built for it.
 * @param clockMHz The clock that is assumed, for the waveform's time.
 * @throws {OnpathError} `size` when the waveform's packets are no range; `device` when the kernel was not
 * built for it.
 */
export function driveRtl(rtl: RtlExports, wave?: WaveOptions, clockMHz = 250): RtlCard {
  rtl.__wasm_call_ctors();
  rtl.reset();
  const written = wave && createWave(rtl as unknown as WaveExports, wave, clockMHz);
  // The memory has grown until here and never will again, so that its buffer stays.
  const { buffer } = rtl.memory;
  const { bytes, packets } = CARD_LIMITS;
  const input = new Uint8Array(buffer, rtl.input_at(), bytes);
  const words = new DataView(buffer, rtl.input_at(), bytes);
  const read = (address: number) => rtl.read_register(address) >>> 0;
  const count = (place: number) => read(counterAddress(place));
  const feed = createFeed(rtl);
  return {
    reset: rtl.reset,
    start: (values) => {
      values.forEach((value, place) => rtl.write_register(argumentAddress(place), value));
      rtl.write_register(REGISTER.control, 1);
      const isTaken = () => (read(REGISTER.control) & 1) === 0;
      // Start stays until no packet is inside, and until the command that is under way has ended.
      let taken = isTaken();
      for (const [low, high] of taken ? [] : feed.rest()) {
        words.setUint32(0, low, true);
        words.setUint32(4, high, true);
        if (rtl.load(1) !== 0) break;
        taken = isTaken();
        if (taken) break;
      }
      feed.clear();
      if (!taken) throw new OnpathError("device", "Cannot start: the RTL does not take its arguments");
    },
    loadTable: (table, entries) => {
      // A table of no entries is its first word alone.
      let from = 0;
      do {
        const here = Math.min(entries.length - from, bytes / 8 - 1);
        words.setUint32(0, table * 65536 + from, true);
        words.setUint32(4, here, true);
        for (let n = 0; n < here; n++) {
          const entry = entries[from + n]!;
          words.setUint32(8 * n + 8, entry % 2 ** 32, true);
          words.setUint32(8 * n + 12, Math.floor(entry / 2 ** 32), true);
        }
        if (rtl.load(here + 1) !== 0) {
          throw new OnpathError("device", "Cannot load a table: packets are inside the RTL");
        }
        from += here;
      } while (from < entries.length);
    },
    queue: feed.queue,
    waiting: feed.waiting,
    input,
    ends: new Uint32Array(buffer, rtl.ends_at(), packets),
    output: new Uint8Array(buffer, rtl.output_at(), bytes),
    answers: new Uint32Array(buffer, rtl.answers_at(), packets),
    sockets: new Uint16Array(buffer, rtl.sockets_at(), packets),
    answered: new Uint16Array(buffer, rtl.answered_at(), packets),
    run: (packetCount, { send = 0, take = 0, seed = 1 } = {}, most = 2 ** 22, full) => {
      checkWhole("a number of packets of", packetCount, 0, packets);
      written?.begin(packetCount);
      let given = rtl.run(packetCount, send, take, seed, most, feed.fill());
      while (given === HUNGRY || given === WRITTEN || (given === FULL && full !== undefined)) {
        if (given === WRITTEN) written?.drain();
        if (given === FULL) {
          full!(rtl.found_so_far());
          rtl.make_room();
        }
        given = rtl.go_on(feed.fill());
      }
      written?.drain();
      if (given < 0) {
        const why = given === -1
          ? `did not end within ${most} cycles`
          : "gave more answers than there is room for";
        throw new OnpathError("device", `Cannot run ${packetCount} packets: the RTL ${why}`, {
          packets: packetCount,
          most,
        });
      }
      return given;
    },
    memory: new Uint8Array(buffer, rtl.memory_at?.() ?? 0, rtl.memory_bytes?.() ?? 0),
    setLatency: ({ least = 1, more = 0, pause = 0, seed = 1 }) => {
      checkWhole("a latency of", least, 1, 2 ** 16);
      checkWhole("a latency of up to", more, 0, 2 ** 16);
      // A port that takes nothing would hang.
      checkWhole("a chance of", pause, 0, 15);
      rtl.memory_latency?.(least, more, pause, seed);
    },
    counters: () => ({
      cycles: count(COUNTER.cycles) + 2 ** 32 * count(COUNTER.cyclesUpper),
      words: count(COUNTER.words),
      stalls: count(COUNTER.stalls),
      swaps: count(COUNTER.swaps),
      beatsIn: count(COUNTER.beatsIn),
      beatsOut: count(COUNTER.beatsOut),
      packets: count(COUNTER.packets),
      drops: Array.from({ length: REASONS }, (_, reason) => count(COUNTER.drops + reason)),
    }),
    read,
    write: rtl.write_register,
  };
}

/** Commands that wait in the host's memory, and the ring of words that the harness takes them from. */
function createFeed(rtl: RtlExports) {
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
    /** Low and high halves of the words that wait, in their order. */
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
    /** Whether words are in the ring, or wait for room there. */
    waiting: (): boolean => pending.length > 0 || rtl.words_room() < most,
    /** Fills the ring; 1 when there is more than fits. */
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
