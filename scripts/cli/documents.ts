/**
 * Pipelines and plans from files.
 *
 * @module
 */

import { decodePlan, encodePlan, MAX_PLAN_BYTES } from "../../kernels/plan/file.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import { type ErrorCode, OnpathError } from "../../serialize/errors.ts";
import { parsePipeline, type Pipeline } from "../../kernels/image/pipeline.ts";
import { parseNormalizePipeline, parseTextPipeline } from "../../kernels/tokenize/plan/spec.ts";
import type { Plan } from "../../kernels/plan/plan.ts";
import { type AnyPlan, type AnyWorkload, findWorkload } from "../../kernels/registry.ts";
import { stepNames } from "../../kernels/compile.ts";
import { parseProfile } from "../../kernels/target/profiles.ts";
import { readBounded } from "../io/read.ts";
import { writeWhole } from "../io/write.ts";
import { suggest } from "./suggest.ts";

/** A pipeline's or a profile's file is at most this long: 1 MiB. */
export const MAX_PIPELINE_BYTES = 2 ** 20;

/**
 * Reads a pipeline from a JSON file.
 *
 * @param path The file.
 * @param signal Ends the reading with its reason.
 * @returns The pipeline, with its defaults.
 * @throws {OnpathError} `pipeline` when it is no JSON or no pipeline; `file` or `size` as any file.
 */
export async function loadPipeline(path: string, signal: AbortSignal): Promise<Pipeline> {
  const value = await readJson(path, "pipeline", signal);
  return within(path, () => parsePipeline(value));
}

/** A pipeline of any workload, checked. */
export interface LoadedPipeline {
  /** Workload that its steps belong to. */
  readonly workload: AnyWorkload;
  /** The pipeline, with its defaults. */
  readonly pipeline: unknown;
}

/**
 * Reads a pipeline of any workload from a JSON file.
 *
 * @param path The file.
 * @param signal Ends the reading with its reason.
 * @throws {OnpathError} As {@linkcode loadPipeline}.
 */
export async function loadAnyPipeline(path: string, signal: AbortSignal): Promise<LoadedPipeline> {
  const value = await readJson(path, "pipeline", signal);
  const name = workloadName(stepNames(value));
  return { workload: findWorkload(name), pipeline: within(path, () => checkPipeline(name, value)) };
}

/** Steps that belong to no workload of text are an image's: its parser names the unknown one and suggests another. */
function workloadName(ops: readonly string[]): AnyPlan["workload"] {
  if (ops.includes("tokenize")) return "tokenize";
  return ops.length > 0 && ops.every((op) => op === "normalize_text") ? "text_normalize" : "image";
}

function checkPipeline(workload: AnyPlan["workload"], value: unknown): unknown {
  if (workload === "tokenize") return parseTextPipeline(value);
  if (workload === "text_normalize") {
    return { steps: [{ op: "normalize_text", steps: parseNormalizePipeline(value) }] };
  }
  return parsePipeline(value);
}

/**
 * Reads a plan that `plan --output` or `run --plan-out` wrote.
 *
 * @param path The file.
 * @param signal Ends the reading with its reason.
 * @returns The plan.
 * @throws {OnpathError} `plan` when it is none, was changed, or is of another version; `file` or
 * `size` as any file.
 */
export async function loadPlan(path: string, signal: AbortSignal): Promise<AnyPlan> {
  const bytes = await readBounded(path, { most: MAX_PLAN_BYTES, signal });
  return within(path, () => decodePlan(bytes));
}

/** Writes a plan, whole or not at all. */
export async function savePlan(path: string, plan: Plan, signal: AbortSignal): Promise<void> {
  await writeWhole(path, [encodePlan(plan)], signal);
}

/**
 * Reads a device profile from a JSON file.
 *
 * @param path The file.
 * @param signal Ends the reading with its reason.
 * @returns The profile; what is left out is as on the cards.
 * @throws {OnpathError} `device` when it is no JSON or no profile; `file` or `size` as any file.
 */
export async function loadProfile(path: string, signal: AbortSignal): Promise<DeviceProfile> {
  const value = await readJson(path, "device", signal);
  return within(path, () => parseProfile(value));
}

async function readJson(path: string, code: ErrorCode, signal: AbortSignal): Promise<unknown> {
  const bytes = await readBounded(path, { most: MAX_PIPELINE_BYTES, signal });
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    const message = `Cannot read ${path}: it is no JSON, ${(cause as Error).message}`;
    throw new OnpathError(code, message, { path }, { cause });
  }
}

/** Names the file in what is wrong with its contents, and the operation that was meant. */
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
