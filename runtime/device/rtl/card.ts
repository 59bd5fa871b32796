/**
 * RTL in WebAssembly with the interface of a card: registers, a table stream, packets in and packets out.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../../../serialize/errors.ts";
import { argumentAddress, COUNTER, counterAddress, REGISTER } from "../../../kernels/rtl/registers.ts";
import type { RtlExports, WaveExports } from "./exports.ts";
import type { PageCommand } from "../../../kernels/rtl/page_commands.ts";
import { createFeed } from "./feed.ts";
import { createWave, type WaveOptions } from "./wave.ts";

/** Maximum bytes and packets of one run. */
export const CARD_LIMITS = { bytes: 2 ** 21, packets: 2 ** 12 } as const;

/** Random pauses at both ends of the packet stream. */
export interface Pauses {
  /** Chances in 16 that the sender pauses in a cycle. Default 0. */
  readonly send?: number;
  /** Chances in 16 that the receiver pauses in a cycle. Default 0. */
  readonly take?: number;
  /** Seed of the random pauses. Default 1. */
  readonly seed?: number;
}

/** Latency of external memory. */
export interface MemoryLatency {
  /** Minimum cycles from a request to its word, 1 to 65,536. Default 1. */
  readonly minCycles?: number;
  /** Maximum random extra cycles, 0 to 65,536. Default 0. */
  readonly extraCycles?: number;
  /** Chances in 16 that the memory accepts no request in a cycle, 0 to 15. Default 0. */
  readonly pause?: number;
  /** Seed of the extra cycles and the pauses. Default 1. */
  readonly seed?: number;
}

/** Latency of a random HBM read through its switch at 250 MHz: about 130 ns idle, and more under load. */
export const HBM_LATENCY: MemoryLatency = { minCycles: 32, extraCycles: 16 };

/** Counts since the last reset. */
export interface CardCounters {
  /** Cycles with a packet inside. */
  readonly cycles: number;
  /** Table words loaded, one a cycle. */
  readonly words: number;
  /** Cycles in which a packet waited for a table. */
  readonly stalls: number;
  /** Pages that became resident. */
  readonly swaps: number;
  /** Bus words of packets received. */
  readonly beatsIn: number;
  /** Bus words of answers sent. */
  readonly beatsOut: number;
  /** Answers sent. */
  readonly packets: number;
  /** Packets dropped, by the index of the failed check. */
  readonly drops: readonly number[];
}

/**
 * Negative results of the harness: the cycle limit is reached, answers fill the output, page words are needed, or
 * the waveform's text must be copied.
 */
const LIMIT_REACHED = -1, OUTPUT_FULL = -2, NEED_WORDS = -3, WAVE_READY = -4;

/** Cycles that one call simulates: a few milliseconds of host time. */
const SLICE_CYCLES = 2 ** 11;

/** Checks that have a drop counter in the hardware. */
const REASONS = 20;

/** One instance of the hardware. */
export interface RtlCard {
  /** Resets the instance: registers become zero and packets inside are discarded. Tables stay loaded. */
  reset(): void;
  /**
   * Sets the arguments in order and starts. They apply from the next packet on. Resident pages and queued commands
   * are discarded. Packets of the plan are dropped until the tables that the arguments count are loaded.
   *
   * @throws {OnpathError} `device` when packets are inside, or a queued table is incomplete.
   */
  start(values: readonly number[]): void;
  /** Loads entries of up to 53 bits each into a table, from its first entry on. */
  loadTable(table: number, entries: ArrayLike<number>): void;
  /** Queues commands for the table stream. They are sent during the next runs, beside the packets. */
  queue(commands: readonly PageCommand[]): void;
  /** Whether queued commands have not all been sent. */
  hasQueued(): boolean;
  /** Packets to send, one directly behind the other. */
  readonly input: Uint8Array<ArrayBuffer>;
  /** End offset of each packet in {@linkcode RtlCard.input}, in bytes. */
  readonly ends: Uint32Array<ArrayBuffer>;
  /** Answers, one directly behind the other. */
  readonly output: Uint8Array<ArrayBuffer>;
  /** End offset of each answer in {@linkcode RtlCard.output}, in bytes. */
  readonly answers: Uint32Array<ArrayBuffer>;
  /** Source socket of each packet, as a network shell passes it in TDEST. */
  readonly sockets: Uint16Array<ArrayBuffer>;
  /** Destination socket of each answer. */
  readonly answered: Uint16Array<ArrayBuffer>;
  /**
   * Sends the first `count` packets of the input and simulates until all of them have left.
   *
   * @param count Packets to send, 0 to 4096.
   * @param pauses Pauses at both ends. Default none.
   * @param maxCycles Cycle limit. Default 2^22.
   * @param onFull Called with the number of answers when the output is full. It must copy them. No cycle passes
   * meanwhile.
   * @returns Number of answers since the last call of `onFull`.
   * @throws {OnpathError} `device` when the run exceeds the cycle limit, or the output is full and `onFull` is absent.
   */
  run(count: number, pauses?: Pauses, maxCycles?: number, onFull?: (count: number) => void): number;
  /**
   * {@linkcode RtlCard.run} in slices of some milliseconds, with a yield after each. Registers must not be read before
   * the generator returns, because packets are inside.
   */
  steps(
    count: number,
    pauses?: Pauses,
    maxCycles?: number,
    onFull?: (count: number) => void,
  ): Generator<void, number, void>;
  /** External memory, kept over a reset; empty if the kernel reads none. */
  readonly memory: Uint8Array<ArrayBuffer>;
  /** Sets the latency of external memory for the following cycles. */
  setLatency(latency: MemoryLatency): void;
  /** Reads all counters. */
  counters(): CardCounters;
  /** Reads a register of 32 bits at a byte address. */
  read(address: number): number;
  /** Writes a register of 32 bits at a byte address. */
  write(address: number, value: number): void;
}

