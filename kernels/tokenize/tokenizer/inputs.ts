/**
 * Inputs of a model from texts: ids around them, truncation, padding, and tensors that onnxruntime takes.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { named } from "../../../serialize/excerpt.ts";
import type { Vocabulary } from "../vocabulary.ts";
import type { OffsetUnit, PlacedTokens } from "./offsets.ts";
import { addedIds, fillTemplate, type Row, type RowText, templateOf } from "./template.ts";
import { shareLength, type Side, type TokenRange, windowsOf } from "./windows.ts";

/** Options of {@linkcode TextInputs}. Names and meanings are those of Hugging Face's tokenizers. */
export interface InputOptions {
  /** Second text of each row, such as the context of a question. */
  readonly pairs?: readonly (string | Uint8Array)[] | undefined;
  /** Whether ids around the texts are added, such as [CLS] and [SEP]; default true. */
  readonly addSpecialTokens?: boolean | undefined;
  /** Greatest number of tokens of a row, with those that are added. Longer rows are truncated. Default none. */
  readonly maxLength?: number | undefined;
  /** Which of two texts is truncated; default `longest_first`. */
  readonly truncation?: "longest_first" | "only_first" | "only_second" | undefined;
  /** Side of a text that truncation removes; default `right`. */
  readonly truncationSide?: Side | undefined;
  /** Whether what truncation removes becomes rows of its own, which follow the row. Default false. */
  readonly overflow?: boolean | undefined;
  /** Tokens that a row of the overflow repeats from the one before; default 0. */
  readonly stride?: number | undefined;
  /** Length to which rows are padded: `longest` of the call (default), `max_length`, or a number. */
  readonly padding?: "longest" | "max_length" | number | undefined;
  /** Factor of which the padded length becomes a multiple; default 1. */
  readonly padToMultipleOf?: number | undefined;
  /** Side of padding; default `right`. */
  readonly paddingSide?: Side | undefined;
  /** Id of padding; default 0. */
  readonly padId?: number | undefined;
  /** Element type of the tensors; default `int64`. */
  readonly type?: "int64" | "int32" | undefined;
  /** Unit of offsets; default `utf16`, which `String.slice` takes. */
  readonly unit?: OffsetUnit | undefined;
}

/** Tensor of integers, by the names of onnxruntime's constructor. */
export interface TokenTensor {
  /** Element type. */
  readonly type: "int64" | "int32";
  /** Values in C order. */
  readonly data: BigInt64Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
  /** Rows and columns; offsets have two values a token. */
  readonly dims: number[];
}

/** Inputs of a model: `new ort.Tensor(type, data, dims)` takes the fields of each tensor. */
export interface TextInputs {
  /** Ids, rows x columns. */
  readonly input_ids: TokenTensor;
  /** 1 for a token, 0 for padding. */
  readonly attention_mask: TokenTensor;
  /** 0 for the first text and 1 for the second, by the vocabulary's template; 0 for padding. */
  readonly token_type_ids: TokenTensor;
  /** 1 for ids that the template or padding added. */
  readonly special_tokens_mask: TokenTensor;
  /** Start and end of each token in its text; 0 and 0 for ids that were added. */
  readonly offset_mapping: TokenTensor;
  /** By row: index of its text in the call. Rows of an overflow have that of their text. */
  readonly sample_mapping: readonly number[];
}

/** Greatest number of elements of a tensor. */
const MAX_ELEMENTS = 2 ** 28;

/**
 * Makes the inputs of a model from tokens.
 *
 * @param vocabulary Compiled vocabulary.
 * @param texts Tokens of the texts of each row: one or two.
 * @param options Templates, truncation, padding, element type.
 * @throws {OnpathError} `size` if a length or stride is outside its limits; `pipeline` if there is no template.
 */
export function makeInputs(
  vocabulary: Vocabulary,
  texts: readonly (readonly PlacedTokens[])[],
  options: InputOptions,
): TextInputs {
  const isPair = options.pairs !== undefined;
  const template = templateOf(vocabulary, isPair, options.addSpecialTokens ?? true);
  const added = addedIds(template);
  const maxLength = checkedCount("maxLength", options.maxLength, Infinity);
  if (maxLength < added) {
    throw new OnpathError(
      "size",
      `Cannot truncate to a maxLength of ${maxLength}: ${added} ids are added around the texts`,
      { maxLength, added },
    );
  }
  const rows: Row[] = [];
  const sample: number[] = [];
  for (const [index, row] of texts.entries()) {
    for (const ranges of rangesOf(row.map(({ ids }) => ids.length), maxLength - added, options)) {
      const filled: RowText[] = row.map((tokens, at) => ({ tokens, range: ranges[at]! }));
      rows.push(fillTemplate(template, filled));
      sample.push(index);
    }
  }
  return toTensors(rows, sample, columnsOf(rows, maxLength, options), options);
}

