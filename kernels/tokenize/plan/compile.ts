/**
 * Compiles a text pipeline, a vocabulary and a device profile into a plan.
 *
 * @module
 */

import { allowedTokens } from "../special.ts";
import { maxParts, minPayload, type TextMode } from "../model.ts";
import { requireVocabulary, type TextStep, type Vocabulary } from "../vocabulary.ts";
import { checkChecksum, type Checksum } from "../../../serialize/packets.ts";
import { checkInteger, OnpathError } from "../../../serialize/errors.ts";
import { MAX_PAYLOAD } from "../../../serialize/header.ts";
import { overlapFor } from "../../../serialize/text/cut.ts";
import type { DeviceProfile } from "../../target/profile.ts";
import type { OverlapChoice } from "./overlap_choice.ts";
import { identifyPlan } from "../../plan/plan.ts";
import { profileOf } from "../../target/profiles.ts";
import type { TokenizeBody, TokenizePlan } from "./plan.ts";
import { parseTextPipeline, type TextPipeline, type TextPipelineInput, type TokenizeStep } from "./spec.ts";

/** Inputs and limits of a text plan. */
export interface TextCompileOptions {
  /** Compiled vocabulary. */
  readonly vocabulary: Vocabulary;
  /** Device, or its profile. */
  readonly device: DeviceProfile | { readonly profile: DeviceProfile };
  /** Maximum payload of text in bytes. Default: the device's. */
  readonly payload?: number | undefined;
  /**
   * Bytes of the preceding chunk that a chunk repeats, in `overlap` mode: a number, or the result of
   * `chooseOverlap` on the user's own texts. Default {@linkcode DEFAULT_OVERLAP}.
   */
  readonly overlap?: number | OverlapChoice | undefined;
  /** Packet checksum: CRC-32C (default), or left to the link. */
  readonly checksum?: Checksum | undefined;
  /** Maximum packets in flight in one exchange, 1 to 4096. Default 256. */
  readonly packets?: number | undefined;
}

/** Default overlap, in bytes: with it, English prose needs no retries. */
export const DEFAULT_OVERLAP = 32;

/** Maximum number of answers in one exchange; slots are reserved for all of them. */
const MAX_ANSWERS = 2 ** 16;

/**
 * Compiles a text pipeline.
 *
 * @param pipeline Steps; the last one is `tokenize`.
 * @param options Vocabulary, device, payload, overlap.
 * @returns The plan.
 * @throws {OnpathError} `pipeline` if a step is malformed, a special token is unknown, or chunks of the
 * vocabulary's texts can never be merged; `size` if a number is out of range.
 *
 * @example
 * ```ts ignore
 * import { compileText } from "./compile.ts";
 * import { createModelDevice, decodeVocabulary } from "onpath";
 *
 * const plan = compileText({ steps: [{ op: "tokenize" }] }, {
 *   vocabulary: decodeVocabulary(bytes),
 *   device: createModelDevice(),
 * });
 * ```
 */
export function compileText(
  pipeline: TextPipeline | TextPipelineInput,
  options: TextCompileOptions,
): TokenizePlan {
  const parsed = parseTextPipeline(pipeline);
  const step = parsed.steps.at(-1) as TokenizeStep;
  const vocabulary = requireVocabulary(options.vocabulary);
  const target = profileOf(options.device);
  const payload = checkInteger(
    "a payload of text in bytes of",
    options.payload ?? target.payload,
    1,
    Math.min(MAX_PAYLOAD, target.payload),
  );
  // Answers need a minimum payload for their tokens, however short the text packets are.
  const longest = Math.max(payload, minPayload(vocabulary), MIN_ANSWER);
  const parts = maxParts(vocabulary, longest);
  const packets = checkInteger("a number of packets an exchange of", options.packets ?? 256, 1, 4096);
  if (step.mode === "overlap") checkPieces(vocabulary);
  const overlap = step.mode === "overlap" ? overlapOf(options.overlap, payload) : 0;
  const own = parsed.steps.flatMap((each): readonly TextStep[] =>
    each.op === "normalize_text" ? each.steps : []
  );
  const body: TokenizeBody = {
    pipeline: parsed,
    vocabulary: {
      name: vocabulary.name,
      checksum: vocabulary.checksum,
      algorithm: vocabulary.algorithm,
      idLimit: vocabulary.idLimit,
    },
    mode: step.mode,
    cut: { payload, overlap },
    checksum: checkChecksum(options.checksum),
    normalization: [...own, ...vocabulary.normalization],
    special: allowedTokens(vocabulary, step.special).map(({ text, id, strip }) => ({
      text,
      id,
      ...(strip !== undefined && { strip }),
    })),
    around: step.around ? vocabulary.around : { before: [], after: [] },
    notes: notesOf(step.mode, payload, overlap, options.overlap),
  };
  const inFlight = Math.max(1, Math.min(packets, Math.floor(MAX_ANSWERS / parts)));
  return identifyPlan({
    workload: "tokenize",
    target,
    packets: { request: payload, answer: longest, answersPerRequest: parts, inFlight },
    body,
  });
}

/** Minimum payload of an answer, in bytes; a smaller one splits the same tokens into more packets. */
const MIN_ANSWER = 64;

/** Chunks are merged at ends of pieces, so a text that is one piece cannot be cut. */
function checkPieces({ name, pieces }: Vocabulary): void {
  if (pieces !== null) return;
  throw new OnpathError(
    "pipeline",
    `Cannot cut texts of ${name} into overlapping chunks: a text is one piece, use mode "stateful"`,
    { vocabulary: name },
  );
}

function overlapOf(asked: number | OverlapChoice | undefined, payload: number): number {
  const wanted = typeof asked === "object" ? asked.overlap : asked ?? DEFAULT_OVERLAP;
  return overlapFor(payload, checkInteger("an overlap in bytes of", wanted, 0, MAX_PAYLOAD));
}

function notesOf(
  mode: TextMode,
  payload: number,
  overlap: number,
  asked: number | OverlapChoice | undefined,
): string[] {
  if (mode === "stateful") {
    return [`Packets of ${payload} bytes, none of them twice: the device keeps what waits between two.`];
  }
  const share = (100 * overlap / payload).toFixed(1);
  const reason = typeof asked === "object"
    ? `least bytes of ${asked.rows.length} overlaps tried on ${asked.bytes} bytes of the user's texts`
    : asked === undefined
    ? "the default, nothing was measured"
    : "as asked for";
  return [`Chunks of ${payload} bytes that share ${overlap} (${share}%) with the one before: ${reason}.`];
}
