/**
 * Text plans: a text pipeline compiled for one vocabulary and one device. Plain data.
 *
 * @module
 */

import type { TextMode } from "../model.ts";
import type { TextStep } from "../vocabulary.ts";
import type { Checksum } from "../../../serialize/packets.ts";
import type { TextCut } from "../../../serialize/text/cut.ts";
import type { TextPipeline } from "./spec.ts";

/** The version that this code writes and reads. */
export const TEXT_PLAN_VERSION = 1;

/** What a plan knows of its vocabulary. */
export interface TextPlanVocabulary {
  /** Its name. */
  readonly name: string;
  /** CRC-32C of its compiled table file. */
  readonly checksum: number;
  /** What makes tokens of a piece. */
  readonly algorithm: "bpe" | "wordpiece";
  /** One more than the greatest id. */
  readonly idLimit: number;
}

/** A text pipeline, compiled. */
export interface TextPlan {
  /** What it is. */
  readonly format: "onpath.text-plan";
  /** {@linkcode TEXT_PLAN_VERSION}. */
  readonly version: typeof TEXT_PLAN_VERSION;
  /** CRC-32C of everything else; packets carry it. */
  readonly id: number;
  /** What was compiled. */
  readonly pipeline: TextPipeline;
  /** Name of the device's profile. */
  readonly device: string;
  /** The vocabulary. */
  readonly vocabulary: TextPlanVocabulary;
  /** How texts travel. */
  readonly mode: TextMode;
  /** How a text is cut into packets. */
  readonly cut: TextCut;
  /** Longest payload of an answer in bytes; those of `cut` are no longer. */
  readonly longest: number;
  /** Answers to one packet at most. */
  readonly parts: number;
  /** Packets that are sent in one exchange at most. */
  readonly packets: number;
  /** Whether packets carry a CRC-32C. */
  readonly checksum: Checksum;
  /** What the host does to a text before it is cut: the pipeline's steps, then those of the vocabulary. */
  readonly normalization: readonly TextStep[];
  /** Special tokens that stand for themselves, longest first at a place. */
  readonly special: readonly { readonly text: string; readonly id: number }[];
  /** Ids put before and after a text. */
  readonly around: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** What the plan decided and why, in sentences. */
  readonly notes: readonly string[];
}
