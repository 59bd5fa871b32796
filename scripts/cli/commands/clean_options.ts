/**
 * Options of `clean`.
 *
 * @module
 */

import { InvalidArgumentError, Option } from "commander";
import { type ColumnType, NUMBER_TYPES } from "../../../kernels/tabular/table.ts";

/** Options of `clean`. */
export interface CleanOptions {
  /** `--steps`: file of a pipeline to fit. */
  readonly steps?: string | undefined;
  /** `--fit`: file of the records to fit to; default the input. */
  readonly fit?: string | undefined;
  /** `--fit-mode`: all rows at once, or batch by batch. */
  readonly fitMode?: "exact" | "stream" | undefined;
  /** `--fitted`: file of a fitted pipeline. */
  readonly fitted?: string | undefined;
  /** `--onnx`: file of a fitted scikit-learn pipeline. */
  readonly onnx?: string | undefined;
  /** `--save-fitted`: file for the fitted pipeline. */
  readonly saveFitted?: string | undefined;
  /** `--types`: declared types by column. */
  readonly types?: Readonly<Record<string, ColumnType>> | undefined;
  /** `--drop`: columns to leave out. */
  readonly drop?: readonly string[] | undefined;
  /** `--missing`: fields that mean a missing value. */
  readonly missing?: readonly string[] | undefined;
  /** `--delimiter`: separator of a CSV file. */
  readonly delimiter?: string | undefined;
  /** `--device` */
  readonly device?: string | undefined;
  /** `--emulate` */
  readonly emulate?: boolean | undefined;
  /** `--xclbin` */
  readonly xclbin?: string | undefined;
  /** `--timeout`, in milliseconds. */
  readonly timeout?: number | undefined;
  /** `--json` */
  readonly json?: boolean | undefined;
}

const TYPES: readonly ColumnType[] = [...NUMBER_TYPES, "text"];

/** `--types`: `name=type`, separated by commas. */
export function typesOption(): Option {
  return new Option("--types <name=type,...>", `declared types of CSV columns: ${TYPES.join(", ")}`)
    .argParser((text: string) => {
      const types: Record<string, ColumnType> = Object.create(null);
      for (const part of text.split(",")) {
        const at = part.lastIndexOf("=");
        const type = part.slice(at + 1) as ColumnType;
        if (at < 1 || !TYPES.includes(type)) {
          throw new InvalidArgumentError(`Expected name=type with a type of ${TYPES.join(", ")}.`);
        }
        types[part.slice(0, at)] = type;
      }
      return types;
    });
}

/** Option of names or fields, separated by commas. */
export function listOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text: string) => text.split(","));
}

/** `--delimiter`: one character. */
export function delimiterOption(): Option {
  return new Option(
    "--delimiter <character>",
    "separator of the input's fields (default: a comma, a tab for .tsv)",
  )
    .argParser((text: string) => {
      const character = text === "\\t" ? "\t" : text;
      if (!/^[^"\r\n\w]$/.test(character)) {
        throw new InvalidArgumentError(
          "Expected one character that is no letter, digit or quote, such as ;.",
        );
      }
      return character;
    });
}
