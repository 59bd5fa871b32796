/**
 * Domains of columns: the distinct values of each column, which get codes of at most 16 bits.
 *
 * @module
 */

import { kindOf, OnpathError } from "../../serialize/errors.ts";
import { requireObject } from "../../serialize/require.ts";
import { MAX_OPERAND_BITS } from "../memoize/domain.ts";
import { compareValues } from "./fit/statistics.ts";
import type { ColumnSchema } from "./fitted/steps.ts";
import {
  type Cell,
  checkRecords,
  type Column,
  type ColumnType,
  findColumn,
  numbersOf,
  type Records,
} from "./table.ts";

/** Maximum values of a domain, the missing one among them. */
export const MAX_DOMAIN = 2 ** MAX_OPERAND_BITS;

/** Number types whose bits are codes already. */
const NARROW: Readonly<Partial<Record<ColumnType, number>>> = {
  u8: 8,
  i8: 8,
  u16: 16,
  i16: 16,
  f16: 16,
  bf16: 16,
};

/**
 * Values of a column, by code. `bits`: the bits of the type are the code. `values`: a dictionary of the values that
 * appear, in ascending order, the missing one last. `open`: more values than codes.
 */
export type ColumnDomain =
  | { readonly name: string; readonly type: ColumnType; readonly kind: "bits"; readonly bits: number }
  | {
    readonly name: string;
    readonly type: ColumnType;
    readonly kind: "values";
    readonly values: readonly Cell[];
  }
  | { readonly name: string; readonly type: ColumnType; readonly kind: "open" };

/** Scan of records for the domains of their columns, in any number of batches. */
export interface DomainScan {
  /**
   * Adds the values of a batch.
   *
   * @throws {OnpathError} `shape` if a column is missing.
   */
  readonly add: (batch: Records) => void;
  /** Returns the domains of everything that was added. */
  readonly domains: () => readonly ColumnDomain[];
}

/** Scan of one column. */
interface ColumnScan {
  readonly add: (column: Column) => void;
  readonly domain: () => ColumnDomain;
}

/**
 * Starts a scan.
 *
 * @param columns Names and types of the columns.
 *
 * @example
 * ```ts
 * import { records, scanDomains } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const scan = scanDomains([{ name: "age", type: "f64" }]);
 * scan.add(records([{ name: "age", type: "f64", values: Float64Array.of(47, NaN, 31, 47) }]));
 * assert.deepEqual(scan.domains(), [{ name: "age", type: "f64", kind: "values", values: [31, 47, NaN] }]);
 * ```
 */
export function scanDomains(columns: readonly ColumnSchema[]): DomainScan {
  if (!Array.isArray(columns)) {
    throw new OnpathError("shape", `Cannot scan domains: the columns are ${kindOf(columns)}`);
  }
  const scans = columns.map((column) => {
    requireObject("scan domains", "a column is", column, "shape");
    return { column, scan: scanOf(column) };
  });
  return {
    add: (batch) => {
      checkRecords(batch);
      for (const { column: { name }, scan } of scans) scan.add(findColumn(batch, name));
    },
    domains: () => scans.map(({ scan }) => scan.domain()),
  };
}

function scanOf(schema: ColumnSchema): ColumnScan {
  if (schema.type === "text") return scanText(schema);
  const bits = NARROW[schema.type];
  const values = scanNumbers(schema);
  if (bits === undefined) return values;
  let hasGaps = false;
  return {
    add: (column) => {
      hasGaps ||= column.type !== "text" && column.validity !== undefined;
      values.add(column);
    },
    domain: () => hasGaps ? values.domain() : { ...schema, kind: "bits", bits },
  };
}

function scanText(schema: ColumnSchema): ColumnScan {
  const seen = new Set<string>();
  let known: Uint8Array | undefined;
  let dictionary: readonly string[] | undefined;
  let hasGaps = false;
  return {
    add: (column) => {
      if (column.type !== "text") return;
      const { codes, missing } = column;
      if (column.dictionary !== dictionary) {
        dictionary = column.dictionary;
        known = undefined;
      }
      // A dictionary may have grown since the last batch.
      if (known === undefined || known.length < dictionary.length) {
        const next = new Uint8Array(2 * dictionary.length + 16);
        next.set(known ?? []);
        known = next;
      }
      for (let row = 0; row < codes.length; row++) {
        const code = codes[row]!;
        if (code === missing) hasGaps = true;
        else if (known[code] === 0) {
          known[code] = 1;
          if (seen.size <= MAX_DOMAIN) seen.add(dictionary[code]!);
        }
      }
    },
    domain: () => domainOf(schema, [...seen].sort(compareValues), hasGaps ? [null] : []),
  };
}

function scanNumbers(schema: ColumnSchema): ColumnScan {
  // A set takes 0 and −0 as one value, so the sign of zero is apart.
  const seen = new Set<number>();
  let hasNegativeZero = false;
  return {
    add: (column) => {
      if (column.type === "text" || seen.size > MAX_DOMAIN) return;
      const numbers = numbersOf(column);
      let last = NaN;
      for (let row = 0; row < numbers.length && seen.size <= MAX_DOMAIN; row++) {
        const value = numbers[row]!;
        if (value === 0 && Object.is(value, -0)) hasNegativeZero = true;
        else if (value !== last) seen.add(last = value);
      }
    },
    domain: () => {
      const hasGaps = seen.has(NaN);
      const present = Float64Array.from(seen).filter((value) => value === value).sort();
      const values = [...present];
      if (hasNegativeZero) values.splice(values.findIndex((value) => value >= 0) >>> 0, 0, -0);
      return domainOf(schema, values, hasGaps ? [NaN] : []);
    },
  };
}

function domainOf(schema: ColumnSchema, values: readonly Cell[], missing: readonly Cell[]): ColumnDomain {
  const list = [...values, ...missing];
  if (list.length > MAX_DOMAIN) return { ...schema, kind: "open" };
  return { ...schema, kind: "values", values: list };
}
