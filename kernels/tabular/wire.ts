/**
 * Results on the wire: elements of at most 4 bytes, which give every result of a column back exactly.
 *
 * @module
 */

import { type DType, DTYPE_BYTES, type TypedArray } from "../../serialize/dtype.ts";
import { decodeElement, encodeElement } from "../memoize/element.ts";
import type { Cell, Column, ColumnType } from "./table.ts";
import { buildColumn } from "./values.ts";

/** Form of a column's results between device and host. Plain data. */
export interface Wire {
  /** `exact`: the elements are the results. `index`: they are indices of `results`. */
  readonly kind: "exact" | "index";
  /** Element type. */
  readonly dtype: DType;
  /** Distinct results by index; empty for `exact`. */
  readonly results: readonly Cell[];
}

/** Wire with the bit pattern of each code. */
export interface CodedResults {
  /** Form of the results. */
  readonly wire: Wire;
  /** Bit patterns by code. */
  readonly patterns: Uint32Array;
}

/** Element types that may hold results, with the fewest bytes first. */
const EXACT: readonly DType[] = ["u8", "i8", "u16", "f16", "bf16", "f32", "i32", "u32"];

/** Distinct results of a wire of indices. */
const MAX_RESULTS = 2 ** 16;

/**
 * Chooses the element type for results: the one with the fewest bytes. Among equals the results themselves are
 * preferred to indices, because the host then needs no dictionary.
 *
 * @param results Results by code, at most 65,536; values of the column's type.
 */
export function chooseWire(results: readonly Cell[]): CodedResults {
  const index = indexResults(results);
  const most = DTYPE_BYTES[index.wire.dtype];
  for (const dtype of EXACT) {
    if (DTYPE_BYTES[dtype] > most) break;
    const patterns = encodeExactly(results, dtype);
    if (patterns !== undefined) return { wire: { kind: "exact", dtype, results: [] }, patterns };
  }
  return index;
}

/** Encodes results in a type; undefined if one of them would change, in its sign of zero too. */
function encodeExactly(results: readonly Cell[], dtype: DType): Uint32Array | undefined {
  const patterns = new Uint32Array(results.length);
  for (const [code, result] of results.entries()) {
    // Texts, missing values and the sign of NaN need a dictionary.
    if (typeof result !== "number" || result !== result) return undefined;
    const isFloat = dtype === "f16" || dtype === "bf16" || dtype === "f32";
    if (!isFloat && !Number.isInteger(result)) return undefined;
    const pattern = encodeElement(result, dtype, isFloat ? "infinity" : "saturate");
    if (!Object.is(decodeElement(pattern, dtype), result)) return undefined;
    patterns[code] = pattern;
  }
  return patterns;
}

function indexResults(results: readonly Cell[]): CodedResults {
  const distinct: Cell[] = [];
  const known = new Map<Cell, number>();
  const patterns = Uint32Array.from(results, (result) => {
    // The keys of a map do not tell −0 from 0.
    const key = Object.is(result, -0) ? "\u0000-0" : result;
    let at = known.get(key);
    if (at === undefined) {
      at = distinct.push(result) - 1;
      known.set(key, at);
    }
    return at;
  });
  const dtype = distinct.length <= 256 ? "u8" : "u16";
  if (distinct.length > MAX_RESULTS) throw new RangeError("more results than codes");
  return { wire: { kind: "index", dtype, results: distinct }, patterns };
}

/**
 * Builds a column of elements from the wire.
 *
 * @param name Name of the column.
 * @param type Type of the column.
 * @param wire Form of the elements.
 * @param elements Elements by row.
 */
export function fromWire(name: string, type: ColumnType, wire: Wire, elements: TypedArray): Column {
  const rows = elements.length;
  if (wire.kind === "exact") return fromExact(name, type, wire.dtype, elements);
  const { results } = wire;
  if (type === "text") {
    // A dictionary has distinct texts, and no code for a missing one.
    const gap = results.indexOf(null);
    const dictionary = results.filter((result) => result !== null) as string[];
    const missing = 2 ** 32 - 1;
    const mapped = Uint32Array.from(
      results,
      (_, at) => gap < 0 || at < gap ? at : at === gap ? missing : at - 1,
    );
    const codes = new Uint32Array(rows);
    for (let row = 0; row < rows; row++) codes[row] = mapped[elements[row]!]!;
    return { name, type, codes, dictionary, missing };
  }
  if (type !== "f64") return buildColumn({ name, type, rows }, (row) => results[elements[row]!]!);
  const table = Float64Array.from(results as readonly number[]);
  const values = new Float64Array(rows);
  for (let row = 0; row < rows; row++) values[row] = table[elements[row]!]!;
  return { name, type, values };
}

function fromExact(name: string, type: ColumnType, dtype: DType, elements: TypedArray): Column {
  const rows = elements.length;
  if (type === dtype) return { name, type, values: elements } as Column;
  if (type === "f64" && dtype !== "f16" && dtype !== "bf16") {
    return { name, type, values: new Float64Array(elements) };
  }
  // Halves are held as bit patterns.
  const isHalf = dtype === "f16" || dtype === "bf16";
  return buildColumn(
    { name, type, rows },
    (row) => isHalf ? decodeElement(elements[row]!, dtype) : elements[row]!,
  );
}
