/**
 * Records as a CSV file.
 *
 * @module
 */

import { type Column, isValid, numbersOf, type Records } from "../../kernels/tabular/table.ts";
import { openWhole } from "../io/write.ts";
import type { RecordSink } from "./sink.ts";
import type { ColumnSchema } from "./source.ts";

/**
 * Opens a CSV file for batches. Numbers have the fewest digits that read back as the same f64; missing values are
 * empty fields.
 *
 * @param path Path of the file; an existing one is replaced.
 * @param columns Names and types of all batches.
 * @param delimiter Separator of fields: one character.
 * @throws {OnpathError} `file` if the file cannot be written.
 */
export function openCsvSink(path: string, columns: readonly ColumnSchema[], delimiter = ","): RecordSink {
  const file = openWhole(path);
  const encoder = new TextEncoder();
  const put = (lines: string) => file.write(encoder.encode(lines));
  put(columns.map(({ name }) => quote(name, delimiter)).join(delimiter) + "\n");
  return {
    write: ({ rows, columns }: Records) => {
      const cells = columns.map((column) => cellsOf(column, delimiter));
      let lines = "";
      for (let row = 0; row < rows; row++) {
        // A row of one empty field would be an empty line, which readers skip.
        const line = cells.map((cell) => cell(row)).join(delimiter);
        lines += `${line === "" ? '""' : line}\n`;
      }
      put(lines);
    },
    finish: file.finish,
    abandon: file.abandon,
  };
}

function cellsOf(column: Column, delimiter: string): (row: number) => string {
  if (column.type === "text") {
    const { codes, missing } = column;
    const fields = column.dictionary.map((text) => quote(text, delimiter));
    return (row) => codes[row] === missing ? "" : fields[codes[row]!]!;
  }
  const numbers = numbersOf(column);
  return (row) => {
    const value = numbers[row]!;
    if (Number.isNaN(value) || !isValid(column, row)) return "";
    if (Number.isFinite(value)) return Object.is(value, -0) ? "-0" : String(value);
    return value > 0 ? "inf" : "-inf";
  };
}

/** Quotes a field where it needs quotes. */
function quote(text: string, delimiter: string): string {
  return text.includes(delimiter) || /["\r\n]|^$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
