/**
 * Text plans: a text pipeline compiled for one vocabulary and one device. Plain data.
 *
 * @module
 */

import type { TextMode } from "../model.ts";
import type { SpecialToken, TextStep } from "../vocabulary.ts";
import type { Checksum } from "../../../serialize/packets.ts";
import type { TextCut } from "../../../serialize/text/cut.ts";
import type { Plan } from "../../plan/plan.ts";
import type { TextPipeline } from "./spec.ts";

/** Identity of a plan's vocabulary. */
export interface TextPlanVocabulary {
  /** Name of the vocabulary. */
  readonly name: string;
  /** CRC-32C of its compiled table file. */
  readonly checksum: number;
  /** Algorithm that turns a piece into tokens. */
  readonly algorithm: "bpe" | "wordpiece" | "unigram";
  /** Greatest id plus one. */
  readonly idLimit: number;
}

/** Compiled text pipeline. */
export interface TokenizeBody {
  /** Steps as the user wrote them. */
  readonly pipeline: TextPipeline;
  /** Vocabulary that the plan was compiled for. */
  readonly vocabulary: TextPlanVocabulary;
  /** Mode of sending texts. */
  readonly mode: TextMode;
  /** Payload and overlap of text packets. */
  readonly cut: TextCut;
  /** Packet checksum: CRC-32C, or left to the link. */
  readonly checksum: Checksum;
  /** Normalisation before the text is cut: the pipeline's steps, then those of the vocabulary. */
  readonly normalization: readonly TextStep[];
  /** Special tokens recognised in the text; the longest match at an offset is taken. */
  readonly special: readonly Pick<SpecialToken, "text" | "id" | "strip">[];
  /** Ids added before and after a text. */
  readonly around: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** Decisions and their reasons, in sentences. */
  readonly notes: readonly string[];
}

/** A text pipeline, compiled for one vocabulary and one target. */
export type TokenizePlan = Plan<"tokenize", TokenizeBody>;