/**
 * Instantiates a build and resets it.
 *
 * @param module Compiled WebAssembly of a build.
 * @param wave Waveform to write. The build must support waveforms.
 * @param clockMHz Assumed clock, for the waveform's time scale. Default 250.
 * @throws {OnpathError} `size` when the waveform's packet range is invalid; `device` when the build writes no
 * waveforms.
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
 * Resets an instance and wraps its exports.
 *
 * @param rtl Exports of the instance. Exported addresses are byte offsets in its memory.
 * @param wave Waveform to write. The build must support waveforms.
 * @param clockMHz Assumed clock, for the waveform's time scale. Default 250.
 * @throws {OnpathError} `size` when the waveform's packet range is invalid; `device` when the build writes no
 * waveforms.
 */
export function driveRtl(rtl: RtlExports, wave?: WaveOptions, clockMHz = 250): RtlCard {
  rtl.__wasm_call_ctors();
  rtl.reset();
  const written = wave && createWave(rtl as unknown as WaveExports, wave, clockMHz);
  // The memory does not grow after the reset, so these views stay valid.
  const { buffer } = rtl.memory;
  const { bytes, packets } = CARD_LIMITS;
  const input = new Uint8Array(buffer, rtl.input_at(), bytes);
  const words = new DataView(buffer, rtl.input_at(), bytes);
  const read = (address: number) => rtl.read_register(address) >>> 0;
  const count = (index: number) => read(counterAddress(index));
  const feed = createFeed(rtl);
  const steps: RtlCard["steps"] = function* (
    packetCount,
    { send = 0, take = 0, seed = 1 } = {},
    maxCycles = 2 ** 22,
    onFull,
  ) {
    checkInteger("packet count", packetCount, 0, packets);
    written?.begin(packetCount);
    let limit = Math.min(maxCycles, SLICE_CYCLES);
    let given = rtl.run(packetCount, send, take, seed, limit, feed.fill());
    for (;;) {
      if (given === LIMIT_REACHED && limit < maxCycles) {
        limit = Math.min(maxCycles, limit + SLICE_CYCLES);
        rtl.allow(limit);
        yield;
      } else if (given === WAVE_READY) written?.drain();
      else if (given === OUTPUT_FULL && onFull !== undefined) {
        onFull(rtl.found_so_far());
        rtl.make_room();
      } else if (given !== NEED_WORDS) break;
      given = rtl.go_on(feed.fill());
    }
    written?.drain();
    if (given < 0) {
      const why = given === LIMIT_REACHED
        ? `did not end within ${maxCycles} cycles`
        : "returned more answers than its output holds";
      throw new OnpathError("device", `Cannot run ${packetCount} packets: the RTL ${why}`, {
        packets: packetCount,
        most: maxCycles,
      });
    }
    return given;
  };
  return {
    reset: rtl.reset,
    start: (values) => {
      values.forEach((value, index) => rtl.write_register(argumentAddress(index), value));
      rtl.write_register(REGISTER.control, 1);
      const isTaken = () => (read(REGISTER.control) & 1) === 0;
      // The start bit stays set until no packet is inside and the table command in progress has ended.
      let taken = isTaken();
      for (const [low, high] of taken ? [] : feed.rest()) {
        words.setUint32(0, low, true);
        words.setUint32(4, high, true);
        if (rtl.load(1) !== 0) break;
        taken = isTaken();
        if (taken) break;
      }
      feed.clear();
      if (!taken) throw new OnpathError("device", "Cannot start: the RTL did not accept its arguments");
    },
    loadTable: (table, entries) => {
      // An empty table is sent as its command word alone.
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
    hasQueued: feed.hasQueued,
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
    setLatency: ({ minCycles = 1, extraCycles = 0, pause = 0, seed = 1 }) => {
      checkInteger("latency in cycles", minCycles, 1, 2 ** 16);
      checkInteger("extra latency in cycles", extraCycles, 0, 2 ** 16);
      // A chance of 16 would accept no request, and the run would hang.
      checkInteger("pause chance", pause, 0, 15);
      rtl.memory_latency?.(minCycles, extraCycles, pause, seed);
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
