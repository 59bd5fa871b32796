/**
 * Types of columns and Arrow's types.
 *
 * @module
 */

import {
  DataType,
  Dictionary,
  Field,
  Float16,
  Float32,
  Float64,
  Int16,
  Int32,
  Int8,
  Schema,
  Uint16,
  Uint32,
  Uint8,
  Utf8,
} from "apache-arrow";
import type { ColumnType } from "../../kernels/tabular/table.ts";
import type { ColumnSchema } from "./source.ts";

/** Arrow's type of each column type. Arrow has no bf16: its values are exact as Float32. */
const ARROW_TYPES: Readonly<Record<Exclude<ColumnType, "text">, () => DataType>> = {
  f64: () => new Float64(),
  f32: () => new Float32(),
  f16: () => new Float16(),
  bf16: () => new Float32(),
  i8: () => new Int8(),
  i16: () => new Int16(),
  i32: () => new Int32(),
  u8: () => new Uint8(),
  u16: () => new Uint16(),
  u32: () => new Uint32(),
};

/**
 * Creates the Arrow schema of columns. Texts are dictionaries of Utf8 with Int32 indices, numbered by column.
 *
 * @param columns Names and types in order.
 */
export function arrowSchema(columns: readonly ColumnSchema[]): Schema {
  return new Schema(columns.map(({ name, type }, at) =>
    new Field(
      name,
      type === "text" ? new Dictionary(new Utf8(), new Int32(), at) : ARROW_TYPES[type](),
      true,
    )
  ));
}

/**
 * Finds the column type that holds an Arrow type exactly.
 *
 * @returns The type, or undefined: 64-bit integers, dates, lists and others are not table-shaped.
 */
export function columnType(type: DataType): ColumnType | undefined {
  if (DataType.isDictionary(type)) return DataType.isUtf8(type.dictionary) ? "text" : undefined;
  if (DataType.isUtf8(type)) return "text";
  if (DataType.isBool(type)) return "u8";
  if (DataType.isFloat(type)) return (["f16", "f32", "f64"] as const)[type.precision];
  if (!DataType.isInt(type) || type.bitWidth > 32) return undefined;
  return `${type.isSigned ? "i" : "u"}${type.bitWidth}` as ColumnType;
}