/** Ranges of the texts in each row that one item of the call gives. */
function rangesOf(
  lengths: readonly number[],
  most: number,
  options: InputOptions,
): (readonly TokenRange[])[] {
  const { truncation = "longest_first", truncationSide = "right" } = options;
  const stride = checkedCount("stride", options.stride, 0);
  const whole = lengths.map((length): TokenRange => [0, length]);
  if (lengths.reduce((sum, length) => sum + length, 0) <= most) return [whole];
  if (lengths.length === 1) {
    const windows = windowsOf(lengths[0]!, most, stride, truncationSide);
    return (options.overflow === true ? windows : windows.slice(0, 1)).map((range) => [range]);
  }
  const [first, second] = lengths as [number, number];
  if (truncation === "longest_first") {
    if (options.overflow === true) {
      throw new OnpathError(
        "pipeline",
        "Cannot return the overflow of two texts with longest_first: expected only_first or only_second",
        { truncation },
      );
    }
    const kept = shareLength(first, second, most);
    return [lengths.map((length, at) => windowsOf(length, kept[at]!, 0, truncationSide)[0]!)];
  }
  const cut = truncation === "only_first" ? 0 : 1;
  const kept = most - lengths[1 - cut]!;
  if (kept <= 0) {
    throw new OnpathError(
      "size",
      `Cannot truncate with ${truncation}: the other text has ${lengths[1 - cut]} tokens, of at most ${most}`,
      { truncation, tokens: lengths[1 - cut], most },
    );
  }
  const windows = windowsOf(lengths[cut]!, kept, stride, truncationSide);
  return (options.overflow === true ? windows : windows.slice(0, 1)).map((range) =>
    cut === 0 ? [range, whole[1]!] : [whole[0]!, range]
  );
}

/** Columns of the tensors. */
function columnsOf(rows: readonly Row[], maxLength: number, options: InputOptions): number {
  const { padding = "longest" } = options;
  const longest = rows.reduce((most, { ids }) => Math.max(most, ids.length), 0);
  if (padding === "max_length" && maxLength === Infinity) {
    throw new OnpathError("size", "Cannot pad to max_length: expected the option maxLength", {});
  }
  const wanted = padding === "longest"
    ? longest
    : padding === "max_length"
    ? maxLength
    : checkedCount("padding", padding, 0);
  const factor = checkedCount("padToMultipleOf", options.padToMultipleOf, 1);
  if (factor === 0) {
    throw new OnpathError("size", "Cannot pad to a multiple of 0: expected at least 1", {
      padToMultipleOf: 0,
    });
  }
  if (longest > wanted) {
    throw new OnpathError(
      "size",
      `Cannot pad to ${wanted} columns: a row has ${longest} tokens; truncate it with maxLength`,
      { padding: wanted, longest },
    );
  }
  const columns = Math.ceil(wanted / factor) * factor;
  if (rows.length * columns * 2 <= MAX_ELEMENTS) return columns;
  throw new OnpathError(
    "size",
    `Cannot make tensors of ${rows.length} x ${columns}: expected at most ${MAX_ELEMENTS / 2} elements`,
    { rows: rows.length, columns },
  );
}

function toTensors(
  rows: readonly Row[],
  sample: readonly number[],
  columns: number,
  options: InputOptions,
): TextInputs {
  const { type = "int64", paddingSide = "right" } = options;
  const padId = checkedCount("padId", options.padId, 0);
  /** Fills a tensor with `width` values a token. */
  const fill = (width: 1 | 2, pad: number, value: (row: Row, at: number) => number): TokenTensor => {
    const dims = width === 1 ? [rows.length, columns] : [rows.length, columns, width];
    const count = rows.length * columns * width;
    const data = type === "int64" ? new BigInt64Array(count) : new Int32Array(count);
    const put: (at: number, value: number) => void = data instanceof BigInt64Array
      ? (at, value) => data[at] = BigInt(value)
      : (at, value) => data[at] = value;
    if (pad !== 0) { for (let at = 0; at < count; at++) put(at, pad); }
    for (const [index, row] of rows.entries()) {
      const missing = paddingSide === "left" ? columns - row.ids.length : 0;
      const from = (index * columns + missing) * width;
      for (let at = 0; at < row.ids.length * width; at++) put(from + at, value(row, at));
    }
    return { type, data, dims };
  };
  return {
    input_ids: fill(1, padId, ({ ids }, at) => ids[at]!),
    attention_mask: fill(1, 0, () => 1),
    token_type_ids: fill(1, 0, ({ types }, at) => types[at]!),
    special_tokens_mask: fill(1, 1, ({ isAdded }, at) => isAdded[at]!),
    offset_mapping: fill(2, 0, ({ offsets }, at) => offsets[at]!),
    sample_mapping: sample,
  };
}

/** Checks a count from outside. */
function checkedCount(name: string, value: number | undefined, absent: number): number {
  if (value === undefined) return absent;
  if (Number.isInteger(value) && value >= 0 && value <= MAX_ELEMENTS) return value;
  throw new OnpathError(
    "size",
    `Cannot tokenize with ${name} = ${named(value)}: expected a whole number from 0 to ${MAX_ELEMENTS}`,
    { option: name, value },
  );
}
