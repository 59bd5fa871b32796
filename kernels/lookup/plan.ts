/**
 * Plan of a lookup: the function's form and sizes, and the shape of its inputs. Tables are a resource.
 *
 * @module
 */

import { type DType, DTYPE_BYTES } from "../../serialize/dtype.ts";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
import { checkChecksum, type Checksum } from "../../serialize/packets.ts";
import { countElements, type Tensor } from "../../serialize/tensor.ts";
import { checkMemo } from "../memoize/check.ts";
import type { Operand } from "../memoize/domain.ts";
import { domainOf } from "../memoize/domain.ts";
import type { Memo } from "../memoize/memo.ts";
import type { MemoFormName } from "../memoize/search.ts";
import { bytesOf, type TableSizes } from "../memoize/tables.ts";
import { identifyPlan, type Plan } from "../plan/plan.ts";
import type { DeviceProfile } from "../target/profile.ts";
import { profileOf } from "../target/profiles.ts";
import { type LookupPipeline, parseLookupPipeline } from "./spec.ts";

/** Memo as a plan states it: everything but the tables. */
export interface PlanMemo<D extends DType = DType> {
  /** Id of the memo. */
  readonly id: number;
  /** One or two operands. */
  readonly operands: readonly Operand[];
  /** Element type of the results. */
  readonly output: D;
  /** Name of the form. */
  readonly form: MemoFormName;
  /** Entries and field widths of the tables. */
  readonly sizes: TableSizes;
  /** Bytes of the tables, packed without gaps. */
  readonly bytes: number;
  /** Bytes of one table with an output element for each code. */
  readonly naiveBytes: number;
  /** Error on the whole domain; `absolute` is null if a finite result became infinite, or the reverse. */
  readonly error: { readonly ulps: number; readonly absolute: number | null; readonly codes: number };
}

/** Type and shape of a plan's inputs. */
export interface LookupInput {
  /** Element type: that of the memo's operands. */
  readonly dtype: DType;
  /** Number of elements along each axis; the last axis is 2 for two operands. */
  readonly shape: readonly number[];
}

/** Compiled lookup. */
export interface LookupBody<D extends DType = DType> {
  /** The function. */
  readonly memo: PlanMemo<D>;
  /** Inputs of the plan. */
  readonly input: LookupInput;
  /** Packet checksum: CRC-32C, or left to the link. */
  readonly checksum: Checksum;
}

/** Plan of a lookup for one target and one input shape. */
export type LookupPlan<D extends DType = DType> = Plan<"lookup", LookupBody<D>>;

/** Memo, input and device of a lookup plan. */
export interface LookupCompileOptions<D extends DType = DType> {
  /** Memo that the step names. */
  readonly memo: Memo<D>;
  /** Tensor to run, or its type and shape. */
  readonly input: LookupInput | Tensor;
  /** Device, or its profile. */
  readonly device: DeviceProfile | { readonly profile: DeviceProfile };
  /** Packet checksum: CRC-32C (default), or left to the link. */
  readonly checksum?: Checksum | undefined;
}

/** Data that a lookup plan names but does not hold. */
export interface LookupResources {
  /** Memo that the plan was compiled with. */
  readonly memo: Memo;
}

/** Bytes of a bus word. Full packets and their answers are whole words. */
const WORD = 32;

/** Maximum bytes of an output (2 GiB). */
const MAX_OUTPUT = 2 ** 31;

/** Requests of one exchange. */
const IN_FLIGHT = 64;

/** Summarizes a memo for a plan. */
export function planMemo({ id, domain, output, form, naiveBytes }: Memo): PlanMemo {
  const { name, low, first, firstBits, second, secondBits, bytes, error } = form;
  return {
    id,
    operands: domain.operands,
    output,
    form: name,
    sizes: { low, first, firstBits, second, secondBits },
    bytes,
    naiveBytes,
    error: { ...error, absolute: Number.isFinite(error.absolute) ? error.absolute : null },
  };
}

