/**
 * A kernel of the RTL linked with its movers, before the memory of an emulated card. The hardware reads and writes that
 * memory itself, through AXI4 ports that answer late and pause.
 *
 * @module
 */

import { COUNTER, counterAddress, REGISTER } from "../../../kernels/rtl/registers.ts";
import { type Deferred, deferred } from "../../../serialize/deferred.ts";
import { checkInteger, OnpathError } from "../../../serialize/errors.ts";
import { openWave, type WaveText } from "../rtl/wave.ts";
import type { CardMemory } from "./memory.ts";

/** Exports of a build with harness `card`, `kernels/rtl/harness/host.cpp`. */
interface LinkedExports {
  readonly memory: WebAssembly.Memory;
  __wasm_call_ctors(): void;
  reset(): void;
  run_until(units: number, most: number): number;
  set_memory(pause: number, latency: number, seed: number): void;
  moves_so_far(): number;
  violations(): number;
  write_register(unit: number, address: number, value: number): void;
  read_register(unit: number, address: number): number;
}

/** Further exports of a build with waveforms. */
interface LinkedWave extends WaveText {
  readonly wave_cycles: (first: number, end: number) => void;
}

/** Units of a linked kernel, by their number in the harness. */
export const LINKED_UNIT = { kernel: 0, packets: 1, tables: 2 } as const;

/** Name of a unit. */
export type LinkedUnit = keyof typeof LINKED_UNIT;

/** Bytes of a beat of memory. */
const BEAT = 64;

/** Behaviour of the card's memory: cycles to a burst's first beat, as HBM has them, and chances in 16 of a pause. */
const MEMORY = { pause: 1, latency: 32, seed: 1 } as const;

/** Control bit that starts a unit. */
const START = 1;

/** Maximum cycles that are simulated before other work of the process has its turn. */
const SLICE_CYCLES = 2 ** 11;

/**
 * Cycles without a beat of memory and without work inside the kernel after which the simulation stops until a register
 * is written: what runs then waits for packets or pages of the host.
 */
const IDLE_CYCLES = 2 ** 13;

/** Cycles of work that reading the two counters may seem to add: the second is read some cycles after the first. */
const READ_CYCLES = 64;

/** Clock that all waveforms assume. */
const CLOCK_MHZ = 250;

/** Cycles of a waveform, and who receives it. */
export interface CardWave {
  /** First cycle to write, counted from the reset. Registers that the host reads and writes take cycles too. */
  readonly first: number;
  /** Cycle behind the last one to write, greater than `first`. */
  readonly end: number;
  /** Receives the file in consecutive pieces. A piece is valid until the function returns. */
  readonly write: (chunk: Uint8Array) => void;
}

/** What a linked kernel has besides its memory. */
export interface LinkedOptions {
  /** Whether memory refuses a beat that is read. Default never. */
  readonly refuses?: ((address: number) => boolean) | undefined;
  /** Waveform to write. The build must support waveforms. */
  readonly wave?: CardWave | undefined;
}

/** A kernel with its movers. */
export interface LinkedKernel {
  /** Writes a register of 32 bits. */
  readonly write: (unit: LinkedUnit, offset: number, value: number) => void;
  /** Reads a register of 32 bits. */
  readonly read: (unit: LinkedUnit, offset: number) => number;
  /**
   * Starts a unit. Resolves when it is done.
   *
   * @throws {OnpathError} `device` when the hardware breaks a rule of AXI4.
   */
  readonly start: (unit: LinkedUnit) => Promise<void>;
}

/**
 * Instantiates a linked kernel and resets it.
 *
 * @param module Build with harness `card`.
 * @param memory Memory of the card. Beats outside of its buffers are answered with an error.
 * @param options Faults of the memory, and a waveform.
 * @throws {OnpathError} `device` when a waveform is wanted and the build writes none.
 */
