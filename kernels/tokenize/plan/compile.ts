/**
 * From a text pipeline, a vocabulary and a device to a plan.
 *
 * @module
 */

import { allowedTokens } from "../special.ts";
import { leastPayload, mostParts, type TextMode } from "../model.ts";
import { requireVocabulary, type TextStep, type Vocabulary } from "../vocabulary.ts";
import { checkChecksum, type Checksum } from "../../../serialize/packets.ts";
import { checkWhole, OnpathError } from "../../../serialize/errors.ts";
import { MAX_PAYLOAD } from "../../../serialize/header.ts";
import { overlapFor } from "../../../serialize/text/cut.ts";
import type { DeviceProfile } from "../../target/profile.ts";
import type { OverlapChoice } from "./overlap_choice.ts";
import { identifyPlan } from "../../plan/plan.ts";
import { profileOf } from "../../target/profiles.ts";
import type { TokenizeBody, TokenizePlan } from "./plan.ts";
import { parseTextPipeline, type TextPipeline, type TextPipelineInput, type TokenizeStep } from "./spec.ts";

/** What a text pipeline is compiled for. */
export interface TextCompileOptions {
  /** The vocabulary. */
  readonly vocabulary: Vocabulary;
  /** The device, or its profile. */
  readonly device: DeviceProfile | { readonly profile: DeviceProfile };
  /** Longest payload of text in bytes. Default the device's. */
  readonly payload?: number | undefined;
  /**
   * Bytes that a chunk repeats of the one before, in `overlap` mode; what `chooseOverlap` found on the user's own
   * texts, or a number. Default {@linkcode DEFAULT_OVERLAP}.
   */
  readonly overlap?: number | OverlapChoice | undefined;
  /** Whether packets carry a CRC-32C (default) or leave the check to the link. */
  readonly checksum?: Checksum | undefined;
  /** Packets that are sent in one exchange at most. Default 256. */
  readonly packets?: number | undefined;
}

/** Overlap in bytes where none is asked for: on prose in English nothing has to be sent again with it. */
export const DEFAULT_OVERLAP = 32;

/** Answers that an exchange may bring at most; slots for all of them are kept. */
const MOST_ANSWERS = 2 ** 16;

/**
 * Compiles a text pipeline.
 *
 * @param pipeline The steps; the last one is `tokenize`.
 * @param options Vocabulary, device, payload, overlap.
 * @returns The plan.
 * @throws {OnpathError} `pipeline` when a step is malformed, a special token is unknown, or chunks of the
 * vocabulary's texts can never be put together; `size` when a number is outside its limit.
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
  const payload = checkWhole(
    "a payload of text in bytes of",
    options.payload ?? target.payload,
    1,
    Math.min(MAX_PAYLOAD, target.payload),
  );
  // An answer's packets need room for some tokens, however short those of the text are.
  const longest = Math.max(payload, leastPayload(vocabulary), LEAST_ANSWER);
  const parts = mostParts(vocabulary, longest);
  const packets = checkWhole("a number of packets an exchange of", options.packets ?? 256, 1, 4096);
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
    special: allowedTokens(vocabulary, step.special).map(({ text, id }) => ({ text, id })),
    around: step.around ? vocabulary.around : { before: [], after: [] },
    notes: notesOf(step.mode, payload, overlap, options.overlap),
  };
  const inFlight = Math.max(1, Math.min(packets, Math.floor(MOST_ANSWERS / parts)));
  return identifyPlan({
    workload: "tokenize",
    target,
    packets: { request: payload, answer: longest, answersPerRequest: parts, inFlight },
    body,
  });
}

/** Payload of an answer in bytes at least: less makes more packets of the same tokens. */
const LEAST_ANSWER = 64;

/** Chunks are put together where pieces end; where a text is one piece, they never are. */
function checkPieces({ name, pieces }: Vocabulary): void {
  if (pieces !== null) return;
  throw new OnpathError(
    "pipeline",
    `Cannot cut texts of ${name} into chunks that overlap: all of a text is one piece, use mode "stateful"`,
    { vocabulary: name },
  );
}

function overlapOf(asked: number | OverlapChoice | undefined, payload: number): number {
  const wanted = typeof asked === "object" ? asked.overlap : asked ?? DEFAULT_OVERLAP;
  return overlapFor(payload, checkWhole("an overlap in bytes of", wanted, 0, MAX_PAYLOAD));
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
