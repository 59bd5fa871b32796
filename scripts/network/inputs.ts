/**
 * Files as inputs of plans.
 *
 * @module
 */

import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import type { AnyPlan } from "../../kernels/registry.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { Tensor } from "../../serialize/tensor.ts";
import { readInput } from "../io/input.ts";
import { readNpy } from "../io/npy.ts";
import { MAX_INPUT_BYTES, readBounded } from "../io/read.ts";
import { readSafetensors, tensorOf } from "../io/safetensors_read.ts";

/**
 * Reads an input of a plan.
 *
 * @param plan Compiled plan.
 * @param path Picture or array for images; text; array or `.safetensors` with one tensor for caches.
 * @param signal Aborts the reading with its reason.
 * @throws {OnpathError} `file`, `dtype`, `shape` or `size` if the file is not of the kind; `plan` for lookups and quantized
 * caches.
 */
export async function readInputOf(plan: AnyPlan, path: string, signal: AbortSignal): Promise<unknown> {
  switch (plan.workload) {
    case "image":
      return await readInput(path, { layout: (plan as ImagePlan).body.input.layout, signal });
    case "tokenize":
    case "text_normalize":
      return await readBounded(path, { maxBytes: MAX_INPUT_BYTES, signal });
    case "quantize":
      return await readTensor(path, signal);
    case "lookup":
    case "dequantize":
      throw new OnpathError(
        "plan",
        `Cannot send ${path}: plan ${plan.id} is a plan of ${plan.workload}, which only a program can send`,
        { plan: plan.id, path },
      );
  }
}

async function readTensor(path: string, signal: AbortSignal): Promise<Tensor> {
  const bytes = await readBounded(path, { maxBytes: MAX_INPUT_BYTES, signal });
  if (!path.toLowerCase().endsWith(".safetensors")) return readNpy(bytes, path);
  const file = readSafetensors(bytes, path);
  const names = [...file.entries.keys()];
  if (names.length === 1) return tensorOf(file, names[0]!);
  throw new OnpathError("file", `Cannot read ${path}: it has ${names.length} tensors, expected one`, {
    path,
    tensors: names.length,
  });
}
