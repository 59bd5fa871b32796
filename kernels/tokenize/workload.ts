/**
 * Workload `tokenize`: texts in, token ids and their offsets out.
 *
 * @module
 */

import { encode } from "@msgpack/msgpack";
import { z } from "zod";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
import type { MergedChunk } from "../../serialize/text/chunk_merge.ts";
import { createTextWriter } from "../../serialize/text/text_writer.ts";
import { asPlanError, type Plan } from "../plan/plan.ts";
import { reservePlanSlots } from "../plan/slots.ts";
import { type PacketModel, plainCounts, type Program } from "../program.ts";
import { parseWith, type Schema } from "../schema.ts";
import type { Connection, Opened, Work, Workload } from "../workload.ts";
import type { ChunkCache } from "./chunk_cache.ts";
import { ChunkFlow } from "./flows/chunk_flow.ts";
import type { TextContext } from "./flows/context.ts";
import { HostFallback } from "./flows/host_fallback.ts";
import { textHalves } from "./halves.ts";
import {
  flowsOf,
  joinPieces,
  rememberChunks,
  splitIntoPieces,
  type TextTokens,
} from "./flows/text_pieces.ts";
import { openTextStream } from "./flows/text_stream.ts";
import { SequentialFlow } from "./flows/token_flow.ts";
import { TEXT_FLOWS } from "./held_flows.ts";
import { saysPlaces, TEXT_MODES, TokenizeModel } from "./model.ts";
import { checkVocabulary } from "./plan/check.ts";
import { compileText, type TextCompileOptions } from "./plan/compile.ts";
import type { TokenizeBody, TokenizePlan } from "./plan/plan.ts";
import { parseTextPipeline } from "./plan/spec.ts";
import { tokenizeKernelImage } from "./rtl.ts";
import { vocabularyBytes } from "./tables.ts";
import { tokenLengths, wellFormed } from "./text_parts.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Data that a text plan refers to but does not contain. */
export interface TextResources {
  /** Vocabulary that the plan was compiled for. */
  readonly vocabulary: Vocabulary;
  /** Cache of chunks tokenized before; sessions may share it. */
  readonly cache?: ChunkCache | undefined;
}

/** Options of a run over text. */
export interface TextOptions {
  /** Called with the outcome of each chunk, in mode `overlap`. */
  readonly onChunk?: ((chunk: MergedChunk) => void) | undefined;
}

/**
 * Maximum number of chunked texts in one exchange; in `stateful` mode the device's flow capacity is the
 * limit.
 */
const MAX_CHUNKED = 64;

/** A model of the kind that takes packet by packet. */
export function textModel(
  model: Pick<PacketModel, "take">,
  bytes: number,
  lookups: () => number,
): PacketModel {
  return {
    resident: { bytes, cycles: 0 },
    take: (...packet) => model.take(...packet),
    counts: () => plainCounts(lookups()),
  };
}

function programOf(plan: TokenizePlan, vocabulary: Vocabulary): Program {
  const { id, packets: { answer: longest }, body: { mode } } = plan;
  return {
    plan,
    restarts: false,
    model: () => {
      const model = new TokenizeModel(vocabulary, { plan: id, longest, mode });
      return textModel(model, vocabularyBytes(vocabulary), () => {
        const { automaton, candidates, pairs, points } = model.lookups();
        return automaton + candidates + pairs + points;
      });
    },
    image: () => tokenizeKernelImage(plan, vocabulary),
  };
}

function contextOf(plan: TokenizePlan, vocabulary: Vocabulary): TextContext {
  return {
    plan,
    writer: createTextWriter({ plan: plan.id, checksum: plan.body.checksum }),
    lengthOf: tokenLengths(vocabulary),
    covers: !saysPlaces(vocabulary),
    makeFallback: () => new HostFallback(vocabulary),
  };
}

