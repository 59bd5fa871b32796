/**
 * Normalisation as a pipeline of its own: text in, normalised text out, by a device. Compiled, it is plain data.
 *
 * @module
 */

import { encode } from "@msgpack/msgpack";
import { MOST_NORMALIZED_PARTS } from "./packets.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import type { Checksum } from "../../serialize/packets.ts";
import { checkWhole } from "../../serialize/errors.ts";
import { crc32c } from "../../serialize/crc32c.ts";
import { MAX_PAYLOAD } from "../../serialize/header.ts";
import type { DeviceProfile } from "../target/profile.ts";
import { parseNormalizePipeline, type TextPipelineInput } from "../tokenize/plan/spec.ts";

/** A pipeline of normalisation, compiled for one device. */
export interface NormalizePlan {
  /** What it is. */
  readonly format: "onpath.normalize-plan";
  /** Version of the format. */
  readonly version: 1;
  /** CRC-32C of everything else; packets carry it. */
  readonly id: number;
  /** What happens to a text, in order. */
  readonly steps: readonly TextStep[];
  /** Name of the device's profile. */
  readonly device: string;
  /** How texts travel: the device keeps what waits between two packets. */
  readonly mode: "stateful";
  /** Longest payload of text in bytes. */
  readonly payload: number;
  /** Longest payload of an answer in bytes. */
  readonly longest: number;
  /** Answers to one packet at most; a text that grows to more is given up. */
  readonly parts: number;
  /** Packets that are sent in one exchange at most. */
  readonly packets: number;
  /** Whether packets carry a CRC-32C. */
  readonly checksum: Checksum;
}

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
 * import { compileNormalize, createModelDevice } from "onpath/runtime";
 * import assert from "node:assert/strict";
 *
 * await using device = createModelDevice();
 * const plan = compileNormalize({ steps: [{ op: "normalize_text", steps: [{ op: "nfkc" }] }] }, { device });
 * assert.deepEqual(plan.steps, [{ op: "nfkc" }]);
 * ```
 */
export function compileNormalize(
  pipeline: TextPipelineInput,
  options: NormalizeCompileOptions,
): NormalizePlan {
  const device = "profile" in options.device ? options.device.profile : options.device;
  const most = Math.min(MAX_PAYLOAD, device.payload);
  const payload = checkWhole("a payload of text in bytes of", options.payload ?? device.payload, 1, most);
  const plan = {
    format: "onpath.normalize-plan",
    version: 1,
    steps: parseNormalizePipeline(pipeline),
    device: device.name,
    mode: "stateful",
    payload,
    longest: Math.max(payload, LEAST_ANSWER),
    parts: MOST_NORMALIZED_PARTS,
    packets: checkWhole("a number of packets an exchange of", options.packets ?? 64, 1, 1024),
    checksum: options.checksum ?? "crc32c",
  } as const satisfies Omit<NormalizePlan, "id">;
  return { ...plan, id: crc32c(encode(plan, { sortKeys: true })) };
}
