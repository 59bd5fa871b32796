/**
 * Coding of columns: values to codes by a hash map, or the bits of the values themselves.
 *
 * @module
 */

import { fromBFloat16Bits, fromFloat16Bits } from "../../serialize/dtype.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { named } from "../../serialize/excerpt.ts";
import type { ColumnDomain } from "./domain.ts";
import { type Cell, type Column, numbersOf, type NumberType, quoted, type TextColumn } from "./table.ts";

/** Codes of rows: bytes for domains of at most 8 bits. */
export type Codes = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

/** Domain with codes. */
export type CodedDomain = Exclude<ColumnDomain, { readonly kind: "open" }>;

/** Coder of a column. */
export interface Coder {
  /** Bits of a code. */
  readonly bits: number;
  /** Number of codes in use. */
  readonly size: number;
  /** Value of a code in use. */
  readonly cellOf: (code: number) => Cell;
  /**
   * Codes the rows of a column.
   *
   * @param column Column of the domain's type.
   * @param from First row.
   * @param to Exclusive end of the rows.
   * @throws {OnpathError} `dtype` if a value is not in the domain.
   */
  readonly encode: (column: Column, from: number, to: number) => Codes;
}

/**
 * Creates the coder of a domain.
 *
 * @param domain Domain with codes.
 */
export function createCoder(domain: CodedDomain): Coder {
  if (domain.kind === "bits") return bitsCoder(domain.type as NumberType, domain.bits, domain.name);
  const { name, values } = domain;
  const bits = Math.max(1, Math.ceil(Math.log2(values.length)));
  const make = (length: number) => bits <= 8 ? new Uint8Array(length) : new Uint16Array(length);
  const encode = domain.type === "text" ? textEncoder(name, values) : numberEncoder(name, values);
  return {
    bits,
    size: values.length,
    cellOf: (code) => values[code]!,
    encode: (column, from, to) => {
      const codes = make(to - from);
      encode(column, from, codes);
      return codes;
    },
  };
}

/** The bits of a value are its code. */
function bitsCoder(type: NumberType, bits: number, name: string): Coder {
  const cells: Readonly<Partial<Record<NumberType, (code: number) => Cell>>> = {
    u8: (code) => code,
    u16: (code) => code,
    i8: (code) => (code << 24) >> 24,
    i16: (code) => (code << 16) >> 16,
    f16: fromFloat16Bits,
    bf16: fromBFloat16Bits,
  };
  return {
    bits,
    size: 2 ** bits,
    cellOf: cells[type]!,
    encode: (column, from, to) => {
      if (column.type === "text" || column.validity !== undefined) {
        throw unknown(name, from, "a missing value");
      }
      const { buffer, byteOffset, BYTES_PER_ELEMENT } = column.values;
      const at = byteOffset + from * BYTES_PER_ELEMENT;
      return bits === 8 ? new Uint8Array(buffer, at, to - from) : new Uint16Array(buffer, at, to - from);
    },
  };
}

type Encode = (column: Column, from: number, codes: Codes) => void;

function textEncoder(name: string, values: readonly Cell[]): Encode {
  const codeOf = new Map<Cell, number>(values.map((value, code) => [value, code]));
  const unmapped = 2 ** 16;
  // Codes of the last dictionary, by its own codes.
  let dictionary: readonly string[] | undefined;
  let mapped = new Uint32Array();
  const absent = codeOf.get(null) ?? unmapped;
  return (column, from, codes) => {
    const text = column as TextColumn;
    if (text.dictionary !== dictionary || mapped.length < dictionary.length) {
      dictionary = text.dictionary;
      mapped = Uint32Array.from(dictionary, (each) => codeOf.get(each) ?? unmapped);
    }
    for (let row = 0; row < codes.length; row++) {
      const own = text.codes[from + row]!;
      const code = own === text.missing ? absent : mapped[own]!;
      if (code === unmapped) throw unknown(name, from + row, named(dictionary[own] ?? "a missing value"));
      codes[row] = code;
    }
  };
}

function numberEncoder(name: string, values: readonly Cell[]): Encode {
  const codeOf = new Map<number, number>();
  let negativeZero: number | undefined;
  for (const [code, value] of values.entries()) {
    if (Object.is(value, -0)) negativeZero = code;
    else codeOf.set(value as number, code);
  }
  return (column, from, codes) => {
    const numbers = numbersOf(column as Exclude<Column, TextColumn>);
    for (let row = 0; row < codes.length; row++) {
      const value = numbers[from + row]!;
      const code = value === 0 && Object.is(value, -0) ? negativeZero : codeOf.get(value);
      if (code === undefined) throw unknown(name, from + row, String(value));
      codes[row] = code;
    }
  };
}

function unknown(name: string, row: number, found: string): OnpathError {
  return new OnpathError(
    "dtype",
    `Cannot code column ${quoted(name)}: row ${row} has ${found}, which is not in the domain of the plan`,
    { name, row },
  );
}
