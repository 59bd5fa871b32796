/**
 * A kernel linked with its movers, as the emulated card runs it, before a memory whose manners a test sets.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { rtlProgram } from "../../kernels/image/rtl/program.ts";
import {
  MOVER_ERRORS,
  moverAddress,
  PACKETS_ARGUMENTS,
  PACKETS_STATUS,
  TABLE_LIST,
  type TableListEntry,
  TABLES_ARGUMENTS,
  writeTableListEntry,
} from "../../kernels/rtl/movers.ts";
import { type PageCommand, pageWords } from "../../kernels/rtl/page_commands.ts";
import { argumentAddress, COUNTER, counterAddress, DROP_REASONS } from "../../kernels/rtl/registers.ts";
import { HEADER_BYTES, OFFSET } from "../../serialize/header.ts";
import { type CoverageExports, keepCoverage } from "./coverage.ts";
import type { MemoryManners } from "./host.ts";
import { readRtl } from "./rtl.ts";

interface LinkedExports {
  readonly memory: WebAssembly.Memory;
  __wasm_call_ctors(): void;
  reset(): void;
  set_memory(pause: number, latency: number, seed: number): void;
  run_until(units: number, most: number): number;
  violations(): number;
  cycles_so_far(): number;
  write_register(unit: number, address: number, value: number): void;
  read_register(unit: number, address: number): number;
}

const UNIT = { kernel: 0, packets: 1, tables: 2 } as const;

/** Where things are in the card's memory: packets, answers behind their status, a list, tables and pages. */
const PLACE = {
  packets: 0,
  answers: 2 ** 24,
  list: 2 ** 25,
  tables: 2 ** 25 + 2 ** 24,
  end: 2 ** 26,
} as const;

/** Address of a core's words: beyond 32 bits, and a page before the next multiple of 2^32. */
const WORDS = 5 * 2 ** 32 - 4096;

/** A run that takes more cycles has gone wrong. */
const MOST = 2_000_000;

/** What a kernel is loaded with, besides the words of its memory. */
export interface Contents {
  /** Arguments in the order of the registers. */
  readonly values: readonly number[];
  /** Tables by number, with their entries from index 0. */
  readonly tables: readonly { readonly table: number; readonly entries: ArrayLike<number> }[];
}

/** Counts of the kernel. */
export interface LinkedCounts {
  readonly cycles: number;
  readonly stalls: number;
  readonly swaps: number;
  readonly drops: Readonly<Record<string, number>>;
}

/** A kernel with its movers in a test. */
export interface Linked {
  /** How memory behaves from now on. */
  manners(manners: MemoryManners): void;
  /** Sets the arguments of a plan for images and loads its tables. */
  load(plan: ImagePlan): void;
  /** Sets arguments, loads tables, and gives the core's port its words; `refuses` the beat at an offset of them. */
  fill(contents: Contents, words?: Uint8Array, refuses?: (offset: number) => boolean): void;
  /** Writes pages and a list of loads to memory. */
  list(commands: readonly PageCommand[]): void;
  /** Starts the list that was written. */
  startList(): void;
  /** Starts a run of packets, each in a slot of `slot` bytes; `room` answers are stored, by default one a packet. */
  startPackets(packets: readonly Uint8Array[], slot: number, room?: number): void;
  /** Runs until both movers are done; fails when that takes too long. */
  finish(): void;
  /** Runs at most so many cycles. Returns whether the mover of packets is done. */
  wait(cycles: number): boolean;
  /** Cycles since the reset. `wait` looks every 64 cycles, so a run's end is known to 70. */
  clock(): number;
  /** Answers of the last run. */
  answers(): Uint8Array[];
  counts(): LinkedCounts;
  /** Beats that memory has refused the mover of tables. */
  errors(): number;
  /** Reads a register of the kernel. */
  read(address: number): number;
  /** Lets memory refuse the beat at an address of a page from now on; null none. */
  poison(page: number | null): void;
}

