/**
 * Fitted steps on one row as functions of a cell. The transform, the composition and the devices use them.
 *
 * @module
 */

import type {
  ArithmeticStep,
  BoundsStep,
  CodesStep,
  HashStep,
  JsonCell,
  OneHotStep,
  Term,
  ValueStep,
} from "./fitted/steps.ts";
import { bucketOf, murmur3 } from "./hash.ts";
import type { Cell, ColumnType } from "./table.ts";
import { isInteger, isMissing, roundTo } from "./values.ts";

/** Function of a cell. Undefined: the value is refused. */
export type CellFunction = (cell: Cell) => Cell | undefined;

/** Written column of a fitted step on one row. */
export interface ColumnMap {
  /** Name of the written column. */
  readonly to: string;
  /** Type of the written column; every result is a value of that type. */
  readonly type: ColumnType;
  /** Computes a cell. */
  readonly apply: CellFunction;
}

/**
 * Makes the functions of a step, one for each written column.
 *
 * @param step Step on one row.
 * @param from Type of the column that is read.
 */
export function mapsOf(step: ValueStep, from: ColumnType): ColumnMap[] {
  if (step.op === "one_hot") return oneHot(step);
  if (step.op === "hash") return hash(step);
  const { to, type } = step;
  return [{ to, type, apply: single(step, from) }];
}

function single(step: Exclude<ValueStep, OneHotStep | HashStep>, from: ColumnType): CellFunction {
  switch (step.op) {
    case "fill": {
      const { missing, type } = step;
      const value = cellOf(type, step.value);
      const replaced = Number(missing);
      const isReplaced = Number.isNaN(replaced) ? isMissing : (cell: Cell) => cell === replaced;
      return (cell) => isReplaced(cell) ? value : held(type, cell);
    }
    case "flag":
      return (cell) => isMissing(cell) ? 1 : 0;
    case "arithmetic":
      return arithmetic(step);
    case "bounds":
      return bounds(step);
    case "codes":
      return codes(step);
    case "bins": {
      const { edges, type } = step;
      return (cell) => isMissing(cell) ? undefined : held(type, countAtMost(edges, cell as number));
    }
    case "threshold": {
      const { threshold } = step;
      return (cell) => isMissing(cell) ? undefined : (cell as number) > threshold ? 1 : 0;
    }
    case "cast": {
      const { type } = step;
      if (isInteger(type) && !isInteger(from)) {
        return (cell) => isMissing(cell) ? undefined : held(type, Math.trunc(cell as number));
      }
      return (cell) => held(type, cell);
    }
  }
}

/** Cell of a type that a fitted value stands for; undefined if the type cannot hold it. */
export function cellOf(type: ColumnType, value: JsonCell): Cell | undefined {
  return type === "text" ? String(value) : roundTo(type, Number(value));
}

function held(type: ColumnType, cell: Cell): Cell | undefined {
  return type === "text" ? cell : roundTo(type, cell as number);
}

/** Operations of {@linkcode Term}, in f64. */
const OPERATIONS: Readonly<Record<Term["op"], (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  min: Math.min,
  max: Math.max,
};

function arithmetic({ terms, type }: ArithmeticStep): CellFunction {
  const list = terms.map(({ op, value }) => ({ operation: OPERATIONS[op], value }));
  return (cell) => {
    let result = roundTo(type, cell as number)!;
    for (const { operation, value } of list) result = roundTo(type, operation(result, value))!;
    return result;
  };
}

function bounds({ low, high, action, type }: BoundsStep): CellFunction {
  if (action === "clip") return (cell) => roundTo(type, Math.min(high, Math.max(low, cell as number)));
  const isOut = (cell: Cell) => (cell as number) < low || (cell as number) > high;
  return action === "mark" ? (cell) => isOut(cell) ? 1 : 0 : (cell) => isOut(cell) ? NaN : held(type, cell);
}

function codes(step: CodesStep): CellFunction {
  const { type, keys, values, unknown, missing } = step;
  const known = new Map<Cell, Cell | undefined>(
    keys.map((key, index) => [key, cellOf(type, values[index]!)]),
  );
  const other = unknown === null ? undefined : cellOf(type, unknown);
  const absent = missing === null ? undefined : cellOf(type, missing);
  return (cell) => isMissing(cell) ? absent : known.has(cell) ? known.get(cell) : other;
}

function oneHot({ to, type, keys, slots, unknown, missing }: OneHotStep): ColumnMap[] {
  const known = new Map<Cell, number>(keys.map((key, index) => [key, slots[index]!]));
  return to.map((name, slot) => {
    const other = found(unknown, slot);
    const absent = found(missing, slot);
    return {
      to: name,
      type,
      apply: (cell) => {
        if (isMissing(cell)) return absent;
        const own = known.get(cell);
        return own === undefined ? other : own === slot ? 1 : 0;
      },
    };
  });
}

function found(own: number | null, slot: number): number | undefined {
  return own === null ? undefined : own === slot ? 1 : 0;
}

function hash({ to, type, buckets, as, alternateSign }: HashStep): ColumnMap[] {
  if (as === "index") {
    return [{
      to: to[0]!,
      type,
      apply: (cell) => cell === null ? NaN : roundTo(type, bucketOf(murmur3(cell as string), buckets)),
    }];
  }
  return to.map((name, bucket) => ({
    to: name,
    type,
    apply: (cell) => {
      if (cell === null) return 0;
      const code = murmur3(cell as string);
      if (bucketOf(code, buckets) !== bucket) return 0;
      return roundTo(type, alternateSign && code < 0 ? -1 : 1);
    },
  }));
}

/** Counts the ascending edges that are at most a value. */
export function countAtMost(edges: readonly number[], value: number): number {
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Reason that a step refuses a value, for a message. */
export function refusalOf(step: ValueStep, cell: Cell): string {
  const { type } = step;
  const isKeyed = step.op === "codes" || step.op === "one_hot";
  if (isKeyed) return isMissing(cell) ? "is missing, and that is no category" : "is no fitted category";
  return isMissing(cell) ? "is missing: impute it first" : `does not fit type ${type}`;
}
