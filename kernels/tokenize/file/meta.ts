/**
 * What a compiled table file says in words and single numbers, beside its arrays.
 *
 * @module
 */

import { z } from "zod";
import { MAX_TOKEN_BYTES, MAX_TOKENS } from "../compile/bpe.ts";
import { MAX_TRIE_STATES } from "../compile/trie.ts";
import { MAX_IDS, type TextStep } from "../vocabulary.ts";

const ID = z.int().min(0).max(MAX_IDS - 1);
const TEXT = z.string().max(MAX_TOKEN_BYTES);
const COUNT = (most: number) => z.int().min(0).max(most);

const TEXT_STEP: z.ZodType<TextStep> = z.discriminatedUnion("op", [
  z.strictObject({
    op: z.enum(["nfc", "nfd", "nfkc", "nfkd"]),
  }),
  z.strictObject({ op: z.literal("lower_case") }),
  z.strictObject({ op: z.literal("strip_accents") }),
  z.strictObject({ op: z.literal("clean_text") }),
  z.strictObject({ op: z.literal("space_chinese") }),
  z.strictObject({ op: z.literal("prepend"), text: TEXT }),
  z.strictObject({ op: z.literal("replace"), from: TEXT, to: TEXT }),
]);

/** The schema of the file's head. */
export const TABLE_META = z.strictObject({
  name: z.string().max(256),
  idLimit: z.int().min(1).max(MAX_IDS),
  normalization: z.array(TEXT_STEP).max(64),
  decoding: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("bytes"), leadingSpaces: COUNT(255) }),
    z.strictObject({ kind: z.literal("words"), prefix: TEXT, cleanUp: z.boolean() }),
  ]),
  special: z.array(z.strictObject({ text: TEXT, id: ID })).max(MAX_TOKENS),
  around: z.strictObject({ before: z.array(ID).max(1024), after: z.array(ID).max(1024) }),
  pieces: z.strictObject({
    states: z.int().min(1).max(32767),
    classes: z.int().min(1).max(256),
    start: COUNT(32766),
    blocks: z.int().min(1).max(0x1100),
  }).nullable(),
  cells: z.int().min(257).max(MAX_TRIE_STATES * 2),
  bpe: z.strictObject({
    tokens: z.int().min(1).max(MAX_TOKENS),
    merges: COUNT(MAX_TOKENS),
    units: z.enum(["bytes", "characters"]),
    wholeFirst: z.boolean(),
  }).nullable(),
  wordPiece: z.strictObject({
    inside: z.int().min(1).max(MAX_TRIE_STATES * 2),
    unknown: ID,
    mostCharacters: z.int().min(1).max(65535),
  }).nullable(),
}).refine((meta) => (meta.bpe === null) !== (meta.wordPiece === null), {
  message: "expected one algorithm",
});

/** The file's head. */
export type TableMeta = z.infer<typeof TABLE_META>;
