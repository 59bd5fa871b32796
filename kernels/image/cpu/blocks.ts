/**
 * Blocks: the order in which source rows are copied into memory and output rows are computed from them.
 *
 * @module
 */

/** Rows that are copied together, and the output rows that are then computed. Plain data. */
export interface Block {
  /** First row to copy. */
  readonly row: number;
  /** Number of rows to copy. */
  readonly rows: number;
  /** First output row. */
  readonly output: number;
  /** Number of output rows. */
  readonly outputs: number;
}

/** Rows that each output row needs, both ends included. Neither array decreases. */
export interface Spans {
  /** First row. */
  readonly first: Int32Array;
  /** Last row. */
  readonly last: Int32Array;
}

/** Bytes of one block: source rows in a part of the second-level cache. */
const BLOCK_BYTES = 65536;

/**
 * Cuts output rows into blocks that hold all rows of their outputs. Rows of two blocks may overlap.
 *
 * @param spans Rows of each output.
 * @param rowBytes Bytes of a row.
 */
export function blocksWithRows({ first, last }: Spans, rowBytes: number): Block[] {
  const most = Math.floor(BLOCK_BYTES / rowBytes);
  const blocks: Block[] = [];
  for (let output = 0; output < first.length;) {
    let end = output + 1, needed = last[output]! - first[output]! + 1;
    for (; end < first.length; end++) {
      const span = last[end]! - first[output]! + 1;
      needed += Math.max(0, last[end]! - Math.max(first[end]! - 1, last[end - 1]!));
      // Rows between those that are needed cost a copy; a copy of its own costs more than they do.
      if (span > most || span > 2 * needed) break;
    }
    const row = first[output]!;
    blocks.push({ row, rows: last[end - 1]! - row + 1, output, outputs: end - output });
    output = end;
  }
  return blocks;
}

/**
 * Cuts rows into blocks that each row is in at most once; outputs follow their last row.
 *
 * @param spans Rows of each output.
 * @param rowBytes Bytes of a row.
 */
export function blocksOnce({ first, last }: Spans, rowBytes: number): Block[] {
  const most = Math.max(2, Math.floor(BLOCK_BYTES / rowBytes) & ~1);
  const blocks: Block[] = [];
  const end = (last.at(-1) ?? -1) + 1;
  let output = 0;
  for (let row = first[0] ?? 0; row < end;) {
    const rows = Math.min(most, end - row);
    const start = output;
    while (output < last.length && last[output]! < row + rows) output++;
    blocks.push({ row, rows, output: start, outputs: output - start });
    row += rows;
  }
  return blocks;
}

/** Greatest number of rows of any block. */
export function blockRows(blocks: readonly Block[]): number {
  return blocks.reduce((most, { rows }) => Math.max(most, rows), 1);
}
