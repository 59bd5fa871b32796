/**
 * Block memories: how many BRAMs and URAMs a table takes. A block has two ports, so a table that is
 * looked up n times a cycle stands in n/2 copies, and it is the copies that fill a card.
 *
 * @module
 */

import type { TableInfo } from "../kernel.ts";
import type { DeviceProfile } from "../../target/profile.ts";

/** Ports of a block, both of BRAM and URAM. */
const PORTS = 2;
/** Widths and depths of a RAMB36 with two independent ports (UG573). */
const BRAM_SHAPES = [[36, 1024], [18, 2048], [9, 4096], [4, 8192], [2, 16384], [1, 32768]] as const;
/** A URAM288 has one shape (UG573). */
const URAM = { width: 72, depth: 4096 };

/** Numbers of blocks. */
export interface Blocks {
  /** RAMB36. */
  readonly bram: number;
  /** URAM288. */
  readonly uram: number;
}

/** A table with its place. Plain data. */
export interface PlacedTable extends TableInfo {
  /** The kernel that it belongs to. */
  readonly kernel: string;
  /** Copies, for the ports that its lookups need. */
  readonly copies: number;
  /** How often it stands: 1, or the number of page slots. */
  readonly slots: number;
  /** Kind of block. */
  readonly memory: "bram" | "uram";
  /** Blocks, all copies and slots together. */
  readonly blocks: number;
}

/** Blocks that one kernel instance may take. */
export function blockBudget({ bram, uram, usable, instances }: DeviceProfile): Blocks {
  return {
    bram: Math.floor(bram * usable / instances),
    uram: Math.floor(uram * usable / instances),
  };
}

/** Bits of blocks, to compare unlike ones. */
export function blockBits({ bram, uram }: Blocks): number {
  return 36864 * bram + 294912 * uram;
}

/** RAMB36 of one copy of a table. */
export function bramBlocks(entries: number, bits: number): number {
  return Math.min(
    ...BRAM_SHAPES.map(([width, depth]) => Math.ceil(bits / width) * Math.ceil(entries / depth)),
  );
}

/** URAM288 of one copy of a table; entries of at most 36 bits share a word. */
export function uramBlocks(entries: number, bits: number): number {
  const words = bits > URAM.width
    ? entries * Math.ceil(bits / URAM.width)
    : Math.ceil(entries / Math.floor(URAM.width / bits));
  return Math.ceil(words / URAM.depth);
}

/**
 * Places tables, the largest first, each where it wastes less and where there is room.
 *
 * @param tables Tables with the lookups that each must serve in a cycle.
 * @param budget Blocks that there are.
 * @returns The tables with their places, or null when they do not fit.
 */
export function placeTables(
  tables:
    readonly (TableInfo & { readonly kernel: string; readonly perCycle: number; readonly slots: number })[],
  budget: Blocks,
): PlacedTable[] | null {
  let { bram, uram } = budget;
  const placed = new Map<number, PlacedTable>();
  const order = tables.map((_, at) => at).sort((a, b) => tables[b]!.bytes - tables[a]!.bytes);
  for (const at of order) {
    const { perCycle, slots, ...table } = tables[at]!;
    const copies = Math.max(1, Math.ceil(perCycle / PORTS));
    const inBram = copies * slots * bramBlocks(table.entries, table.bits);
    const inUram = copies * slots * uramBlocks(table.entries, table.bits);
    const bramFirst = blockBits({ bram: inBram, uram: 0 }) <= blockBits({ bram: 0, uram: inUram });
    const memory = bramFirst
      ? inBram <= bram ? "bram" : inUram <= uram ? "uram" : null
      : inUram <= uram
      ? "uram"
      : inBram <= bram
      ? "bram"
      : null;
    if (memory === null) return null;
    if (memory === "bram") bram -= inBram;
    else uram -= inUram;
    placed.set(at, { ...table, copies, slots, memory, blocks: memory === "bram" ? inBram : inUram });
  }
  return tables.map((_, at) => placed.get(at)!);
}

/** Blocks that placed tables take together. */
export function sumBlocks(tables: readonly PlacedTable[]): Blocks {
  const of = (memory: PlacedTable["memory"]) =>
    tables.reduce((sum, table) => sum + (table.memory === memory ? table.blocks : 0), 0);
  return { bram: of("bram"), uram: of("uram") };
}
