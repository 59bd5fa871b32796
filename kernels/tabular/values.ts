/**
 * Values of columns: rounding to a type, reading cells, and building columns of cells.
 *
 * @module
 */

import { fromBFloat16Bits, fromFloat16Bits, toBFloat16Bits, toFloat16Bits } from "../../serialize/dtype.ts";
import {
  type Cell,
  type Column,
  type ColumnType,
  isValid,
  numberArray,
  type NumberColumn,
  type NumberType,
  type TextColumn,
} from "./table.ts";

/** Limits of the integer types. */
export const INTEGER_LIMITS: Readonly<Partial<Record<ColumnType, readonly [min: number, max: number]>>> = {
  i8: [-128, 127],
  i16: [-32768, 32767],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u8: [0, 255],
  u16: [0, 65535],
  u32: [0, 2 ** 32 - 1],
};

/** Whether a type holds integers. */
export function isInteger(type: ColumnType): boolean {
  return type in INTEGER_LIMITS;
}

/** Float type of arithmetic on a column: that of its values; f64 for integers, f32 for bf16. */
export function arithmeticType(type: ColumnType): "f64" | "f32" | "f16" {
  return type === "f16" || type === "f32" ? type : type === "bf16" ? "f32" : "f64";
}

/**
 * Rounds a number to a type, ties to even, once.
 *
 * @returns Value of the type, NaN for NaN; undefined if an integer type cannot hold the number.
 */
export function roundTo(type: NumberType, value: number): number | undefined {
  switch (type) {
    case "f64":
      return value;
    case "f32":
      return Math.fround(value);
    case "f16":
      return roundToHalf(value);
    case "bf16":
      return fromBFloat16Bits(toBFloat16Bits(value));
    default: {
      const [min, max] = INTEGER_LIMITS[type]!;
      return Number.isNaN(value) || (Number.isInteger(value) && value >= min && value <= max)
        ? value
        : undefined;
    }
  }
}

/** Rounds to binary16 without the step over binary32, which would round some numbers twice. */
export function roundToHalf(value: number): number {
  const magnitude = Math.abs(value);
  if (!(magnitude < 65520)) return magnitude >= 65520 ? Math.sign(value) * Infinity : value;
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  const unit = 2 ** (exponent - 10);
  const units = magnitude / unit;
  // Above 2^52 a float has no fraction, so that the addition rounds.
  const rounded = (units + 2 ** 52 - 2 ** 52) * unit;
  return value < 0 || Object.is(value, -0) ? -rounded : rounded;
}

/** Whether a cell has no value. */
export function isMissing(cell: Cell): boolean {
  return cell === null || Number.isNaN(cell);
}

/** Makes a function that reads the cells of a column by row. */
export function cellsOf(column: Column): (row: number) => Cell {
  if (column.type === "text") {
    const { codes, dictionary } = column;
    return (row) => dictionary[codes[row]!] ?? null;
  }
  const { values, type, validity } = column;
  const decode = type === "f16" ? fromFloat16Bits : type === "bf16" ? fromBFloat16Bits : undefined;
  const read = decode === undefined ? (row: number) => values[row]! : (row: number) => decode(values[row]!);
  return validity === undefined ? read : (row) => isValid(column, row) ? read(row) : NaN;
}

/** Parts of a new column. */
export interface NewColumn {
  /** Name of the column. */
  readonly name: string;
  /** Type of the column. */
  readonly type: ColumnType;
  /** Number of rows. */
  readonly rows: number;
}

/** Builds a column of cells that its type holds. Missing integers get a validity. */
export function buildColumn({ name, type, rows }: NewColumn, cellAt: (row: number) => Cell): Column {
  if (type === "text") return buildText(name, rows, cellAt);
  const values = numberArray(type, rows);
  const encode = type === "f16" ? toFloat16Bits : type === "bf16" ? toBFloat16Bits : undefined;
  let validity: Uint8Array<ArrayBuffer> | undefined;
  for (let row = 0; row < rows; row++) {
    const value = cellAt(row) as number;
    values[row] = encode === undefined ? value : encode(value);
    if (value !== value && isInteger(type)) {
      validity ??= new Uint8Array(Math.ceil(rows / 8)).fill(0xff);
      validity[row >> 3]! &= ~(1 << (row & 7));
    }
  }
  const column = { name, type, values } as NumberColumn;
  return validity === undefined ? column : { ...column, validity };
}

function buildText(name: string, rows: number, cellAt: (row: number) => Cell): TextColumn {
  const known = new Map<string, number>();
  const codes = new Uint32Array(rows);
  const missing = 2 ** 32 - 1;
  for (let row = 0; row < rows; row++) {
    const text = cellAt(row);
    if (text === null) {
      codes[row] = missing;
      continue;
    }
    let code = known.get(text as string);
    if (code === undefined) known.set(text as string, code = known.size);
    codes[row] = code;
  }
  return { name, type: "text", codes, dictionary: [...known.keys()], missing };
}