/**
 * Compiles a lookup.
 *
 * @param pipeline One step that names the memo.
 * @param options Memo, input, device and checksum.
 * @throws {OnpathError} `pipeline` if the step is malformed or names another memo; `table` if the memo is invalid;
 * `dtype` or `shape` if the input does not fit the memo.
 */
export function compileLookup(pipeline: LookupPipeline, options: LookupCompileOptions): LookupPlan {
  const { table } = parseLookupPipeline(pipeline);
  const memo = checkMemo(options.memo);
  if (table !== memo.id) {
    throw new OnpathError(
      "pipeline",
      `Cannot compile: the step names memo ${table}, the given one is ${memo.id}`,
      {
        expected: table,
        found: memo.id,
      },
    );
  }
  const { dtype, shape } = Object(options.input) as LookupInput;
  const checksum = checkChecksum(options.checksum);
  return planFor({ memo: planMemo(memo), input: { dtype, shape }, checksum }, profileOf(options.device));
}

/**
 * Computes a plan from its body. Needs no tables, so that plans from files are checked by it.
 *
 * @param body Memo, input and checksum.
 * @param target Device profile.
 * @throws {OnpathError} `dtype`, `shape` or `size` if the parts do not fit each other.
 */
export function planFor({ memo, input, checksum }: LookupBody, target: DeviceProfile): LookupPlan {
  const domain = domainOf(memo.operands);
  if (input.dtype !== domain.dtype) {
    throw new OnpathError(
      "dtype",
      `Cannot compile a lookup of ${String(input.dtype)}: the memo's operands are ${domain.dtype}`,
      { found: input.dtype, expected: domain.dtype },
    );
  }
  if (!Array.isArray(input.shape)) {
    throw new OnpathError("shape", `Cannot compile: the input's shape is ${kindOf(input.shape)}`);
  }
  const count = countElements(input.shape);
  if (domain.operands.length === 2 && input.shape.at(-1) !== 2) {
    throw new OnpathError(
      "shape",
      `Cannot compile a lookup of shape [${input.shape.join(", ")}]: two operands need a last axis of 2`,
      { shape: input.shape },
    );
  }
  checkSizes(memo, domain.bits);
  const { itemBytes } = domain;
  const outputBytes = DTYPE_BYTES[memo.output];
  const outputTotal = count / domain.operands.length * outputBytes;
  if (outputTotal > MAX_OUTPUT) {
    throw new OnpathError(
      "size",
      `Cannot compile a lookup with an output of ${outputTotal} bytes: expected at most ${MAX_OUTPUT}`,
      { bytes: outputTotal, most: MAX_OUTPUT },
    );
  }
  const multiple = WORD / Math.min(itemBytes, outputBytes);
  const fits = Math.floor(target.payload / Math.max(itemBytes, outputBytes));
  const items = fits < multiple ? fits : fits - fits % multiple;
  return identifyPlan({
    workload: "lookup",
    target,
    packets: {
      request: items * itemBytes,
      answer: items * outputBytes,
      answersPerRequest: 1,
      inFlight: IN_FLIGHT,
    },
    body: {
      memo: {
        ...memo,
        operands: domain.operands,
        bytes: bytesOf(memo.sizes),
        naiveBytes: 2 ** domain.bits * outputBytes,
      },
      input: { dtype: input.dtype, shape: [...input.shape] },
      checksum,
    },
  });
}

/** Refuses entries that no tables of a form have. */
function checkSizes({ form, sizes: { low, first, second } }: PlanMemo, bits: number): void {
  const isLinear = form === "linear";
  const blocks = second / 2 ** low;
  const isWhole = isLinear ? second === 0 : Number.isInteger(blocks) && blocks >= 1 && blocks <= first;
  if (low <= bits && first === 2 ** (bits - low) && isWhole) return;
  throw new OnpathError(
    "table",
    `Cannot use tables of ${first} and ${second} entries: codes of ${bits} bits with blocks of 2^${low} need others`,
    { low, first, second, bits },
  );
}

/** Shape of a plan's results: an element for each item. */
export function outputShape({ body: { memo, input } }: LookupPlan): readonly number[] {
  return memo.operands.length === 2 ? input.shape.slice(0, -1) : input.shape;
}
