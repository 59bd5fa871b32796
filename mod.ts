/**
 * onpath: offloading the data processing around AI models onto FPGA NICs.
 *
 * Where to read on: each workload has a file that joins all its parts, `kernels/image/workload.ts`,
 * `kernels/tokenize/workload.ts` and `kernels/text_normalize/workload.ts`. `docs/architecture.md` follows a packet.
 *
 * @example
 * ```ts
 * import { compile, createModelDevice, type ImagePipeline, offload, tensor } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const image = tensor(new Uint8Array(480 * 640 * 3), { dtype: "u8", shape: [480, 640, 3], layout: "HWC" });
 * const pipeline: ImagePipeline = {
 *   steps: [
 *     { op: "resize", size: [224, 224], match: "torchvision" },
 *     {
 *       op: "normalize",
 *       mean: [0.485, 0.456, 0.406],
 *       std: [0.229, 0.224, 0.225],
 *       range: "0-1",
 *       dtype: "f32",
 *       layout: "CHW",
 *     },
 *   ],
 * };
 * await using device = createModelDevice();
 * const plan = compile(pipeline, { input: image, device });
 * const { output } = await offload(plan, image, device);
 * assert.deepEqual(output.shape, [3, 224, 224]);
 * ```
 *
 * @module
 */

export { compile } from "./kernels/compile.ts";
export { type ImagePipeline, parsePipeline } from "./kernels/image/pipeline.ts";
export type { CompileOptions } from "./kernels/image/plan/compile_options.ts";
export type { ImagePlan } from "./kernels/image/plan/plan.ts";
export { referencePipeline } from "./kernels/image/reference.ts";
export type { LookupCompileOptions, LookupPlan } from "./kernels/lookup/plan.ts";
export type { LookupPipeline } from "./kernels/lookup/spec.ts";
export { type Memo, memoize, type MemoOptions } from "./kernels/memoize/memo.ts";
export { checkPlan, decodePlan, encodePlan } from "./kernels/plan/file.ts";
export type { Plan } from "./kernels/plan/plan.ts";
export type { QuantizedCache } from "./kernels/quantize/cache.ts";
export type { DequantizeOptions, QuantizeOptions } from "./kernels/quantize/flow.ts";
export type { FloatDType } from "./kernels/quantize/formats/elements.ts";
export type { QuantizeMethod } from "./kernels/quantize/method.ts";
export type {
  DequantizeCompileOptions,
  DequantizePlan,
  QuantizeCompileOptions,
  QuantizePlan,
} from "./kernels/quantize/plan.ts";
export type { DequantizePipeline, QuantizePipeline } from "./kernels/quantize/spec.ts";
export type { AnyPlan } from "./kernels/registry.ts";
export { scanDomains } from "./kernels/tabular/domain.ts";
export { fitRecords } from "./kernels/tabular/fit/fit.ts";
export { fitRecordsStream } from "./kernels/tabular/fit/stream.ts";
export { parseFitted } from "./kernels/tabular/fitted/check.ts";
export type { FittedPipeline } from "./kernels/tabular/fitted/steps.ts";
export { importOnnx } from "./kernels/tabular/onnx/import.ts";
export { codedInputs, planRecords, type RecordsPlan } from "./kernels/tabular/plan.ts";
export { parseRecordsPipeline, type RecordsPipeline } from "./kernels/tabular/spec.ts";
export { type Column, type Records, records } from "./kernels/tabular/table.ts";
export { transformRecords } from "./kernels/tabular/transform.ts";
export type { DeviceProfile } from "./kernels/target/profile.ts";
export { CARD_PROFILES, parseProfile } from "./kernels/target/profiles.ts";
export type { NormalizeCompileOptions, NormalizePlan } from "./kernels/text_normalize/plan.ts";
export { normalizeText } from "./kernels/text_normalize/reference.ts";
export { createNormalizerStream } from "./kernels/text_normalize/stream.ts";
export { type Appender, createAppender } from "./kernels/tokenize/append/appender.ts";
export { lookBack } from "./kernels/tokenize/append/look_back.ts";
export { createCachedEncoder } from "./kernels/tokenize/cached_encode.ts";
export { ChunkCache } from "./kernels/tokenize/chunk_cache.ts";
export { compileVocabulary } from "./kernels/tokenize/compile/vocabulary.ts";
export { decodeText, tokenDecoder } from "./kernels/tokenize/detokenize.ts";
export { createEncoder, type TokenEncoder } from "./kernels/tokenize/encode.ts";
export { decodeVocabulary } from "./kernels/tokenize/file/decode.ts";
export { encodeVocabulary } from "./kernels/tokenize/file/encode.ts";
export type { TextTokens } from "./kernels/tokenize/flows/text_pieces.ts";
export { readTiktoken, readTiktokenJson } from "./kernels/tokenize/formats/tiktoken.ts";
export { readSentencePiece } from "./kernels/tokenize/formats/sentence_piece.ts";
export { readTekken } from "./kernels/tokenize/formats/tekken.ts";
export { readTokenizerJson } from "./kernels/tokenize/formats/tokenizer_json.ts";
export type { TextCompileOptions } from "./kernels/tokenize/plan/compile.ts";
export type { TokenizePlan } from "./kernels/tokenize/plan/plan.ts";
export type { NormalizePipeline, TokenizePipeline } from "./kernels/tokenize/plan/spec.ts";
export { encodingForModel } from "./kernels/tokenize/tokenizer/model_names.ts";
export { createTokenizer, type Tokenizer } from "./kernels/tokenize/tokenizer/tokenizer.ts";
export type { TextStep, Vocabulary } from "./kernels/tokenize/vocabulary.ts";
export type { TextResources } from "./kernels/tokenize/workload.ts";
export type { FlowStream } from "./kernels/workload.ts";
export { chain } from "./runtime/chain.ts";
export { chooseOverlap } from "./runtime/choose_overlap.ts";
export { CPU_PROFILE, type CpuDeviceOptions, createCpuDevice } from "./runtime/device/cpu/device.ts";
export type { Device, DeviceCounters } from "./runtime/device/device.ts";
export { createModelDevice, MODEL_PROFILE } from "./runtime/device/model.ts";
export { createRtlDevice } from "./runtime/device/rtl/device.ts";
export { RTL_PROFILE } from "./runtime/device/rtl/profile.ts";
export { offload } from "./runtime/offload.ts";
export { type ProcessorConfig, readProcessorConfig } from "./runtime/processor/config.ts";
export type { ImageDecoder, PixelData } from "./runtime/processor/decoder.ts";
export type { ProcessorImage } from "./runtime/processor/input.ts";
export { passesFor } from "./runtime/processor/passes.ts";
export { pipelineFor } from "./runtime/processor/pipeline.ts";
export { presetConfig, presetFrom } from "./runtime/processor/presets.ts";
export {
  type ImageProcessor,
  type ProcessOptions,
  processorFrom,
  type ProcessorOptions,
} from "./runtime/processor/processor.ts";
export type { ProcessedImages } from "./runtime/processor/results.ts";
export { offloadRecords, openRecords, type RecordsSession } from "./runtime/records.ts";
export { offloadRecordsStream } from "./runtime/records_stream.ts";
export { keepOpen } from "./runtime/reopen.ts";
export type { RunOptions } from "./runtime/run_options.ts";
export type { RunReport, RunResult } from "./runtime/run_report.ts";
export { Session, type SessionOptions } from "./runtime/session.ts";
export type { DType } from "./serialize/dtype.ts";
export { type ErrorCode, OnpathError } from "./serialize/errors.ts";
export { patchify, type PatchLayout, unpatchify } from "./serialize/patches.ts";
export {
  type Layout,
  slice,
  type Tensor,
  tensor,
  type TensorOptions,
  toDense,
  toLayout,
  zeros,
} from "./serialize/tensor.ts";
