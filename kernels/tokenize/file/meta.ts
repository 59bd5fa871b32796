/**
 * Head of a compiled table file: its strings and single numbers, without the arrays.
 *
 * @module
 */

import { kindOf, OnpathError } from "../../../serialize/errors.ts";
import { excerpt } from "../../../serialize/excerpt.ts";
import type { Schema } from "../../schema.ts";
import {
  both,
  type Check,
  flag,
  integer,
  list,
  nullable,
  number,
  oneOf,
  optional,
  record,
  schemaOf,
  test,
  text,
  variant,
} from "../../shape.ts";
import { fileSteps } from "../../text_normalize/step_shapes.ts";
import { MAX_TOKEN_BYTES, MAX_TOKENS } from "../compile/bpe.ts";
import { MAX_RUN } from "../compile/runs.ts";
import { MAX_TRIE_STATES } from "../compile/trie.ts";
import { MAX_CLASSES } from "../pattern/dfa.ts";
import {
  type BpeTables,
  MAX_IDS,
  type SpecialToken,
  type TemplatePart,
  type Templates,
  type Vocabulary,
} from "../vocabulary.ts";

const ID = integer(0, MAX_IDS - 1);
const TEXT = text(MAX_TOKEN_BYTES);
const COUNT = (most: number) => integer(0, most);

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

const AROUND = list(ID, MAX_AROUND);

const TYPE = COUNT(255);
const PART: Check = (value, path) =>
  (Object.hasOwn(Object(value), "ids")
    ? record({ ids: AROUND, type: TYPE })
    : record({ text: oneOf("first", "second"), type: TYPE }))(value, path);
const TEMPLATE = list(PART, 128);
const textsOf = (parts: readonly TemplatePart[]) =>
  parts.flatMap((part) => "text" in part ? [part.text] : []).join();

const texts = (expected: string, message: string) =>
  both(TEMPLATE, test((parts) => textsOf(parts as TemplatePart[]) === expected, message));

const TEMPLATES = record({
  single: texts("first", "expected one text"),
  pair: nullable(texts("first,second", "expected two texts")),
  trim: oneOf("none", "all", "first"),
});

/** Maximum length of the file's head, in bytes. */
export const MAX_META_BYTES = 2 ** 24;

/** Maximum bytes that one id decodes to. */
export const MAX_ID_BYTES = MAX_TOKEN_BYTES * 4;

/** Greatest absolute score of a token of Unigram; sums of scores stay finite. */
export const MAX_SCORE = 1e15;

/** Maximum number of units with runs. */
const MAX_RUNS = 64;

/** Head of the file: what {@linkcode Vocabulary} has besides arrays, and the sizes of these. Plain data. */
export interface TableMeta
  extends Pick<Vocabulary, "name" | "idLimit" | "normalization" | "decoding" | "special"> {
  readonly around: Vocabulary["around"];
  readonly templates?: Templates | undefined;
  /** Sizes of the automaton that cuts text into pieces. */
  readonly pieces: {
    readonly states: number;
    readonly classes: number;
    readonly start: number;
    readonly blocks: number;
  } | null;
  /** Cells of the automaton over bytes. */
  readonly cells: number;
  readonly bpe: {
    readonly tokens: number;
    readonly merges: number;
    readonly units: BpeTables["units"];
    readonly wholeFirst: boolean;
    /** Bytes without a fallback. */
    readonly holes?: readonly number[] | undefined;
    readonly runs?:
      | readonly { readonly unit: number; readonly first: number; readonly length: number }[]
      | undefined;
  } | null;
  readonly wordPiece: {
    readonly inside: number;
    readonly unknown: number;
    readonly maxCharacters: number;
  } | null;
  readonly unigram?: {
    readonly unknown: number;
    readonly unknownScore: number;
    readonly hasFallback: boolean;
    readonly isSingle?: true | undefined;
  } | undefined;
}

/** Schema of the file's head. */
export const TABLE_META: Schema<TableMeta> = schemaOf(both(
  record({
    name: text(MAX_NAME),
    idLimit: integer(1, MAX_IDS),
    normalization: fileSteps,
    decoding: variant("kind", {
      bytes: record({ kind: oneOf("bytes"), leadingSpaces: COUNT(255) }),
      words: record({ kind: oneOf("words"), prefix: TEXT, cleanUp: flag }),
    }),
    special: test(
      (value) => Array.isArray(value) && value.length <= MAX_TOKENS && value.every(isSpecialToken),
      `expected at most ${MAX_TOKENS} special tokens, each of a text and an id`,
    ),
    around: record({ before: AROUND, after: AROUND }),
    templates: optional(TEMPLATES),
    pieces: nullable(record({
      states: integer(1, 32767),
      classes: integer(2, MAX_CLASSES),
      start: COUNT(32766),
      blocks: integer(1, 0x1100),
    })),
    cells: integer(257, MAX_TRIE_STATES * 2),
    bpe: nullable(record({
      tokens: integer(1, MAX_TOKENS),
      merges: COUNT(MAX_TOKENS),
      units: oneOf("bytes", "characters"),
      wholeFirst: flag,
      holes: optional(list(COUNT(127), 128)),
      runs: optional(list(
        record({ unit: COUNT(MAX_TOKENS), first: COUNT(MAX_TOKENS), length: integer(2, MAX_RUN) }),
        MAX_RUNS,
      )),
    })),
    wordPiece: nullable(record({
      inside: integer(1, MAX_TRIE_STATES * 2),
      unknown: ID,
      maxCharacters: integer(1, 65535),
    })),
    unigram: optional(record({
      unknown: ID,
      unknownScore: number(-2 * MAX_SCORE, MAX_SCORE),
      hasFallback: flag,
      isSingle: optional(oneOf(true)),
    })),
  }),
  test((meta) => {
    const { bpe, wordPiece, unigram } = meta as TableMeta;
    return +(bpe !== null) + +(wordPiece !== null) + +(unigram !== undefined) === 1;
  }, "expected one algorithm"),
));
