/**
 * Columns of Arrow record batches as columns of records. Lengths and indices are checked: the library trusts them.
 *
 * @module
 */

import { type Data, DataType, type Vector } from "apache-arrow";
import { type Column, type ColumnType, numberArray, type NumberType } from "../../kernels/tabular/table.ts";
import { MISSING_CODE, type TextCodes } from "./text_codes.ts";

/** Dictionary of the last batch, with the code of each entry that was used. */
interface KnownDictionary {
  readonly dictionary: Vector;
  readonly codes: Int32Array;
}

/** Converts the batches of one column. */
export type ColumnReader = (data: Data, firstRow: number) => Column;

/**
 * Creates the reader of a column.
 *
 * @param name Name of the column.
 * @param type Type that holds it.
 * @param texts Codes of its texts.
 * @param refuse Creates the error about malformed data.
 */
export function columnReader(
  name: string,
  type: ColumnType,
  texts: TextCodes,
  refuse: (why: string) => Error,
): ColumnReader {
  if (type !== "text") return (data) => numberColumn(name, type, data, refuse);
  let known: KnownDictionary | undefined;
  return (data, firstRow) => {
    const isPresent = presence(data, refuse);
    const codes = new Uint16Array(data.length).fill(MISSING_CODE);
    const put = (codeAt: (row: number) => number) => {
      for (let row = 0; row < codes.length; row++) if (isPresent(row)) codes[row] = codeAt(row);
    };
    if (DataType.isDictionary(data.type)) {
      const { dictionary } = data;
      if (dictionary === undefined) throw refuse("a dictionary is missing");
      if (known?.dictionary !== dictionary) {
        known = { dictionary, codes: new Int32Array(dictionary.length).fill(-1) };
      }
      const { codes: mapped } = known;
      const indices = valuesOf(data, refuse);
      put((row) => {
        const index = Number(indices[row]);
        const code = mapped[index];
        if (code === undefined) throw refuse(`index ${index} is beyond a dictionary of ${mapped.length}`);
        return code >= 0
          ? code
          : (mapped[index] = texts.codeOf(textAt(dictionary, index, refuse), firstRow + row));
      });
    } else {
      const text = textReader(data, refuse);
      put((row) => texts.codeOf(text(row), firstRow + row));
    }
    return { name, type, codes, dictionary: texts.dictionary, missing: MISSING_CODE };
  };
}

function numberColumn(name: string, type: NumberType, data: Data, refuse: (why: string) => Error): Column {
  const isPresent = presence(data, refuse);
  const { length } = data;
  const values = numberArray(type, length);
  if (DataType.isBool(data.type)) {
    const bits = data.values as Uint8Array;
    if (8 * bits.length < data.offset + length) throw refuse("its values are truncated");
    for (let row = 0; row < length; row++) {
      values[row] = bits[(data.offset + row) >> 3]! >> ((data.offset + row) & 7) & 1;
    }
  } else values.set(valuesOf(data, refuse) as ArrayLike<number>);
  if (!hasNulls(data.nullBitmap)) return { name, type, values } as Column;
  const validity = new Uint8Array(Math.ceil(length / 8));
  for (let row = 0; row < length; row++) if (isPresent(row)) validity[row >> 3]! |= 1 << (row & 7);
  return { name, type, values, validity } as Column;
}

/** Values of all rows; the library's view may be shorter than the length that a batch states. */
function valuesOf({ values, length }: Data, refuse: (why: string) => Error): ArrayLike<number | bigint> {
  const list = values as ArrayLike<number | bigint> | undefined;
  if (list === undefined || list.length < length) throw refuse("its values are truncated");
  return list.length === length ? list : (list as Uint8Array).subarray(0, length);
}

function hasNulls(bitmap: Uint8Array | undefined): bitmap is Uint8Array {
  return bitmap !== undefined && bitmap.length > 0;
}

/** Tests rows for a value. */
function presence({ nullBitmap, offset, length }: Data, refuse: (why: string) => Error) {
  // The bitmap of a column without nulls is empty. The library would count nulls beyond the bytes.
  if (!hasNulls(nullBitmap)) return () => true;
  if (8 * nullBitmap.length < offset + length) throw refuse("its validity is truncated");
  return (row: number) => (nullBitmap[(offset + row) >> 3]! >> ((offset + row) & 7) & 1) === 1;
}

function textAt(dictionary: Vector, index: number, refuse: (why: string) => Error): string {
  let at = index;
  for (const data of dictionary.data as readonly Data[]) {
    if (at < data.length) {
      if (!presence(data, refuse)(at)) throw refuse("a dictionary has a null");
      return textReader(data, refuse)(at);
    }
    at -= data.length;
  }
  throw refuse(`index ${index} is beyond its dictionary`);
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads texts by row; offsets and bytes are checked. */
function textReader({ valueOffsets, values, length }: Data, refuse: (why: string) => Error) {
  const offsets = valueOffsets as Int32Array | undefined;
  const bytes = values as Uint8Array | undefined;
  if (offsets === undefined || bytes === undefined || offsets.length <= length) {
    throw refuse("its offsets are truncated");
  }
  return (row: number): string => {
    const [from, to] = [offsets[row]!, offsets[row + 1]!];
    if (from < 0 || to < from || to > bytes.length) throw refuse("its offsets are out of range");
    try {
      return utf8.decode(bytes.subarray(from, to));
    } catch {
      throw refuse("a text is not UTF-8");
    }
  };
}
