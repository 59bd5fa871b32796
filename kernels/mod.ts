/**
 * What the NIC computes: pipelines, and for every kernel its specification, reference, tables and model.
 *
 * @example
 * ```ts
 * import { KERNELS } from "onpath/kernels";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(Object.keys(KERNELS), ["resize", "resample", "remap", "normalize"]);
 * ```
 *
 * @module
 */

export * from "./geometry/axis.ts";
export * from "./geometry/names.ts";
export * from "./geometry/reference.ts";
export * from "./geometry/spec.ts";
export * from "./kernel.ts";
export * from "./normalize/model.ts";
export * from "./normalize/reference.ts";
export * from "./normalize/spec.ts";
export * from "./pipeline.ts";
export * from "./reference.ts";
export * from "./registry.ts";
export * from "./remap/map.ts";
export * from "./remap/model.ts";
export * from "./remap/positions.ts";
export * from "./remap/reference.ts";
export * from "./remap/spec.ts";
export * from "./resample/coefficients.ts";
export * from "./resample/model.ts";
export * from "./resample/reference.ts";
export * from "./resample/spec.ts";
export * from "./resample/steps.ts";
export * from "./resample/tables.ts";
export * from "./resize/fixed.ts";
export * from "./resize/forms.ts";
export * from "./resize/model.ts";
export * from "./resize/positions.ts";
export * from "./resize/product_models.ts";
export * from "./resize/reference.ts";
export * from "./resize/row_pages.ts";
export * from "./resize/sampling.ts";
export * from "./resize/spec.ts";
export * from "./resize/terms.ts";
export * from "./resize/two_pass.ts";
export * from "./resize/universal.ts";
export * from "./schema.ts";
export * from "./text_normalize/hf.ts";
export * from "./text_normalize/model.ts";
export * from "./text_normalize/packets.ts";
export * from "./text_normalize/reference.ts";
export * from "./text_normalize/spec.ts";
export * from "./text_normalize/splitting.ts";
export * from "./text_normalize/stream.ts";
export * from "./text_normalize/unicode_tables.ts";
export * from "./tokenize/compile/bpe.ts";
export * from "./tokenize/compile/progress.ts";
export * from "./tokenize/compile/strings.ts";
export * from "./tokenize/compile/vocabulary.ts";
export * from "./tokenize/compile/word_piece.ts";
export * from "./tokenize/bpe_walk.ts";
export * from "./tokenize/cached_encode.ts";
export * from "./tokenize/chunk_cache.ts";
export * from "./tokenize/compatible.ts";
export * from "./tokenize/content_cuts.ts";
export * from "./tokenize/cuts.ts";
export * from "./tokenize/detokenize.ts";
export * from "./tokenize/encode.ts";
export * from "./tokenize/flow.ts";
export * from "./tokenize/held_flows.ts";
export * from "./tokenize/special.ts";
export * from "./tokenize/tables.ts";
export * from "./tokenize/text_parts.ts";
export * from "./tokenize/token_list.ts";
export * from "./tokenize/utf8.ts";
export * from "./tokenize/word_piece.ts";
export * from "./tokenize/file/decode.ts";
export * from "./tokenize/file/encode.ts";
export * from "./tokenize/formats/byte_level.ts";
export * from "./tokenize/formats/tiktoken.ts";
export * from "./tokenize/formats/tokenizer_json.ts";
export * from "./tokenize/image.ts";
export * from "./tokenize/model.ts";
export * from "./tokenize/piece_memo.ts";
export * from "./tokenize/pattern/compile.ts";
export * from "./tokenize/pattern/explain.ts";
export * from "./tokenize/pattern/parse.ts";
export * from "./tokenize/pattern/pieces.ts";
export * from "./tokenize/reference.ts";
export * from "./tokenize/reference_models.ts";
export * from "./tokenize/source.ts";
export * from "./tokenize/vocabulary.ts";
export type { MergeList } from "./tokenize/compile/merges.ts";
export type { PatternNode, RepeatMode } from "./tokenize/pattern/ast.ts";
export type { PatternSyntax } from "./tokenize/pattern/parse_class.ts";
export type { CodeSet } from "./tokenize/pattern/set.ts";
