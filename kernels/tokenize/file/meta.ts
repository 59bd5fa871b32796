/**
 * Head of a compiled table file: its strings and single numbers, without the arrays.
 *
 * @module
 */

import { z } from "zod";
import { kindOf, OnpathError } from "../../../serialize/errors.ts";
import { excerpt } from "../../excerpt.ts";
import { MAX_TOKEN_BYTES, MAX_TOKENS } from "../compile/bpe.ts";
import { MAX_RUN } from "../compile/runs.ts";
import { MAX_TRIE_STATES } from "../compile/trie.ts";
import {
  MAX_IDS,
  type SpecialToken,
  type TemplatePart,
  type Templates,
  type TextStep,
} from "../vocabulary.ts";
import { MAX_CLASSES } from "../pattern/dfa.ts";
import { growsLittle, GROWTH_MESSAGE, MAX_TEXT_STEPS } from "../../text_normalize/growth.ts";
import { HOST_STEPS } from "../../text_normalize/spec.ts";
import { longList, shortList } from "../../lists.ts";

const ID = z.int().min(0).max(MAX_IDS - 1);
const TEXT = z.string().max(MAX_TOKEN_BYTES).refine(
  (text) => text.isWellFormed(),
  "is not well-formed Unicode",
);
const COUNT = (most: number) => z.int().min(0).max(most);

const PIPELINE_STEP = z.discriminatedUnion("op", [
  z.strictObject({
    op: z.enum(["nfc", "nfd", "nfkc", "nfkd"]),
    tables: z.literal("tokenizers").optional(),
  }),
  z.strictObject({ op: z.literal("lower_case") }),
  z.strictObject({ op: z.literal("strip_accents") }),
  z.strictObject({ op: z.literal("clean_text") }),
  z.strictObject({ op: z.literal("space_chinese") }),
  z.strictObject({ op: z.literal("prepend"), text: TEXT.min(1) }),
  z.strictObject({ op: z.literal("replace"), from: TEXT.min(1), to: TEXT }),
]);
const TEXT_STEP: z.ZodType<TextStep> = z.union([PIPELINE_STEP as z.ZodType<TextStep>, ...HOST_STEPS]);

function isSpecialToken(value: unknown): value is SpecialToken {
  if (typeof value !== "object" || value === null) return false;
  const fields = 2 + ("isSkipped" in value ? 1 : 0) + ("strip" in value ? 1 : 0);
  return Object.keys(value).length === fields && (!("isSkipped" in value) || value.isSkipped === false) &&
    (!("strip" in value) || value.strip === "left" || value.strip === "right" || value.strip === "both") &&
    "text" in value &&
    typeof value.text === "string" && value.text !== "" && value.text.length <= MAX_TOKEN_BYTES &&
    value.text.isWellFormed() && "id" in value && isId(value.id);
}

function isId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < MAX_IDS;
}

/** Maximum length of a vocabulary's name, in UTF-16 units. */
const MAX_NAME = 256;

/**
 * Checks that a compiled file can hold a name.
 *
 * @param name Name of the vocabulary.
 * @throws {OnpathError} `file` if the name is too long or not well-formed.
 */
export function checkName(name: string): void {
  if (typeof name !== "string") {
    throw new OnpathError("file", `Cannot read a vocabulary: its name is ${kindOf(name)}, expected a string`);
  }
  if (name.length <= MAX_NAME && name.isWellFormed()) return;
  throw new OnpathError(
    "file",
    `Cannot read a vocabulary named "${excerpt(name)}": expected at most ${MAX_NAME} well-formed characters`,
    { length: name.length },
  );
}

/** Maximum number of ids before a text, and of ids after it. */
export const MAX_AROUND = 1024;

const AROUND = shortList(ID, MAX_AROUND);

const TYPE = COUNT(255);
const TEMPLATE = shortList<TemplatePart>(
  z.union([
    z.strictObject({ ids: AROUND, type: TYPE }),
    z.strictObject({ text: z.enum(["first", "second"]), type: TYPE }),
  ]),
  128,
);
const textsOf = (parts: readonly TemplatePart[]) =>
  parts.flatMap((part) => "text" in part ? [part.text] : []).join();

const TEMPLATES: z.ZodType<Templates> = z.strictObject({
  single: TEMPLATE.refine((parts) => textsOf(parts) === "first", "expected one text"),
  pair: TEMPLATE.refine((parts) => textsOf(parts) === "first,second", "expected two texts").nullable(),
  trim: z.enum(["none", "all", "first"]),
});

/** Maximum length of the file's head, in bytes. */
export const MAX_META_BYTES = 2 ** 24;

/** Maximum bytes that one id decodes to. */
export const MAX_ID_BYTES = MAX_TOKEN_BYTES * 4;

/** Greatest absolute score of a token of Unigram; sums of scores stay finite. */
export const MAX_SCORE = 1e15;

/** Maximum number of units with runs. */
const MAX_RUNS = 64;

/** Schema of the file's head. */
export const TABLE_META = z.strictObject({
  name: TEXT.max(MAX_NAME),
  idLimit: z.int().min(1).max(MAX_IDS),
  normalization: shortList(TEXT_STEP, MAX_TEXT_STEPS).refine(growsLittle, GROWTH_MESSAGE),
  decoding: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("bytes"), leadingSpaces: COUNT(255) }),
    z.strictObject({ kind: z.literal("words"), prefix: TEXT, cleanUp: z.boolean() }),
  ]),
  special: longList(isSpecialToken, MAX_TOKENS, "special tokens, each of a text and an id"),
  around: z.strictObject({ before: AROUND, after: AROUND }),
  templates: TEMPLATES.optional(),
  pieces: z.strictObject({
    states: z.int().min(1).max(32767),
    classes: z.int().min(2).max(MAX_CLASSES),
    start: COUNT(32766),
    blocks: z.int().min(1).max(0x1100),
  }).nullable(),
  cells: z.int().min(257).max(MAX_TRIE_STATES * 2),
  bpe: z.strictObject({
    tokens: z.int().min(1).max(MAX_TOKENS),
    merges: COUNT(MAX_TOKENS),
    units: z.enum(["bytes", "characters"]),
    wholeFirst: z.boolean(),
    holes: shortList(COUNT(127), 128).optional(),
    runs: shortList(
      z.strictObject({
        unit: COUNT(MAX_TOKENS),
        first: COUNT(MAX_TOKENS),
        length: z.int().min(2).max(MAX_RUN),
      }),
      MAX_RUNS,
    ).optional(),
  }).nullable(),
  wordPiece: z.strictObject({
    inside: z.int().min(1).max(MAX_TRIE_STATES * 2),
    unknown: ID,
    maxCharacters: z.int().min(1).max(65535),
  }).nullable(),
  unigram: z.strictObject({
    unknown: ID,
    unknownScore: z.number().min(-2 * MAX_SCORE).max(MAX_SCORE),
    hasFallback: z.boolean(),
    isSingle: z.literal(true).optional(),
  }).optional(),
}).refine(
  ({ bpe, wordPiece, unigram }) => +(bpe !== null) + +(wordPiece !== null) + +(unigram !== undefined) === 1,
  { message: "expected one algorithm" },
);

/** Head of the file, checked. */
export type TableMeta = z.infer<typeof TABLE_META>;
