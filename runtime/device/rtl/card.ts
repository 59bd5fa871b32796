/**
 * RTL as WebAssembly, driven as a card is: registers, a stream of tables, packets in and packets out.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../../../serialize/errors.ts";
import { argumentAddress, COUNTER, counterAddress, REGISTER } from "../../../kernels/rtl/registers.ts";
import type { RtlExports, WaveExports } from "./exports.ts";
import type { PageCommand } from "../../../kernels/rtl/page_commands.ts";
import { createFeed } from "./feed.ts";
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

/** Cycles of a random read of HBM through its switch: about 130 ns idle, some more under load, at 250 MHz. */
export const HBM_LATENCY: MemoryLatency = { least: 32, more: 16 };

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
 * Results of the harness other than a number of answers: the cycle limit is reached, answers fill the output, words
 * of pages are needed, a waveform's text is to be taken.
 */
const LIMIT_REACHED = -1, OUTPUT_FULL = -2, NEED_WORDS = -3, WAVE_READY = -4;

/** Cycles that one call computes: a few milliseconds. */
const SLICE_CYCLES = 2 ** 11;

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
  /**
   * {@linkcode RtlCard.run} in slices of some milliseconds: the end of each is a yield. Until the generator returns,
   * packets are inside, and registers must not be read.
   */
  steps(
    count: number,
    pauses?: Pauses,
    most?: number,
    full?: (count: number) => void,
  ): Generator<void, number, void>;
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
  const steps: RtlCard["steps"] = function* (
    packetCount,
    { send = 0, take = 0, seed = 1 } = {},
    most = 2 ** 22,
    full,
  ) {
    checkInteger("packet count", packetCount, 0, packets);
    written?.begin(packetCount);
    let limit = Math.min(most, SLICE_CYCLES);
    let given = rtl.run(packetCount, send, take, seed, limit, feed.fill());
    for (;;) {
      if (given === LIMIT_REACHED && limit < most) {
        limit = Math.min(most, limit + SLICE_CYCLES);
        rtl.allow(limit);
        yield;
      } else if (given === WAVE_READY) written?.drain();
      else if (given === OUTPUT_FULL && full !== undefined) {
        full(rtl.found_so_far());
        rtl.make_room();
      } else if (given !== NEED_WORDS) break;
      given = rtl.go_on(feed.fill());
    }
    written?.drain();
    if (given < 0) {
      const why = given === LIMIT_REACHED
        ? `did not end within ${most} cycles`
        : "gave more answers than there is room for";
      throw new OnpathError("device", `Cannot run ${packetCount} packets: the RTL ${why}`, {
        packets: packetCount,
        most,
      });
    }
    return given;
  };
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
    run: (...packets) => {
      const slices = steps(...packets);
      for (;;) {
        const { done, value } = slices.next();
        if (done) return value;
      }
    },
    steps,
    memory: new Uint8Array(buffer, rtl.memory_at?.() ?? 0, rtl.memory_bytes?.() ?? 0),
    setLatency: ({ least = 1, more = 0, pause = 0, seed = 1 }) => {
      checkInteger("latency in cycles", least, 1, 2 ** 16);
      checkInteger("extra latency in cycles", more, 0, 2 ** 16);
      // A port that takes nothing would hang.
      checkInteger("pause chance", pause, 0, 15);
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
