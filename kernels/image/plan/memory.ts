/**
 * Block memory of tables: the BRAMs and URAMs that they occupy. A block has two ports. A table with n lookups
 * a cycle therefore needs n/2 copies, and the copies fill the card.
 *
 * @module
 */

import type { TableInfo } from "../kernel.ts";
import type { DeviceProfile } from "../../target/profile.ts";

/** Ports of a memory block, for BRAM and URAM. */
const PORTS = 2;
/** Width in bits and depth of a RAMB36 with two independent ports (UG573). */
const BRAM_SHAPES = [[36, 1024], [18, 2048], [9, 4096], [4, 8192], [2, 16384], [1, 32768]] as const;
/** Width in bits and depth of a URAM288, which has a single shape (UG573). */
const URAM = { width: 72, depth: 4096 };

/** Number of memory blocks by type. */
export interface Blocks {
  /** Number of RAMB36, 36 Kb each. */
  readonly bram: number;
  /** Number of URAM288, 288 Kb each. */
  readonly uram: number;
}

/** Table with its block memory. Plain data. */
export interface PlacedTable extends TableInfo {
  /** Kernel that the table belongs to. */
  readonly kernel: string;
  /** Copies needed for the ports of all lookups in a cycle. */
  readonly copies: number;
  /** Instances of the table: 1, or the number of page slots. */
  readonly slots: number;
  /** Type of memory block. */
  readonly memory: "bram" | "uram";
  /** Number of blocks for all copies and slots. */
  readonly blocks: number;
}

/** Returns the memory blocks that one kernel instance may use. */
export function blockBudget({ bram, uram, usable, instances }: DeviceProfile): Blocks {
  return {
    bram: Math.floor(bram * usable / instances),
    uram: Math.floor(uram * usable / instances),
  };
}

/** Returns the bits of blocks, to compare blocks of different types. */
export function blockBits({ bram, uram }: Blocks): number {
  return 36864 * bram + 294912 * uram;
}

/** Returns the RAMB36 of one copy of a table. */
export function bramBlocks(entries: number, bits: number): number {
  return Math.min(
    ...BRAM_SHAPES.map(([width, depth]) => Math.ceil(bits / width) * Math.ceil(entries / depth)),
  );
}

/** Returns the URAM288 of one copy of a table. Entries of at most 36 bits share a word. */
export function uramBlocks(entries: number, bits: number): number {
  const words = bits > URAM.width
    ? entries * Math.ceil(bits / URAM.width)
    : Math.ceil(entries / Math.floor(URAM.width / bits));
  return Math.ceil(words / URAM.depth);
}

/**
 * Places tables in block memory, largest first. Each goes to the type that wastes fewer bits, if blocks are
 * left.
 *
 * @param tables Tables with their lookups a cycle and their slots.
 * @param budget Available memory blocks.
 * @returns Placed tables, or null if they do not fit.
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

/** Returns the total memory blocks of placed tables. */
export function sumBlocks(tables: readonly PlacedTable[]): Blocks {
  const of = (memory: PlacedTable["memory"]) =>
    tables.reduce((sum, table) => sum + (table.memory === memory ? table.blocks : 0), 0);
  return { bram: of("bram"), uram: of("uram") };
}
