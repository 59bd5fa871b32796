/**
 * Files of pipelines, plans and device profiles.
 *
 * @module
 */

import { decodePlan, encodePlan, MAX_PLAN_BYTES } from "../../kernels/plan/file.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import { type ErrorCode, OnpathError } from "../../serialize/errors.ts";
import { parsePipeline, type Pipeline } from "../../kernels/image/pipeline.ts";
import type { QuantizeMethod } from "../../kernels/quantize/method.ts";
import { parseCachePipeline, quantizeSpec } from "../../kernels/quantize/spec.ts";
import type { Plan } from "../../kernels/plan/plan.ts";
import { type AnyPlan, type AnyWorkload, findWorkload, WORKLOADS } from "../../kernels/registry.ts";
import { stepNames } from "../../kernels/compile.ts";
import { parseFitted } from "../../kernels/tabular/fitted/check.ts";
import type { FittedPipeline } from "../../kernels/tabular/fitted/steps.ts";
import { parseRecordsPipeline, type RecordsPipeline } from "../../kernels/tabular/spec.ts";
import { parseProfile } from "../../kernels/target/profiles.ts";
import { readBounded } from "../io/read.ts";
import { writeWhole } from "../io/write.ts";
import { suggest } from "./suggest.ts";
import { checkPipeline, type WorkloadName } from "./workloads.ts";

/** Maximum length of a pipeline or profile file: 1 MiB. */
export const MAX_PIPELINE_BYTES = 2 ** 20;

/** Maximum length of a fitted pipeline's file, which holds all categories: 64 MiB. */
export const MAX_FITTED_BYTES = 2 ** 26;

/**
 * Reads a pipeline from a JSON file.
 *
 * @param path Path of the file.
 * @param signal Aborts the reading with its reason.
 * @returns The pipeline, with defaults filled in.
 * @throws {OnpathError} `pipeline` if the contents are invalid; `file` or `size` if the file cannot be read.
 */
export async function loadPipeline(path: string, signal: AbortSignal): Promise<Pipeline> {
  const value = await readJson(path, "pipeline", signal);
  return within(path, () => parsePipeline(value));
}

/** Checked pipeline of any workload. */
export interface LoadedPipeline {
  /** Workload of the steps. */
  readonly workload: AnyWorkload;
  /** Pipeline with defaults filled in. */
  readonly pipeline: unknown;
}

/**
 * Reads a pipeline of any workload from a JSON file.
 *
 * @param path Path of the file.
 * @param signal Aborts the reading with its reason.
 * @throws {OnpathError} As {@linkcode loadPipeline}.
 */
export async function loadAnyPipeline(path: string, signal: AbortSignal): Promise<LoadedPipeline> {
  const value = await readJson(path, "pipeline", signal);
  const name = workloadName(stepNames(value));
  return { workload: findWorkload(name), pipeline: within(path, () => checkPipeline(name, value)) };
}

/** Finds the workload that has all steps. Others count as image steps: that parser names the unknown one. */
function workloadName(ops: readonly string[]): WorkloadName {
  const found = WORKLOADS.find(({ steps }) => ops.length > 0 && ops.every((op) => steps.includes(op)));
  return (found?.name ?? "image") as WorkloadName;
}

/**
 * Reads the method of a pipeline with one step `quantize` from a JSON file.
 *
 * @param path Path of the file.
 * @param signal Aborts the reading with its reason.
 * @throws {OnpathError} As {@linkcode loadPipeline}.
 */
export async function loadMethod(path: string, signal: AbortSignal): Promise<QuantizeMethod> {
  const value = await readJson(path, "pipeline", signal);
  return within(path, () => parseCachePipeline(quantizeSpec, value)).method;
}

/**
 * Reads a plan that `plan --output` or `run --plan-out` wrote.
 *
 * @param path Path of the file.
 * @param signal Aborts the reading with its reason.
 * @throws {OnpathError} `plan` if it is invalid, changed, or of another version; `file` or `size` if it cannot
 * be read.
 */
export async function loadPlan(path: string, signal: AbortSignal): Promise<AnyPlan> {
  const bytes = await readBounded(path, { maxBytes: MAX_PLAN_BYTES, signal });
  return within(path, () => decodePlan(bytes));
}

/** Writes a plan to a file, completely or not at all. */
export async function savePlan(path: string, plan: Plan, signal: AbortSignal): Promise<void> {
  await writeWhole(path, [encodePlan(plan)], signal);
}

/**
 * Reads a device profile from a JSON file.
 *
 * @param path Path of the file.
 * @param signal Aborts the reading with its reason.
 * @returns The profile; missing fields have the values of the cards.
 * @throws {OnpathError} `device` if the JSON or the profile is invalid; `file` or `size` if it cannot be read.
 */
export async function loadProfile(path: string, signal: AbortSignal): Promise<DeviceProfile> {
  const value = await readJson(path, "device", signal);
  return within(path, () => parseProfile(value));
}

/**
 * Reads a pipeline of records from a JSON file.
 *
 * @param path Path of the file.
 * @param signal Aborts the reading with its reason.
 * @throws {OnpathError} `pipeline` if the contents are invalid; `file` or `size` if the file cannot be read.
 */
export async function loadRecordsPipeline(path: string, signal: AbortSignal): Promise<RecordsPipeline> {
  const value = await readJson(path, "pipeline", signal);
  return within(path, () => parseRecordsPipeline(value));
}

/**
 * Reads a fitted pipeline that `clean --save-fitted` wrote.
 *
 * @param path Path of the file.
 * @param signal Aborts the reading with its reason.
 * @throws {OnpathError} `pipeline` if the contents are invalid or were changed; `file` or `size` if the file cannot be
 * read.
 */
export async function loadFitted(path: string, signal: AbortSignal): Promise<FittedPipeline> {
  const value = await readJson(path, "pipeline", signal, MAX_FITTED_BYTES);
  return within(path, () => parseFitted(value));
}

async function readJson(
  path: string,
  code: ErrorCode,
  signal: AbortSignal,
  maxBytes = MAX_PIPELINE_BYTES,
): Promise<unknown> {
  const bytes = await readBounded(path, { maxBytes, signal });
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    // Runtimes word the decoder's TypeError differently.
    const reason = cause instanceof SyntaxError ? cause.message : "its bytes are not UTF-8";
    const message = `Cannot read ${path}: expected JSON, ${reason}`;
    throw new OnpathError(code, message, { path }, { cause });
  }
}

/** Adds the file to errors about its contents, and suggests a known step for an unknown one. */
function within<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof OnpathError)) throw error;
    const { op, known } = error.details;
    const meant = typeof op === "string" && Array.isArray(known) ? suggest(op, known) : "";
    throw new OnpathError(
      error.code,
      `${error.message}${meant} (in ${path})`,
      { path, ...error.details },
      { cause: error },
    );
  }
}
