/**
 * Workloads on the command line: a line each. The compiler requires one for every workload of the registry.
 *
 * @module
 */

import { parsePipeline } from "../../kernels/image/pipeline.ts";
import type { AnyPlan } from "../../kernels/registry.ts";
import { parseNormalizePipeline, parseTextPipeline } from "../../kernels/tokenize/plan/spec.ts";
import { OnpathError } from "../../serialize/errors.ts";

/** Name of a workload in the registry. */
export type WorkloadName = AnyPlan["workload"];

/** A workload's files. */
interface WorkloadFiles {
  /** Checks a pipeline's JSON; a text is the reason why a file cannot hold one, as the end of a sentence. */
  readonly pipeline: ((value: unknown) => unknown) | string;
  /** Command that takes the workload's data in place of `run`; absent if `run` does. */
  readonly command?: string;
}

/** Files of each workload. */
const FILES: Readonly<Record<WorkloadName, WorkloadFiles>> = {
  image: { pipeline: parsePipeline },
  tokenize: { pipeline: parseTextPipeline, command: "tokenize --vocab <name>" },
  text_normalize: {
    pipeline: (value) => ({ steps: [{ op: "normalize_text", steps: parseNormalizePipeline(value) }] }),
    command: "normalize --device <name>",
  },
  lookup: { pipeline: "its memo exists only in a program", command: "lookup <function>" },
  quantize: { pipeline: "its input is a KV cache", command: "quantize <cache>" },
  dequantize: { pipeline: "its input is a quantized KV cache", command: "dequantize <cache>" },
};

/**
 * Checks a pipeline from a file.
 *
 * @param workload Workload of its steps.
 * @param value Parsed JSON.
 * @returns Pipeline with defaults filled in.
 * @throws {OnpathError} `pipeline` if it is malformed, or a file cannot hold such a pipeline.
 */
export function checkPipeline(workload: WorkloadName, value: unknown): unknown {
  const { pipeline, command } = FILES[workload];
  if (typeof pipeline === "function") return pipeline(value);
  throw new OnpathError(
    "pipeline",
    `Cannot plan a pipeline of ${workload} from a file: ${pipeline}; use the command ${command}, or compile() in a program`,
    { workload },
  );
}

/**
 * Creates the error for a plan that `run` does not take.
 *
 * @param plan Plan of a workload with a command of its own.
 */
export function notForRun({ id, workload }: AnyPlan): OnpathError {
  return new OnpathError(
    "plan",
    `Cannot run plan ${id}: it is a plan of ${workload} and run takes images; use the command ${
      FILES[workload].command
    }, or Session.open() in a program`,
    { plan: id, workload },
  );
}
