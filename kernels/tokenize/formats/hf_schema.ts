/**
 * Schemas of the parts of a Hugging Face tokenizer.json that onpath reads. Unsupported settings are rejected
 * by name where the part is used.
 *
 * @module
 */

import { z } from "zod";
import { longList, shortList } from "../../lists.ts";
import { MAX_TOKEN_BYTES, MAX_TOKENS } from "../compile/bpe.ts";
import { isObject } from "../../../serialize/require.ts";

const MAX_ID = 2 ** 30;
const ID = z.int().min(0).max(MAX_ID);
const TEXT = z.string().max(MAX_TOKEN_BYTES).refine(
  (text) => text.isWellFormed(),
  "is not well-formed Unicode",
);

/** Entry of `added_tokens`. */
const ADDED_TOKEN = z.object({
  id: ID,
  content: TEXT.min(1),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().default(false),
  special: z.boolean().default(false),
});

function isId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_ID;
}

// zod's record would omit the key "__proto__" and report every invalid entry.
const VOCAB = z.custom<Readonly<Record<string, number>>>(
  (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    const entries = Object.entries(value);
    return entries.length <= MAX_TOKENS && entries.every(([text, id]) => isId(id) && text.isWellFormed());
  },
  `expected at most ${MAX_TOKENS} well-formed tokens with ids from 0 to ${MAX_ID}`,
);

type Merge = string | readonly [string, string];

function isMerge(value: unknown): value is Merge {
  return typeof value === "string" ||
    Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "string");
}

/** Maximum number of merges; Llama 3 lists 280,147. */
const MAX_MERGES = 2 ** 22;

/** Maximum number of added tokens; an encoder compares each of them at every byte. */
const MAX_ADDED_TOKENS = 2 ** 16;

/** Schema of a `model` of type BPE. */
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
  merges: longList(isMerge, MAX_MERGES, "merges, each a text or two"),
});

/** Schema of a `model` of type WordPiece. */
export const WORDPIECE_MODEL = z.object({
  type: z.literal("WordPiece"),
  unk_token: z.string(),
  continuing_subword_prefix: z.string(),
  max_input_chars_per_word: z.int().min(1).max(65535),
  vocab: VOCAB,
});

/** Schema of the whole file; each part is checked where it is read. */
export const TOKENIZER_JSON = z.object({
  added_tokens: shortList(ADDED_TOKEN, MAX_ADDED_TOKENS).default([]),
  truncation: z.unknown().optional(),
  padding: z.unknown().optional(),
  normalizer: z.unknown().optional(),
  pre_tokenizer: z.unknown().optional(),
  post_processor: z.unknown().optional(),
  decoder: z.unknown().optional(),
  model: z.looseObject({ type: z.string().optional() }),
});

/** Contents of a tokenizer.json, checked. */
export type TokenizerJson = z.infer<typeof TOKENIZER_JSON>;

const TYPE_ID = z.int().min(0).max(255).default(0);

const TEMPLATE_PIECE: z.ZodType<TemplatePiece> = z.union([
  z.object({ SpecialToken: z.object({ id: z.string(), type_id: TYPE_ID }) }),
  z.object({ Sequence: z.object({ id: z.string(), type_id: TYPE_ID }) }),
]);

/** Piece of a template, checked. */
export type TemplatePiece =
  | { SpecialToken: { id: string; type_id: number } }
  | { Sequence: { id: string; type_id: number } };

const PAIR = z.tuple([z.string(), ID]);

function isTemplateTokens(value: unknown): value is Record<string, { ids: number[] }> {
  return isObject(value) &&
    Object.values(value).every((token: unknown) =>
      typeof token === "object" && token !== null && "ids" in token && Array.isArray(token.ids) &&
      token.ids.length <= 64 && token.ids.every(isId)
    );
}

const OFFSETS = { trim_offsets: z.boolean().default(true), add_prefix_space: z.boolean().default(true) };

/** Schema of `post_processor`; the parts of a sequence are checked where they are read. */
export const POST_PROCESSOR: z.ZodType<PostProcessor> = z.union([
  z.object({ type: z.literal("ByteLevel"), ...OFFSETS }),
  z.object({
    type: z.literal("TemplateProcessing"),
    single: z.array(TEMPLATE_PIECE).max(64),
    pair: z.array(TEMPLATE_PIECE).max(64).default([]),
    special_tokens: z.custom<Record<string, { ids: number[] }>>(
      isTemplateTokens,
      "expected tokens with at most 64 ids",
    ),
  }),
  z.object({ type: z.literal("BertProcessing"), sep: PAIR, cls: PAIR }),
  z.object({ type: z.literal("RobertaProcessing"), sep: PAIR, cls: PAIR, ...OFFSETS }),
  z.object({ type: z.literal("Sequence"), processors: shortList(z.unknown(), 16) }),
]);

/** Post-processor, checked. */
export type PostProcessor =
  | { type: "ByteLevel"; trim_offsets: boolean; add_prefix_space: boolean }
  | {
    type: "TemplateProcessing";
    single: TemplatePiece[];
    pair: TemplatePiece[];
    special_tokens: Record<string, { ids: number[] }>;
  }
  | { type: "BertProcessing"; sep: [string, number]; cls: [string, number] }
  | {
    type: "RobertaProcessing";
    sep: [string, number];
    cls: [string, number];
    trim_offsets: boolean;
    add_prefix_space: boolean;
  }
  | { type: "Sequence"; processors: unknown[] };

const DECODER_STEPS = [
  z.object({ type: z.literal("ByteLevel") }),
  z.object({ type: z.literal("WordPiece"), prefix: TEXT, cleanup: z.boolean() }),
  z.object({
    type: z.literal("Replace"),
    pattern: z.object({ String: TEXT.min(1) }),
    content: TEXT,
  }),
  z.object({ type: z.literal("ByteFallback") }),
  z.object({ type: z.literal("Fuse") }),
  z.object({ type: z.literal("Strip"), content: z.string(), start: z.int(), stop: z.int() }),
  z.object({
    type: z.literal("Metaspace"),
    replacement: TEXT.min(1),
    prepend_scheme: z.string().optional(),
    add_prefix_space: z.boolean().optional(),
  }),
] as const;

/** Schema of `decoder`: one step, or a sequence of up to 16. */
export const DECODER: z.ZodType<Decoder> = z.union([
  ...DECODER_STEPS,
  z.object({ type: z.literal("Sequence"), decoders: shortList(z.union(DECODER_STEPS), 16) }),
]);

/** Step of a decoder, checked. */
export type DecoderStep = Exclude<Decoder, { type: "Sequence" }>;

/** Decoder, checked. */
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
  | { type: "Sequence"; decoders: DecoderStep[] };
