/**
 * Pipeline of normalisation: text in, normalised text out, on a device. The compiled form is plain data.
 *
 * @module
 */

import { MAX_NORMALIZED_PARTS } from "./packets.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import { checkChecksum, type Checksum } from "../../serialize/packets.ts";
import { checkInteger } from "../../serialize/errors.ts";
import { MAX_PAYLOAD } from "../../serialize/header.ts";
import { identifyPlan, type Plan } from "../plan/plan.ts";
import { profileOf } from "../target/profiles.ts";
import type { DeviceProfile } from "../target/profile.ts";
import { parseNormalizePipeline, type TextPipelineInput } from "../tokenize/plan/spec.ts";

/** Compiled pipeline of normalisation. */
export interface NormalizeBody {
  /** Normalisation steps, in order. */
  readonly steps: readonly TextStep[];
  /** Packet checksum: CRC-32C, or left to the link. */
  readonly checksum: Checksum;
}

/** Plan of a normalisation pipeline for one target. */
export type NormalizePlan = Plan<"text_normalize", NormalizeBody>;

/** Device and limits of a normalisation plan. */
export interface NormalizeCompileOptions {
  /** Device, or its profile. */
  readonly device: DeviceProfile | { readonly profile: DeviceProfile };
  /** Maximum payload of text in bytes. Default: the device's. */
  readonly payload?: number | undefined;
  /** Packet checksum: CRC-32C (default), or left to the link. */
  readonly checksum?: Checksum | undefined;
  /** Maximum packets in flight in one exchange, 1 to 1024. Default 64. */
  readonly packets?: number | undefined;
}

/** Minimum payload of an answer, in bytes: with NFKC, a code point becomes up to 33 bytes. */
const MIN_ANSWER = 64;

/**
 * Compiles a pipeline of normalisation.
 *
 * @param pipeline Steps; all of them are `normalize_text`.
 * @param options Device, payload, checksum.
 * @returns The plan.
 * @throws {OnpathError} `pipeline` if a step is malformed or not `normalize_text`; `size` if a number is out
 * of range.
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
  const request = checkInteger("a payload of text in bytes of", options.payload ?? target.payload, 1, most);
  return identifyPlan({
    workload: "text_normalize",
    target,
    packets: {
      request,
      answer: Math.max(request, MIN_ANSWER),
      answersPerRequest: MAX_NORMALIZED_PARTS,
      inFlight: checkInteger("a number of packets an exchange of", options.packets ?? 64, 1, 1024),
    },
    body: { steps: parseNormalizePipeline(pipeline), checksum: checkChecksum(options.checksum) },
  });
}