export async function openLinkedKernel(
  module: WebAssembly.Module,
  memory: CardMemory,
  { refuses = () => false, wave }: LinkedOptions = {},
): Promise<LinkedKernel> {
  const place = (low: number, high: number) => (low >>> 0) + 2 ** 32 * (high >>> 0);
  const { exports } = await WebAssembly.instantiate(module, {
    card: {
      read: (low: number, high: number, to: number) => {
        const at = place(low, high);
        const beat = refuses(at) ? undefined : memory.find(at, BEAT);
        if (beat !== undefined) own.set(beat, to);
        return beat === undefined ? 0 : 1;
      },
      write: (low: number, high: number, from: number, first: number, end: number) => {
        const beat = memory.find(place(low, high) + first, end - first);
        beat?.set(own.subarray(from + first, from + end));
        return beat === undefined ? 0 : 1;
      },
      // Called when the text of a waveform has filled its memory.
      wave: (at: number, size: number) => wave?.write(own.subarray(at, at + size)),
    },
  });
  const rtl = exports as unknown as LinkedExports;
  rtl.__wasm_call_ctors();
  rtl.reset();
  rtl.set_memory(MEMORY.pause, MEMORY.latency, MEMORY.seed);
  const own = new Uint8Array(rtl.memory.buffer);
  const drain = wave === undefined ? () => {} : beginWave(exports as unknown as LinkedWave, wave);

  const read = (unit: LinkedUnit, offset: number) => {
    const value = rtl.read_register(LINKED_UNIT[unit], offset) >>> 0;
    drain();
    return value;
  };
  const count = (index: number) => read("kernel", counterAddress(index));
  /**
   * Cycles in which a packet was inside and waited for no table, modulo 2^32. A tokenizer may work for 100,000 of them
   * on a long piece without a beat, because its words are on chip.
   */
  const workSoFar = () => (count(COUNTER.cycles) - count(COUNTER.stalls)) >>> 0;
  const running = new Map<LinkedUnit, Deferred<void>>();
  let isSimulating = false;
  // Cycles since a beat of memory moved, a packet was worked on, or the host wrote a register.
  let idle = 0;

  /** Simulates while a unit runs and something moves. */
  const simulate = async () => {
    idle = 0;
    if (isSimulating) return;
    isSimulating = true;
    for (let moves = rtl.moves_so_far(), work = 0; running.size > 0 && idle < IDLE_CYCLES;) {
      const set = [...running.keys()].reduce((bits, unit) => bits | (1 << LINKED_UNIT[unit]), 0);
      const done = rtl.run_until(set, SLICE_CYCLES);
      drain();
      const now = rtl.moves_so_far();
      // Registers are read only where nothing moved: a read takes cycles itself.
      if (now !== moves) idle = 0;
      else {
        const worked = workSoFar();
        idle = (worked - work) >>> 0 < READ_CYCLES ? idle + SLICE_CYCLES : 0;
        work = worked;
      }
      moves = now;
      const rule = rtl.violations();
      for (const [unit, { resolve, reject }] of running) {
        if (rule !== 0) {
          reject(new OnpathError("device", `Cannot run ${unit}: rule ${rule} of AXI4 is broken`));
        } else if (((done >> LINKED_UNIT[unit]) & 1) === 0) continue;
        else resolve();
        running.delete(unit);
      }
      await new Promise((resolve) => setTimeout(resolve));
    }
    isSimulating = false;
  };

  return {
    write: (unit, offset, value) => {
      rtl.write_register(LINKED_UNIT[unit], offset, value);
      drain();
      // What runs may have waited for this.
      if (running.size > 0) void simulate();
    },
    read,
    start: (unit) => {
      const end = deferred<void>();
      running.set(unit, end);
      rtl.write_register(LINKED_UNIT[unit], REGISTER.control, START);
      void simulate();
      return end.promise;
    },
  };
}

/** Begins a waveform, and returns a function that passes on the text since. */
function beginWave(rtl: LinkedWave, { first, end, write }: CardWave): () => void {
  checkInteger("first cycle", first, 0, Number.MAX_SAFE_INTEGER);
  checkInteger("end cycle", end, first + 1, Number.MAX_SAFE_INTEGER);
  const drain = openWave(rtl, `a kernel with its movers, cycles ${first} to ${end - 1}`, write, CLOCK_MHZ);
  rtl.wave_cycles(first, end);
  return drain;
}
