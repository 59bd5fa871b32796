/**
 * Normalisation as a pipeline of its own: text in, normalised text out, by a device. Compiled, it is plain data.
 *
 * @module
 */

import { MOST_NORMALIZED_PARTS } from "./packets.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import { checkChecksum, type Checksum } from "../../serialize/packets.ts";
import { checkWhole } from "../../serialize/errors.ts";
import { MAX_PAYLOAD } from "../../serialize/header.ts";
import { identifyPlan, type Plan } from "../plan/plan.ts";
import { profileOf } from "../target/profiles.ts";
import type { DeviceProfile } from "../target/profile.ts";
import { parseNormalizePipeline, type TextPipelineInput } from "../tokenize/plan/spec.ts";

/** A pipeline of normalisation, compiled. */
export interface NormalizeBody {
  /** Steps, in order. */
  readonly steps: readonly TextStep[];
  /** Whether packets carry a CRC-32C. */
  readonly checksum: Checksum;
}

/** A pipeline of normalisation, compiled for one target. */
export type NormalizePlan = Plan<"text_normalize", NormalizeBody>;

/** What a pipeline of normalisation is compiled for. */
export interface NormalizeCompileOptions {
  /** The device, or its profile. */
  readonly device: DeviceProfile | { readonly profile: DeviceProfile };
  /** Longest payload of text in bytes. Default the device's. */
  readonly payload?: number | undefined;
  /** Whether packets carry a CRC-32C (default) or leave the check to the link. */
  readonly checksum?: Checksum | undefined;
  /** Packets that are sent in one exchange at most. Default 64. */
  readonly packets?: number | undefined;
}

/** Payload of an answer in bytes at least: a code point becomes up to 33 bytes of NFKC. */
const LEAST_ANSWER = 64;

/**
 * Compiles a pipeline of normalisation.
 *
 * @param pipeline Its steps; all of them are `normalize_text`.
 * @param options Device, payload, checksum.
 * @returns The plan.
 * @throws {OnpathError} `pipeline` when a step is malformed or another; `size` when a number is outside its limit.
 *
 * @example
 * ```ts
 * import { compileNormalize } from "./plan.ts";
 * import { createModelDevice } from "onpath";
 * import assert from "node:assert/strict";
 *
 * await using device = createModelDevice();
 * const plan = compileNormalize({ steps: [{ op: "normalize_text", steps: [{ op: "nfkc" }] }] }, { device });
 * assert.deepEqual(plan.body.steps, [{ op: "nfkc" }]);
 * ```
 */
export function compileNormalize(
  pipeline: TextPipelineInput,
  options: NormalizeCompileOptions,
): NormalizePlan {
  const target = profileOf(options.device);
  const most = Math.min(MAX_PAYLOAD, target.payload);
  const request = checkWhole("a payload of text in bytes of", options.payload ?? target.payload, 1, most);
  return identifyPlan({
    workload: "text_normalize",
    target,
    packets: {
      request,
      answer: Math.max(request, LEAST_ANSWER),
      answersPerRequest: MOST_NORMALIZED_PARTS,
      inFlight: checkWhole("a number of packets an exchange of", options.packets ?? 64, 1, 1024),
    },
    body: { steps: parseNormalizePipeline(pipeline), checksum: checkChecksum(options.checksum) },
  });
}