/** Instantiates a kernel with its movers, by default that of images. */
export async function openLinked(build = "linked_image"): Promise<Linked> {
  const memory = new Uint8Array(PLACE.end);
  const view = new DataView(memory.buffer);
  let poisoned: number | null = null;
  let pageBytes = 0;
  let words = new Uint8Array();
  let refusesWord = (_: number) => false;
  const { instance } = await WebAssembly.instantiate(await readRtl(build), {
    card: {
      read: (low: number, high: number, to: number) => {
        const at = (low >>> 0) + 2 ** 32 * high;
        if (at >= PLACE.end) {
          const offset = at - WORDS;
          assert(offset >= 0 && offset < words.length, `no word at ${at}`);
          own.fill(0, to, to + 64);
          own.set(words.subarray(offset, offset + 64), to);
          return refusesWord(offset) ? 0 : 1;
        }
        if (at === poisoned) return 0;
        own.set(memory.subarray(at, at + 64), to);
        return 1;
      },
      write: (low: number, _high: number, from: number, first: number, end: number) => {
        memory.set(own.subarray(from + first, from + end), (low >>> 0) + first);
        return 1;
      },
    },
  });
  if ("coverage_at" in instance.exports) keepCoverage(build, instance.exports as unknown as CoverageExports);
  const card = instance.exports as unknown as LinkedExports;
  card.__wasm_call_ctors();
  card.reset();
  const own = new Uint8Array(card.memory.buffer);
  const running = new Set<number>();
  let entries = 0;
  let slotBytes = 64;

  const argument = <
    A extends readonly {
      readonly name: string;
      readonly kind: "buffer" | "scalar";
      readonly meaning: string;
    }[],
  >(
    unit: number,
    list: A,
    values: Readonly<Record<A[number]["name"], number>>,
  ) => {
    for (const { name } of list) {
      card.write_register(unit, moverAddress(list, name), values[name as A[number]["name"]]);
    }
  };
  const start = (unit: number) => {
    card.write_register(unit, 0, 1);
    running.add(unit);
  };
  const wait = (cycles: number) => {
    const set = [...running].reduce((bits, unit) => bits | (1 << unit), 0);
    const done = card.run_until(set, cycles);
    assert.equal(card.violations(), 0, "no rule of AXI4 is broken");
    for (const unit of [...running]) if ((done >> unit) & 1) running.delete(unit);
    return !running.has(UNIT.packets);
  };
  const finish = () => {
    for (let spent = 0; running.size > 0; spent += 2048) {
      assert(spent < MOST, `units ${[...running]} do not end`);
      wait(2048);
    }
  };
  const startList = () => {
    argument(UNIT.tables, TABLES_ARGUMENTS, { list: PLACE.list, count: entries, memory: 0 });
    start(UNIT.tables);
  };
  const write = (all: readonly TableListEntry[]) => {
    entries = all.length;
    assert(PLACE.list + TABLE_LIST.bytes * entries <= PLACE.tables);
    const list = new DataView(memory.buffer, PLACE.list);
    all.forEach((entry, at) => writeTableListEntry(list, at, entry));
  };
  const read = (counter: number) => card.read_register(UNIT.kernel, counterAddress(counter)) >>> 0;
  const fill = ({ values, tables }: Contents, given = new Uint8Array(), refuses = (_: number) => false) => {
    [words, refusesWord] = [given, refuses];
    const list = given.length === 0 ? values : [...values, WORDS];
    list.forEach((value, at) => {
      card.write_register(UNIT.kernel, argumentAddress(at), value % 2 ** 32);
      card.write_register(UNIT.kernel, argumentAddress(at) + 4, Math.floor(value / 2 ** 32));
    });
    start(UNIT.kernel);
    finish();
    let at: number = PLACE.tables;
    write(tables.map(({ table, entries }): TableListEntry => {
      const address = at;
      for (const entry of Array.from(entries)) {
        view.setUint32(at, entry % 2 ** 32, true);
        view.setUint32(at + 4, Math.floor(entry / 2 ** 32), true);
        at += 8;
      }
      at = Math.ceil(at / 64) * 64;
      return { words: [table * 65536, entries.length], address, entries: entries.length, width: 8 };
    }));
    startList();
    finish();
  };

  return {
    manners: ({ pause, latency, seed }) => card.set_memory(pause, latency, seed),
    fill,
    load: (plan) => {
      const { build, ...contents } = rtlProgram(plan);
      assert.equal(build, "terms");
      fill(contents);
    },
    list: (commands) => {
      pageBytes = Math.ceil(Math.max(64, ...commands.map(({ entries }) => entries.length)) / 64) * 64;
      const places = new Map<number, number>();
      write(commands.map(({ words, entries, perWord }): TableListEntry => {
        // A page is in memory once, however often it is loaded.
        const page = words[0]! & 0xffff;
        if (entries.length > 0 && !places.has(page)) {
          places.set(page, PLACE.tables + pageBytes * page);
          assert(places.get(page)! + pageBytes <= PLACE.end);
          memory.set(entries, places.get(page)!);
        }
        return {
          words,
          address: places.get(page) ?? 0,
          entries: pageWords(entries.length, perWord),
          width: perWord === 1 ? 4 : 32,
        };
      }));
    },
    startList,
    startPackets: (packets, slot, room = packets.length) => {
      assert(PLACE.packets + packets.length * slot <= PLACE.answers);
      packets.forEach((bytes, n) => memory.set(bytes, PLACE.packets + n * slot));
      slotBytes = slot;
      memory.fill(0, PLACE.answers, PLACE.list);
      argument(UNIT.packets, PACKETS_ARGUMENTS, {
        from: PLACE.packets,
        to: PLACE.answers,
        count: packets.length,
        slot,
        answer: slot,
        room,
      });
      start(UNIT.packets);
    },
    finish,
    wait,
    clock: () => card.cycles_so_far(),
    answers: () => {
      const count = view.getUint32(PLACE.answers + PACKETS_STATUS.answers, true);
      return Array.from({ length: count }, (_, n) => {
        const at = PLACE.answers + PACKETS_STATUS.bytes + n * slotBytes;
        return memory.slice(at, at + HEADER_BYTES + view.getUint16(at + OFFSET.length, true));
      });
    },
    counts: () => ({
      cycles: read(COUNTER.cycles),
      stalls: read(COUNTER.stalls),
      swaps: read(COUNTER.swaps),
      drops: Object.fromEntries(
        DROP_REASONS.map((name, at) => [name, read(COUNTER.drops + at)] as const).filter(([, count]) =>
          count > 0
        ),
      ),
    }),
    errors: () => card.read_register(UNIT.tables, MOVER_ERRORS) >>> 0,
    read: (address) => card.read_register(UNIT.kernel, address) >>> 0,
    poison: (page) => void (poisoned = page === null ? null : PLACE.tables + pageBytes * page),
  };
}
