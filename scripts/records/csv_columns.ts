/**
 * Columns of a CSV file: their types, and the conversion of fields to values and codes.
 *
 * @module
 */

import {
  type Column,
  type ColumnType,
  numberArray,
  type NumberArrays,
  type NumberType,
  quoted,
} from "../../kernels/tabular/table.ts";
import { INTEGER_LIMITS } from "../../kernels/tabular/values.ts";
import { toBFloat16Bits, toFloat16Bits } from "../../serialize/dtype.ts";
import { OnpathError } from "../../serialize/errors.ts";

import { MISSING_CODE, notTableShaped, textCodes } from "./text_codes.ts";

/** Fields that mean a missing value, by default: those of pandas. */
export const MISSING_TOKENS: readonly string[] = [
  "",
  "#N/A",
  "#N/A N/A",
  "#NA",
  "-1.#IND",
  "-1.#QNAN",
  "-NaN",
  "-nan",
  "1.#IND",
  "1.#QNAN",
  "<NA>",
  "N/A",
  "NA",
  "NULL",
  "NaN",
  "None",
  "n/a",
  "nan",
  "null",
];

/** Values of a column under construction. */
export interface ColumnBuilder {
  /** Type of the column. */
  readonly type: ColumnType;
  /**
   * Appends a field.
   *
   * @param field Text of the field.
   * @param row Number of its row in the file, counted from 1 after the head.
   * @throws {OnpathError} `dtype` if the type does not hold the field; `table` if the column is not table-shaped.
   */
  readonly push: (field: string, row: number) => void;
  /** Returns the column of all fields since the last call. The caller owns it. */
  readonly take: () => Column;
}

/** Whole number without a fraction or an exponent. */
const INTEGER = /^[+-]?\d+$/;

/**
 * Parses a number as Python's `float` does, without underscores.
 *
 * @returns The nearest f64, or undefined if the text is not a number.
 */
export function parseNumber(text: string): number | undefined {
  const value = Number(text);
  if (value === value) {
    // JavaScript also reads white space as 0, and hexadecimal, octal and binary digits.
    const isPlain = text.charCodeAt(0) > 48 || /^\s*(?!0[xob])\S/i.test(text);
    return isPlain ? value : undefined;
  }
  const word = /^\s*([+-]?)inf(inity)?\s*$/i.exec(text);
  return word === null ? undefined : word[1] === "-" ? -Infinity : Infinity;
}

/**
 * Infers the type of a column from a sample: `f64` if every present field is a number, `text` otherwise.
 *
 * @param fields Sample of fields.
 * @param missing Fields that mean a missing value.
 */
export function inferType(fields: Iterable<string>, missing: ReadonlySet<string>): ColumnType {
  for (const field of fields) {
    if (!missing.has(field) && parseNumber(field) === undefined) return "text";
  }
  return "f64";
}

/**
 * Creates the builder of a column.
 *
 * @param name Name of the column.
 * @param type Type of the column.
 * @param missing Fields that mean a missing value.
 * @param capacity Maximum fields between two calls of `take`.
 */
export function columnBuilder(
  name: string,
  type: ColumnType,
  missing: ReadonlySet<string>,
  capacity: number,
): ColumnBuilder {
  return type === "text"
    ? textBuilder(name, missing, capacity)
    : numberBuilder(name, type, missing, capacity);
}

function textBuilder(name: string, missing: ReadonlySet<string>, capacity: number): ColumnBuilder {
  const { codeOf, dictionary } = textCodes(name, missing);
  let codes = new Uint16Array(capacity);
  let length = 0;
  return {
    type: "text",
    push: (field, row) => {
      codes[length++] = codeOf(field, row);
    },
    take: () => {
      const taken = codes.subarray(0, length);
      codes = new Uint16Array(capacity);
      length = 0;
      return { name, type: "text", codes: taken, dictionary, missing: MISSING_CODE };
    },
  };
}

function numberBuilder(
  name: string,
  type: NumberType,
  missing: ReadonlySet<string>,
  capacity: number,
): ColumnBuilder {
  const limits = INTEGER_LIMITS[type];
  const encode = type === "f16" ? toFloat16Bits : type === "bf16" ? toBFloat16Bits : undefined;
  const absent = encode === undefined ? NaN : encode(NaN);
  let values: NumberArrays[NumberType] = numberArray(type, capacity);
  let validity: Uint8Array<ArrayBuffer> | undefined;
  let length = 0;
  const refuse = (field: string, row: number) =>
    new OnpathError(
      "dtype",
      `Cannot read column ${quoted(name)} as ${type}: row ${row} has ${quoted(field)}, ` +
        `expected ${limits === undefined ? "a number" : `a whole number from ${limits[0]} to ${limits[1]}`}` +
        ` or a missing value; declare another type`,
      { column: name, row, type },
    );
  return {
    type,
    push: (field, row) => {
      const at = length++;
      if (missing.has(field)) {
        if (limits === undefined) values[at] = absent;
        else (validity ??= new Uint8Array(Math.ceil(capacity / 8)).fill(255))[at >> 3]! &= ~(1 << (at & 7));
        return;
      }
      const value = parseNumber(field);
      if (value === undefined) throw refuse(field, row);
      if (limits !== undefined && !(Number.isInteger(value) && value >= limits[0] && value <= limits[1])) {
        throw refuse(field, row);
      }
      if (Math.abs(value) > Number.MAX_SAFE_INTEGER && INTEGER.test(field.trim())) {
        throw notTableShaped(
          name,
          `row ${row} has the 64-bit key ${quoted(field)}, which no float holds exactly; declare it as text`,
        );
      }
      values[at] = encode === undefined ? value : encode(value);
    },
    take: () => {
      const column = {
        name,
        type,
        values: values.subarray(0, length),
        ...(validity === undefined ? {} : { validity }),
      };
      values = numberArray(type, capacity);
      validity = undefined;
      length = 0;
      return column as Column;
    },
  };
}
