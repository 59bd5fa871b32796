/**
 * Text plans: a text pipeline compiled for one vocabulary and one device. Plain data.
 *
 * @module
 */

import type { TextMode } from "../model.ts";
import type { TextStep } from "../vocabulary.ts";
import type { Checksum } from "../../../serialize/packets.ts";
import type { TextCut } from "../../../serialize/text/cut.ts";
import type { Plan } from "../../plan/plan.ts";
import type { TextPipeline } from "./spec.ts";

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
export interface TokenizeBody {
  /** The user's steps. */
  readonly pipeline: TextPipeline;
  /** The vocabulary. */
  readonly vocabulary: TextPlanVocabulary;
  /** How texts travel. */
  readonly mode: TextMode;
  /** How a text is cut into packets. */
  readonly cut: TextCut;
  /** Whether packets carry a CRC-32C. */
  readonly checksum: Checksum;
  /** Normalisation before the text is cut: the pipeline's steps, then those of the vocabulary. */
  readonly normalization: readonly TextStep[];
  /** Special tokens that stand for themselves, longest first at an offset. */
  readonly special: readonly { readonly text: string; readonly id: number }[];
  /** Ids put before and after a text. */
  readonly around: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** Decisions and their reasons, in sentences. */
  readonly notes: readonly string[];
}

/** A text pipeline, compiled for one vocabulary and one target. */
export type TokenizePlan = Plan<"tokenize", TokenizeBody>;
