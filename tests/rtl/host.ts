/**
 * A kernel with its movers before memory, as WebAssembly: what a host does with them, cycle by cycle.
 *
 * @module
 */

import assert from "node:assert/strict";
import { argumentAddress } from "../../kernels/rtl/registers.ts";
import { moverAddress, PACKETS_ARGUMENTS, TABLES_ARGUMENTS } from "../../kernels/rtl/movers.ts";
import { type CoverageExports, keepCoverage } from "./coverage.ts";
import { readRtl } from "./rtl.ts";

/** What the harness exports, `kernels/rtl/harness/host.cpp`. */
interface HostExports {
  readonly memory: WebAssembly.Memory;
  __wasm_call_ctors(): void;
  memory_at(): number;
  memory_bytes(): number;
  words_at(): number;
  words_count(): number;
  words_clear(): void;
  violations(): number;
  unconfirmed(): number;
  cycles_so_far(): number;
  set_memory(pause: number, latency: number, seed: number): void;
  set_longer(bytes: number): void;
  set_poison(from: number, to: number): void;
  reset(): void;
  run(cycles: number): void;
  write_register(unit: number, address: number, value: number): void;
  read_register(unit: number, address: number): number;
}

/** Units of the harness by number. */
export const UNIT = { core: 0, packets: 1, tables: 2 } as const;

/** How memory behaves: chances of 16 that a port pauses, cycles to a burst's first beat. */
export interface MemoryManners {
  readonly pause: number;
  readonly latency: number;
  readonly seed: number;
}

/** Where memory begins for the kernels. */
export const MEMORY_BASE: number = 2 ** 34;

/** What a run of the mover of packets is given; `from` and `to` are places in memory. */
export type PacketsRun = Readonly<Record<(typeof PACKETS_ARGUMENTS)[number]["name"], number>>;

/** A card in a test. */
export interface Host {
  /** The card's memory. */
  readonly memory: Uint8Array;
  /** How memory behaves from now on. */
  manners(manners: MemoryManners): void;
  /** How many bytes more than there are an answer's header says from now on; may be less than 0. */
  longer(bytes: number): void;
  /** Lets memory refuse the beats in a range of places from now on. */
  poison(from: number, to: number): void;
  /** Sets the core's arguments. */
  configure(values: readonly number[]): void;
  /** Reads a register. */
  read(unit: number, address: number): number;
  /** Writes a register. */
  write(unit: number, address: number, value: number): void;
  /** Starts the mover of packets and waits for its end, doing something now and then; gives the cycles. */
  packets(run: PacketsRun, meanwhile?: () => void): number;
  /** Starts the mover of tables and waits for its end; gives the words that it has sent, and the cycles. */
  tables(list: number, count: number): { readonly words: bigint[]; readonly cycles: number };
}

const CONTROL = 0;
const START = 1, DONE = 2;
/** A run that takes longer has gone wrong. */
const MOST = 400_000;

/** Instantiates the build and resets it. */
export async function openHost(): Promise<Host> {
  const { instance } = await WebAssembly.instantiate(await readRtl("host_echo"), {});
  if ("coverage_at" in instance.exports) {
    keepCoverage("host_echo", instance.exports as unknown as CoverageExports);
  }
  const card = instance.exports as unknown as HostExports;
  card.__wasm_call_ctors();
  card.reset();
  const memory = new Uint8Array(card.memory.buffer, card.memory_at(), card.memory_bytes());
  const set = (unit: number, address: number, value: number) => {
    card.write_register(unit, address, value % 2 ** 32);
    card.write_register(unit, address + 4, Math.floor(value / 2 ** 32));
  };
  const finish = (unit: number, every: number, meanwhile = () => {}): number => {
    const from = card.cycles_so_far();
    card.write_register(unit, CONTROL, START);
    for (;;) {
      assert.equal(card.violations(), 0, "no rule of the ports is broken");
      // Done may be told while the register is on its way, so memory is asked first.
      const open = card.unconfirmed();
      if ((card.read_register(unit, CONTROL) & DONE) !== 0) {
        assert.equal(open, 0, "memory has confirmed all of it");
        break;
      }
      assert(card.cycles_so_far() - from < MOST, `the mover did not end, rule ${card.violations()}`);
      card.run(every);
      meanwhile();
    }
    assert.equal(card.violations(), 0, "no rule of the ports is broken");
    return card.cycles_so_far() - from;
  };
  return {
    memory,
    manners: ({ pause, latency, seed }) => card.set_memory(pause, latency, seed),
    longer: (bytes) => card.set_longer(bytes & 0xffff),
    poison: card.set_poison,
    configure: (values) => {
      values.forEach((value, place) => card.write_register(UNIT.core, argumentAddress(place), value));
      card.write_register(UNIT.core, CONTROL, START);
      while ((card.read_register(UNIT.core, CONTROL) & DONE) === 0) {
        assert(card.cycles_so_far() < MOST, "the core does not take its arguments");
        card.run(1);
      }
    },
    read: card.read_register,
    write: card.write_register,
    packets: (run, meanwhile) => {
      for (const { name, kind } of PACKETS_ARGUMENTS) {
        const value = kind === "buffer" ? MEMORY_BASE + run[name] : run[name];
        set(UNIT.packets, moverAddress(PACKETS_ARGUMENTS, name), value);
      }
      return finish(UNIT.packets, 8, meanwhile);
    },
    tables: (list, count) => {
      set(UNIT.tables, moverAddress(TABLES_ARGUMENTS, "list"), MEMORY_BASE + list);
      set(UNIT.tables, moverAddress(TABLES_ARGUMENTS, "count"), count);
      card.words_clear();
      const cycles = finish(UNIT.tables, 8);
      const words = new BigUint64Array(card.memory.buffer, card.words_at(), card.words_count());
      return { words: [...words], cycles };
    },
  };
}
