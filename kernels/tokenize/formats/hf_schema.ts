/**
 * The parts of a Hugging Face tokenizer.json that onpath reads, checked. What a part says that onpath does not do
 * is refused by name where the part is used.
 *
 * @module
 */

import { z } from "zod";
import { MAX_TOKENS } from "../compile/bpe.ts";

const ID = z.int().min(0).max(2 ** 30);

/** One added token. */
const ADDED_TOKEN = z.object({
  id: ID,
  content: z.string().min(1).max(4096),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().default(false),
  special: z.boolean().default(false),
});

const VOCAB = z.record(z.string(), ID).refine((vocab) => Object.keys(vocab).length <= MAX_TOKENS, {
  message: `expected at most ${MAX_TOKENS} tokens`,
});

/** Most merges that are taken; Llama 3 lists 280,147. */
const MAX_MERGES = 2 ** 22;

/** `model` of type BPE. */
export const BPE_MODEL = z.object({
  type: z.literal("BPE").default("BPE"),
  dropout: z.number().nullish(),
  unk_token: z.string().nullish(),
  continuing_subword_prefix: z.string().nullish(),
  end_of_word_suffix: z.string().nullish(),
  fuse_unk: z.boolean().nullish(),
  byte_fallback: z.boolean().nullish(),
  ignore_merges: z.boolean().nullish(),
  vocab: VOCAB,
  merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])).max(MAX_MERGES),
});

/** `model` of type WordPiece. */
export const WORDPIECE_MODEL = z.object({
  type: z.literal("WordPiece"),
  unk_token: z.string(),
  continuing_subword_prefix: z.string(),
  max_input_chars_per_word: z.int().min(1).max(65535),
  vocab: VOCAB,
});

/** The whole file; its parts are checked where they are read. */
export const TOKENIZER_JSON = z.object({
  added_tokens: z.array(ADDED_TOKEN).max(MAX_TOKENS).default([]),
  normalizer: z.unknown().optional(),
  pre_tokenizer: z.unknown().optional(),
  post_processor: z.unknown().optional(),
  decoder: z.unknown().optional(),
  model: z.looseObject({ type: z.string().optional() }),
});

/** A tokenizer.json, checked. */
export type TokenizerJson = z.infer<typeof TOKENIZER_JSON>;

const TEMPLATE_PIECE = z.union([
  z.object({ SpecialToken: z.object({ id: z.string() }) }),
  z.object({ Sequence: z.object({ id: z.string() }) }),
]);

const PAIR = z.tuple([z.string(), ID]);

/** `post_processor`. */
export const POST_PROCESSOR: z.ZodType<PostProcessor> = z.lazy(() =>
  z.union([
    z.object({ type: z.literal("ByteLevel") }),
    z.object({
      type: z.literal("TemplateProcessing"),
      single: z.array(TEMPLATE_PIECE).max(64),
      special_tokens: z.record(z.string(), z.object({ ids: z.array(ID).max(64) })),
    }),
    z.object({ type: z.literal("BertProcessing"), sep: PAIR, cls: PAIR }),
    z.object({ type: z.literal("RobertaProcessing"), sep: PAIR, cls: PAIR }),
    z.object({ type: z.literal("Sequence"), processors: z.array(POST_PROCESSOR).max(16) }),
  ])
);

/** A post-processor, checked. */
export type PostProcessor =
  | { type: "ByteLevel" }
  | {
    type: "TemplateProcessing";
    single: ({ SpecialToken: { id: string } } | { Sequence: { id: string } })[];
    special_tokens: Record<string, { ids: number[] }>;
  }
  | { type: "BertProcessing" | "RobertaProcessing"; sep: [string, number]; cls: [string, number] }
  | { type: "Sequence"; processors: PostProcessor[] };

/** One step of `decoder`. */
export const DECODER: z.ZodType<Decoder> = z.lazy(() =>
  z.union([
    z.object({ type: z.literal("ByteLevel") }),
    z.object({ type: z.literal("WordPiece"), prefix: z.string(), cleanup: z.boolean() }),
    z.object({
      type: z.literal("Replace"),
      pattern: z.object({ String: z.string() }),
      content: z.string(),
    }),
    z.object({ type: z.literal("ByteFallback") }),
    z.object({ type: z.literal("Fuse") }),
    z.object({ type: z.literal("Strip"), content: z.string(), start: z.int(), stop: z.int() }),
    z.object({
      type: z.literal("Metaspace"),
      replacement: z.string(),
      prepend_scheme: z.string().optional(),
      add_prefix_space: z.boolean().optional(),
    }),
    z.object({ type: z.literal("Sequence"), decoders: z.array(DECODER).max(16) }),
  ])
);

/** A decoder, checked. */
export type Decoder =
  | { type: "ByteLevel" | "ByteFallback" | "Fuse" }
  | { type: "WordPiece"; prefix: string; cleanup: boolean }
  | { type: "Replace"; pattern: { String: string }; content: string }
  | { type: "Strip"; content: string; start: number; stop: number }
  | {
    type: "Metaspace";
    replacement: string;
    prepend_scheme?: string | undefined;
    add_prefix_space?: boolean | undefined;
  }
  | { type: "Sequence"; decoders: Decoder[] };
