/**
 * Records: rows of named columns, held column by column as Arrow holds them. Plain data; views share elements.
 *
 * @module
 */

import { fromBFloat16Bits, fromFloat16Bits } from "../../serialize/dtype.ts";
import { checkInteger, kindOf, OnpathError } from "../../serialize/errors.ts";
import { excerpt } from "../../serialize/excerpt.ts";

/** Typed array class of each number type. `f16` and `bf16` are stored as bit patterns. */
export interface NumberArrays {
  /** IEEE 754 binary64. */
  readonly f64: Float64Array<ArrayBuffer>;
  /** IEEE 754 binary32. */
  readonly f32: Float32Array<ArrayBuffer>;
  /** IEEE 754 binary16, as bit patterns. */
  readonly f16: Uint16Array<ArrayBuffer>;
  /** Upper half of binary32, as bit patterns. */
  readonly bf16: Uint16Array<ArrayBuffer>;
  /** Signed, 8 bits. */
  readonly i8: Int8Array<ArrayBuffer>;
  /** Signed, 16 bits. */
  readonly i16: Int16Array<ArrayBuffer>;
  /** Signed, 32 bits. */
  readonly i32: Int32Array<ArrayBuffer>;
  /** Unsigned, 8 bits. */
  readonly u8: Uint8Array<ArrayBuffer>;
  /** Unsigned, 16 bits. */
  readonly u16: Uint16Array<ArrayBuffer>;
  /** Unsigned, 32 bits. */
  readonly u32: Uint32Array<ArrayBuffer>;
}

/** Type of a column of numbers. */
export type NumberType = keyof NumberArrays;

/** Type of a column: a number type, or `text` for strings with a dictionary. */
export type ColumnType = NumberType | "text";

/** All number types, in a fixed order. */
export const NUMBER_TYPES: readonly NumberType[] = [
  "f64",
  "f32",
  "f16",
  "bf16",
  "i8",
  "i16",
  "i32",
  "u8",
  "u16",
  "u32",
];

/** Array class of each number type. */
const ARRAYS = {
  f64: Float64Array,
  f32: Float32Array,
  f16: Uint16Array,
  bf16: Uint16Array,
  i8: Int8Array,
  i16: Int16Array,
  i32: Int32Array,
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
} as const;

/** Maximum rows of records (2^31 − 1). */
export const MAX_ROWS = 2 ** 31 - 1;

/** Maximum columns of records. */
export const MAX_COLUMNS = 16_384;

/** Maximum UTF-16 code units of a column's name. */
export const MAX_NAME = 1024;

/** Column of numbers. A missing value is a NaN, or a row whose bit of `validity` is 0. */
export interface NumberColumn<T extends NumberType = NumberType> {
  /** Name of the column. */
  readonly name: string;
  /** Type of the values. */
  readonly type: T;
  /** Values by row. */
  readonly values: NumberArrays[T];
  /** One bit a row, least significant first, as Arrow stores them: 1 for a present value. Absent: all present. */
  readonly validity?: Uint8Array<ArrayBuffer> | undefined;
}

/** Column of strings, as codes of a dictionary. */
export interface TextColumn {
  /** Name of the column. */
  readonly name: string;
  /** Tells the kinds of columns apart. */
  readonly type: "text";
  /** Code of each row: an index of `dictionary`, or `missing`. */
  readonly codes: Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
  /** Distinct strings. */
  readonly dictionary: readonly string[];
  /** Code of missing values; not below the length of the dictionary. */
  readonly missing: number;
}

/** Column of records. */
export type Column = NumberColumn | TextColumn;

/** Rows of named columns. */
export interface Records {
  /** Number of rows; every column has that many. */
  readonly rows: number;
  /** Columns with distinct names, in order. */
  readonly columns: readonly Column[];
}

/** Value of one cell: a number (NaN if missing), or a string (null if missing). */
export type Cell = number | string | null;

/**
 * Makes records of columns, without a copy.
 *
 * @param columns Columns with distinct names and equally many rows.
 * @throws {OnpathError} `dtype` if a column is invalid; `shape` if rows or names differ from the expectation;
 * `size` if there are too many.
 *
 * @example
 * ```ts
 * import { records } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const people = records([
 *   { name: "age", type: "f64", values: Float64Array.of(31, NaN, 47) },
 *   { name: "city", type: "text", codes: Uint8Array.of(0, 1, 0), dictionary: ["Bern", "Oslo"], missing: 255 },
 * ]);
 * assert.equal(people.rows, 3);
 * ```
 */
export function records(columns: readonly Column[]): Records {
  if (!Array.isArray(columns)) {
    throw new OnpathError("shape", `Cannot make records: the columns are ${kindOf(columns)}`);
  }
  checkInteger("a number of columns of", columns.length, 0, MAX_COLUMNS);
  const names = new Set<string>();
  const list = columns.map(checkColumn);
  const rows = list.length === 0 ? 0 : rowsOf(list[0]!);
  checkInteger("a number of rows of", rows, 0, MAX_ROWS);
  for (const column of list) {
    const { name } = column;
    if (names.has(name)) {
      throw new OnpathError("shape", `Cannot make records: two columns are named ${quoted(name)}`, { name });
    }
    names.add(name);
    if (rowsOf(column) !== rows) {
      throw new OnpathError(
        "shape",
        `Cannot make records: column ${quoted(name)} has ${rowsOf(column)} rows, the first one has ${rows}`,
        { name, expected: rows, found: rowsOf(column) },
      );
    }
  }
  return { rows, columns: list };
}

