/**
 * Samples that cross a network: a photograph, a prompt, and a block of a KV cache. Every host makes the same plans.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { compile } from "../../kernels/compile.ts";
import type { AnyPlan } from "../../kernels/registry.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { readInput } from "../io/input.ts";
import { loadVocabulary } from "../io/vocabulary.ts";
import { namedMethod } from "../quantize/methods.ts";
import { syntheticTensors } from "../quantize/synthetic_cache.ts";

/** Names of the samples, in the order in which they are sent. */
export const SAMPLE_NAMES = ["photograph", "prompt", "cache"] as const;

/** Name of a sample. */
export type SampleName = typeof SAMPLE_NAMES[number];

/** Vocabulary of the prompt. */
export const SAMPLE_VOCABULARY = "r50k_base";

/** A plan with its resources, under a name. */
export interface NamedPlan {
  /** Name in labels and tables. */
  readonly name: string;
  /** Compiled plan. */
  readonly plan: AnyPlan;
  /** Resources of the plan. */
  readonly resources: unknown;
}

/** A sample with its input. */
export interface Sample extends NamedPlan {
  /** Input and work, in a few words. */
  readonly text: string;
  /** Input of the plan. */
  readonly input: unknown;
}

/** Options of {@linkcode loadSamples}. */
export interface SampleOptions {
  /** The photograph, in a folder of the checkout or of the npm package. */
  readonly photo: URL;
  /** Device of the plans. */
  readonly device: DeviceProfile;
  /** Aborts the reading with its reason. */
  readonly signal: AbortSignal;
}

/**
 * Loads samples.
 *
 * @param names Names of samples.
 * @param options Photograph, device and signal.
 * @throws {OnpathError} `file` if the photograph, the licence or the vocabulary is missing; as `compile`.
 */
export async function loadSamples(names: readonly SampleName[], options: SampleOptions): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const name of names) samples.push({ name, ...await MAKERS[name](options) });
  return samples;
}

const MAKERS: Readonly<Record<SampleName, (options: SampleOptions) => Promise<Omit<Sample, "name">>>> = {
  photograph: async ({ photo, device, signal }) => {
    const input = await readInput(fileURLToPath(photo), { signal });
    const plan = compile({
      steps: [
        { op: "resize", size: [224, 224], match: "torchvision" },
        {
          op: "normalize",
          mean: [0.485, 0.456, 0.406],
          std: [0.229, 0.224, 0.225],
          range: "0-1",
          dtype: "f16",
          layout: "CHW",
        },
      ],
    }, { input, device, layout: "cells" });
    const [height, width] = input.shape;
    return { plan, resources: undefined, input, text: `${width}x${height} to a tensor of 224x224` };
  },
  prompt: async ({ photo, device, signal }) => {
    const vocabulary = await loadVocabulary(SAMPLE_VOCABULARY, { signal });
    // The licence is in the checkout and in the npm package, two folders above the photograph.
    const path = fileURLToPath(new URL("../../LICENSE", photo));
    const licence = await readFile(path, { signal }).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw new OnpathError("file", `Cannot read ${path}: the prompt quotes it`, { path }, { cause });
    });
    const input = new TextEncoder().encode(`Summarize this licence:\n\n${new TextDecoder().decode(licence)}`);
    const plan = compile({ steps: [{ op: "tokenize" }] }, { vocabulary, device });
    return {
      plan,
      resources: { vocabulary },
      input,
      text: `${input.length} bytes to ids of ${vocabulary.name}`,
    };
  },
  cache: ({ device }) => {
    const sizes = { layers: 1, blocks: 1, heads: 4, tokens: 256, channels: 128 };
    const shape = { dtype: "bf16", layout: "LBHNC", content: "separate", sizes, names: ["k", "v"] } as const;
    const input = syntheticTensors(shape, 1).tensors.get("k")!;
    const method = namedMethod("kivi2", "tokens");
    const plan = compile({ steps: [{ op: "quantize", method }] }, { input, device });
    const { heads, tokens, channels } = sizes;
    const text = `K of ${heads} heads x ${tokens} tokens x ${channels} channels to 2 bits`;
    return Promise.resolve({ plan, resources: undefined, input, text });
  },
};
