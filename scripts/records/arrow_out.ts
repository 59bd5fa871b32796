/**
 * Records as an Arrow IPC file, a record batch for each batch.
 *
 * @module
 */

import {
  AsyncByteQueue,
  type Data,
  type Dictionary,
  type Int32,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  type Schema,
  Struct,
  Utf8,
  Vector,
  vectorFromArray,
} from "apache-arrow";
import { type Column, numbersOf, type Records, type TextColumn } from "../../kernels/tabular/table.ts";
import { openWhole } from "../io/write.ts";
import { arrowSchema } from "./arrow_schema.ts";
import type { RecordSink } from "./sink.ts";
import type { ColumnSchema } from "./source.ts";

/** Queue of the writer that passes each chunk to a file at once, so that none is kept. */
class FileQueue extends AsyncByteQueue<Uint8Array> {
  readonly #write: (chunk: Uint8Array) => void;

  constructor(write: (chunk: Uint8Array) => void) {
    super();
    this.#write = write;
  }

  override write(chunk: Uint8Array): void {
    if (chunk.byteLength > 0) this.#write(chunk);
  }
}

/**
 * Opens an Arrow IPC file for batches. It appears under its name once finished.
 *
 * @param path Path of the file; an existing one is replaced.
 * @param columns Names and types of all batches.
 * @throws {OnpathError} `file` if the file cannot be written.
 */
export function openArrowSink(path: string, columns: readonly ColumnSchema[]): RecordSink {
  const schema = arrowSchema(columns);
  const file = openWhole(path);
  const writer = new RecordBatchFileWriter();
  writer.reset(new FileQueue(file.write), schema);
  const dictionaries = columns.map(() => new GrowingDictionary());
  return {
    write: (records) => writer.write(batchOf(records, schema, dictionaries)),
    finish: () => {
      writer.finish();
      return file.finish();
    },
    abandon: file.abandon,
  };
}

/** Dictionary of a column in the file. Batches may have other dictionaries; their new texts follow as a delta. */
class GrowingDictionary {
  readonly #codes = new Map<string, number>();
  #vector: Vector<Utf8> | undefined;

  /** Returns the file's code of each text. */
  add(texts: readonly string[]): Int32Array {
    const added: string[] = [];
    const mapped = Int32Array.from(texts, (text) => {
      let code = this.#codes.get(text);
      if (code === undefined) {
        this.#codes.set(text, code = this.#codes.size);
        added.push(text);
      }
      return code;
    });
    if (added.length > 0 || this.#vector === undefined) {
      const next = vectorFromArray(added, new Utf8());
      this.#vector = new Vector([...(this.#vector?.data ?? []), ...next.data]);
    }
    return mapped;
  }

  /** All texts so far. */
  get vector(): Vector<Utf8> {
    return this.#vector!;
  }
}

function batchOf(
  { rows, columns }: Records,
  schema: Schema,
  dictionaries: readonly GrowingDictionary[],
): RecordBatch {
  const children = columns.map((column, at) =>
    column.type === "text"
      ? textData(column, schema.fields[at]!.type as Dictionary<Utf8, Int32>, dictionaries[at]!)
      : numberData(column, schema.fields[at]!.type)
  );
  const type = new Struct(schema.fields);
  return new RecordBatch(schema, makeData({ type, length: rows, nullCount: 0, children }));
}

function numberData(column: Exclude<Column, TextColumn>, type: Schema["fields"][number]["type"]): Data {
  const { values, validity } = column;
  const length = values.length;
  const data = column.type === "bf16" ? Float32Array.from(numbersOf(column)) : values;
  // -1: Arrow counts the bits itself.
  const nulls = validity === undefined ? { nullCount: 0 } : { nullCount: -1, nullBitmap: validity };
  return makeData({ type, length, data, ...nulls } as never);
}

function textData(
  { codes, dictionary, missing }: TextColumn,
  type: Dictionary<Utf8, Int32>,
  file: GrowingDictionary,
): Data {
  const mapped = file.add(dictionary);
  const { length } = codes;
  const data = new Int32Array(length);
  const nullBitmap = new Uint8Array(Math.ceil(length / 8));
  let nullCount = 0;
  for (let row = 0; row < length; row++) {
    const code = codes[row]!;
    if (code === missing) nullCount++;
    else {
      data[row] = mapped[code]!;
      nullBitmap[row >> 3]! |= 1 << (row & 7);
    }
  }
  return makeData({ type, length, data, nullCount, nullBitmap, dictionary: file.vector });
}