/**
 * Checks that a value is made of records, without a look at its columns.
 *
 * @throws {OnpathError} `shape` if it is something else.
 */
export function checkRecords(value: Records): Records {
  const { rows, columns } = Object(value) as Partial<Records>;
  if (Number.isInteger(rows) && Array.isArray(columns)) return value;
  throw new OnpathError("shape", `Cannot read records: found ${kindOf(value)}, expected rows and columns`, {
    found: kindOf(value),
  });
}

/** Puts a name in quotes for a message, shortened. */
export function quoted(name: string): string {
  return JSON.stringify(excerpt(name));
}

/** Counts the rows of a column. */
export function rowsOf(column: Column): number {
  return column.type === "text" ? column.codes.length : column.values.length;
}

/**
 * Finds a column by its name.
 *
 * @throws {OnpathError} `shape` if there is none.
 */
export function findColumn({ columns }: Records, name: string): Column {
  const found = columns.find((column) => column.name === name);
  if (found !== undefined) return found;
  throw new OnpathError("shape", `Cannot find column ${quoted(name)} among ${columns.length} columns`, {
    name,
  });
}

function checkColumn(value: unknown): Column {
  const column = Object(value) as Column;
  const { name, type } = column;
  if (typeof name !== "string" || name.length === 0 || name.length > MAX_NAME) {
    throw new OnpathError(
      "shape",
      `Cannot make records: expected a column's name of 1 to ${MAX_NAME} characters`,
      { found: kindOf(name) },
    );
  }
  const refuse = (why: string) =>
    new OnpathError("dtype", `Cannot make records of column ${quoted(name)}: ${why}`, { name });
  if (column.type === "text") {
    checkText(column, refuse);
    return column;
  }
  if (!NUMBER_TYPES.includes(type as NumberType)) {
    throw refuse(`expected a type of ${[...NUMBER_TYPES, "text"].join(", ")}`);
  }
  const wanted = ARRAYS[type as NumberType];
  const { values, validity } = column as NumberColumn;
  if (!(values instanceof wanted)) throw refuse(`type ${type} is held in a ${wanted.name}`);
  if (
    validity !== undefined &&
    !(validity instanceof Uint8Array && validity.length >= Math.ceil(values.length / 8))
  ) {
    throw refuse(`its validity is no Uint8Array of at least one bit for each of ${values.length} rows`);
  }
  return column;
}

function checkText({ codes, dictionary, missing }: TextColumn, refuse: (why: string) => OnpathError): void {
  if (![Uint8Array, Uint16Array, Uint32Array].some((each) => codes instanceof each)) {
    throw refuse("expected codes in a Uint8Array, Uint16Array or Uint32Array");
  }
  if (!Array.isArray(dictionary) || !dictionary.every((text) => typeof text === "string")) {
    throw refuse("expected a dictionary of strings");
  }
  if (new Set(dictionary).size !== dictionary.length) throw refuse("its dictionary has a string twice");
  if (!Number.isInteger(missing) || missing < dictionary.length || missing > 2 ** 32 - 1) {
    throw refuse(`expected a missing code from ${dictionary.length} to 4294967295`);
  }
  const size = dictionary.length;
  for (const code of codes) {
    if (code >= size && code !== missing) throw refuse(`code ${code} is not in its dictionary of ${size}`);
  }
}

/** Whether a row of a column of numbers is present by its validity. A present float may still be NaN. */
export function isValid({ validity }: NumberColumn, row: number): boolean {
  return validity === undefined || (validity[row >> 3]! >> (row & 7) & 1) === 1;
}

/** Reads the values of a column as numbers, NaN where missing. A column of `f64` without gaps is not copied. */
export function numbersOf(column: NumberColumn): Float64Array<ArrayBuffer> {
  const { type, values } = column;
  if (type === "f64" && column.validity === undefined) return values as Float64Array<ArrayBuffer>;
  const numbers = new Float64Array(values.length);
  const decode = type === "f16" ? fromFloat16Bits : type === "bf16" ? fromBFloat16Bits : undefined;
  if (decode === undefined) numbers.set(values);
  else for (let row = 0; row < numbers.length; row++) numbers[row] = decode(values[row]!);
  if (column.validity !== undefined) {
    for (let row = 0; row < numbers.length; row++) if (!isValid(column, row)) numbers[row] = NaN;
  }
  return numbers;
}

/** Makes the array of a number type. */
export function numberArray<T extends NumberType>(type: T, length: number): NumberArrays[T];
export function numberArray(type: NumberType, length: number): NumberArrays[NumberType] {
  return new ARRAYS[type](length);
}
