/**
 * Kernels: pipelines, and the specification, reference, tables and model of each kernel that the NIC runs.
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

export * from "./image/geometry/axis.ts";
export * from "./image/geometry/names.ts";
export * from "./image/geometry/reference.ts";
export * from "./image/geometry/spec.ts";
export * from "./image/kernel.ts";
export * from "./image/normalize/model.ts";
export * from "./image/normalize/reference.ts";
export * from "./image/normalize/spec.ts";
export * from "./image/pipeline.ts";
export * from "./image/reference.ts";
export * from "./image/kernels.ts";
export * from "./image/remap/map.ts";
export * from "./image/remap/model.ts";
export * from "./image/remap/positions.ts";
export * from "./image/remap/reference.ts";
export * from "./image/remap/spec.ts";
export * from "./image/resample/coefficients.ts";
export * from "./image/resample/model.ts";
export * from "./image/resample/reference.ts";
export * from "./image/resample/spec.ts";
export * from "./image/resample/steps.ts";
export * from "./image/resample/tables.ts";
export * from "./image/resize/fixed.ts";
export * from "./image/resize/forms.ts";
export * from "./image/resize/model.ts";
export * from "./image/resize/positions.ts";
export * from "./image/resize/product_models.ts";
export * from "./image/resize/reference.ts";
export * from "./image/resize/row_pages.ts";
export * from "./image/resize/sampling.ts";
export * from "./image/resize/spec.ts";
export * from "./image/resize/terms.ts";
export * from "./image/resize/two_pass.ts";
export * from "./image/resize/universal.ts";
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
