/**
 * Functions of the command `lookup`, by name. Their results are exact or rounded once, so that every JavaScript
 * engine makes the same tables.
 *
 * @module
 */

import type { Operand } from "../../kernels/memoize/domain.ts";
import { type Memo, memoize, type MemoOptions } from "../../kernels/memoize/memo.ts";
import type { TableFunction } from "../../kernels/memoize/enumerate.ts";
import {
  decodeSmallFloat,
  encodeSmallFloat,
  SMALL_FLOATS,
  type SmallFloatName,
} from "../../kernels/quantize/formats/small_float.ts";
import type { DType } from "../../serialize/dtype.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { suggest } from "../cli/suggest.ts";

/** Function of one operand of several types. */
export interface NamedFunction {
  /** What a result is, in a few words. */
  readonly summary: string;
  /** Operand types that the function takes. */
  readonly operands: readonly (Operand & DType)[];
  /** Element type of the results, or that of the operand. */
  readonly output: DType | "operand";
  /** The function. */
  readonly fn: TableFunction;
  /** How results are meant; see {@linkcode MemoOptions}. */
  readonly options: Pick<MemoOptions, "result" | "overflow">;
}

const HALVES = ["f16", "bf16"] as const;

function encoder(name: SmallFloatName, summary: string): NamedFunction {
  const fn = (value: number) => encodeSmallFloat(SMALL_FLOATS[name], value);
  return { summary, operands: HALVES, output: "u8", fn, options: { result: "bits" } };
}

function decoder(name: SmallFloatName, summary: string): NamedFunction {
  const fn = (code: number) => decodeSmallFloat(SMALL_FLOATS[name], code);
  return { summary, operands: ["u8"], output: "f32", fn, options: {} };
}

function ofHalves(summary: string, fn: TableFunction): NamedFunction {
  return { summary, operands: HALVES, output: "operand", fn, options: { overflow: "infinity" } };
}

/** All functions by name. */
export const FUNCTIONS: ReadonlyMap<string, NamedFunction> = new Map(Object.entries({
  "fp8-e4m3": encoder("e4m3fn", "FP8 e4m3 (OCP): ties to even, saturates at 448"),
  "fp8-e5m2": encoder("e5m2", "FP8 e5m2 (OCP): ties to even, saturates at 57,344"),
  "from-fp8-e4m3": decoder("e4m3fn", "value of an FP8 e4m3 code"),
  "from-fp8-e5m2": decoder("e5m2", "value of an FP8 e5m2 code"),
  "invert": {
    summary: "255 minus the level",
    operands: ["u8"],
    output: "u8",
    fn: (level) => 255 - level,
    options: {},
  },
  "reciprocal": ofHalves("1 / x, rounded to the operand's type", (x) => 1 / x),
  "relu": ofHalves("x, or 0 if x is negative", (x) => x > 0 || Number.isNaN(x) ? x : 0),
  "sqrt": ofHalves("square root, rounded to the operand's type", (x) => Math.sqrt(x)),
}));

/**
 * Finds a function.
 *
 * @throws {OnpathError} `pipeline` if the name is unknown; the message suggests the nearest one.
 */
export function findFunction(name: string): NamedFunction {
  const found = FUNCTIONS.get(name);
  if (found !== undefined) return found;
  const known = [...FUNCTIONS.keys()];
  throw new OnpathError(
    "pipeline",
    `Cannot look up ${name}: it is unknown, expected one of ${known.join(", ")}${suggest(name, known)}`,
    { name, known },
  );
}

/** Makes the tables of a function for one of its operand types. */
export function memoizeFunction({ fn, output, options }: NamedFunction, operand: Operand & DType): Memo {
  return memoize(fn, { input: operand, output: output === "operand" ? operand : output, ...options });
}