function connect(
  plan: TokenizePlan,
  { vocabulary, cache }: TextResources,
): Connection<string | Uint8Array, TextTokens, TextOptions, Uint32Array> {
  const { mode } = plan.body;
  const context = contextOf(plan, vocabulary);
  return {
    ...reservePlanSlots(plan.packets),
    maxFlows: mode === "stateful" ? TEXT_FLOWS : MAX_CHUNKED,
    begin: (input, { onChunk }): Work<TextTokens> => {
      if (onChunk !== undefined && typeof onChunk !== "function") {
        throw new OnpathError("size", `Cannot use onChunk: expected a function, found ${kindOf(onChunk)}`);
      }
      const text = wellFormed(input);
      const split = splitIntoPieces(
        plan,
        text,
        cache ?? null,
        (part) =>
          mode === "stateful" ? new SequentialFlow(context, part) : new ChunkFlow(context, part, onChunk),
      );
      return {
        flows: flowsOf([split]),
        result: () => {
          if (cache !== undefined) rememberChunks(split, cache);
          return joinPieces(plan, split);
        },
      };
    },
    stream: (run) => openTextStream(context, run),
  };
}

const words = z.array(
  z.strictObject({
    text: z.string().max(1000),
    id: z.number().int().min(0),
    strip: z.enum(["left", "right", "both"]).optional(),
  }),
).max(
  2 ** 16,
);
const ids = z.array(z.number().int().min(0)).max(64);
const whole = z.number().int().min(0).max(2 ** 32 - 1);

const bodySpec: Schema<TokenizeBody> = z.strictObject({
  pipeline: z.custom<TokenizeBody["pipeline"]>((value) => typeof value === "object" && value !== null),
  vocabulary: z.strictObject({
    name: z.string().max(1000),
    checksum: whole,
    algorithm: z.enum(["bpe", "wordpiece", "unigram"]),
    idLimit: whole,
  }),
  mode: z.enum(TEXT_MODES),
  cut: z.strictObject({ payload: whole, overlap: whole }),
  checksum: z.enum(["crc32c", "link"]),
  normalization: z.custom<TokenizeBody["normalization"]>(Array.isArray),
  special: words,
  around: z.strictObject({ before: ids, after: ids }),
  notes: z.array(z.string().max(1000)).max(32),
});

/** Workload `tokenize`. */
export const tokenizeWorkload: Workload<
  TokenizePlan,
  string | Uint8Array,
  TextTokens,
  TextResources,
  TextOptions,
  Uint32Array
> = {
  name: "tokenize",
  summary: "texts to token ids, exactly as the vocabulary's own tokenizer",
  steps: ["normalize_text", "tokenize"],
  data: ["text", "tokens"],
  compile: (pipeline, options) => compileText(parseTextPipeline(pipeline), options as TextCompileOptions),
  check: (plan: Plan) => {
    const body = parseWith(bodySpec, plan.body, "plan", "plan.body");
    return { ...plan, workload: "tokenize", body: { ...body, pipeline: parseTextPipeline(body.pipeline) } };
  },
  open: (plan, resources): Opened<string | Uint8Array, TextTokens, TextOptions, Uint32Array> => {
    const vocabulary = (resources as TextResources | undefined)?.vocabulary;
    if (vocabulary === undefined) {
      const { name } = plan.body.vocabulary;
      throw new OnpathError(
        "plan",
        `Cannot run text plan ${plan.id}: its vocabulary ${name} is missing, expected resources { vocabulary }`,
        {
          plan: plan.id,
          vocabulary: name,
        },
      );
    }
    checkVocabulary(plan, vocabulary);
    if (resources.cache !== undefined) checkVocabulary(plan, Object(resources.cache).vocabulary);
    // A plan from a file is checked in full here: with its vocabulary it can be compiled again.
    const { pipeline, cut: { overlap }, checksum, mode } = plan.body;
    const options = {
      vocabulary,
      device: plan.target,
      payload: plan.packets.request,
      ...(mode === "overlap" ? { overlap } : {}),
      checksum,
      packets: plan.packets.inFlight,
    };
    const again = asPlanError(plan.id, () => compileText(pipeline, options));
    checkSame(plan, again);
    return {
      program: programOf(plan, vocabulary),
      connect: () => connect(plan, resources),
      halves: () => textHalves(contextOf(plan, vocabulary)),
    };
  },
};

/**
 * Rejects a plan that differs from a recompiled one. Notes are ignored, because they may explain a measured
 * overlap.
 */
function checkSame(plan: TokenizePlan, again: TokenizePlan): void {
  // A plan from a file has its keys in another order.
  const face = ({ packets, body: { notes: _, ...body } }: TokenizePlan) =>
    String(encode([packets, body], { sortKeys: true }));
  if (face(plan) === face(again)) return;
  throw new OnpathError(
    "plan",
    `Cannot read plan ${plan.id}: its pipeline compiles to a different plan, recompile it`,
    { id: plan.id },
  );
}
