/**
 * Kernels: pipelines, and the specification, reference, tables and model of each kernel that the NIC runs.
 *
 * @example
 * ```ts
 * import { KERNELS } from "./image/kernels.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(Object.keys(KERNELS), ["resize", "resample", "remap", "normalize"]);
 * ```
 *
 * @module
 */

export type { ToRgbStep } from "./image/channels/spec.ts";
export type { AxisWindow } from "./image/geometry/axis.ts";
export type { FilterName, Match, ResizeMatch, Size } from "./image/geometry/names.ts";
export type { CenterCropStep, CropStep, LetterboxStep, PadStep } from "./image/geometry/spec.ts";
export type { LongestEdge, PixelRange, ShortestEdge, TargetSize } from "./image/geometry/target_size.ts";
export { type Bound, type FormName, FORMS, type TableInfo } from "./image/kernel.ts";
export type { Step } from "./image/kernels.ts";
export type { LevelRange, NormalizedDType, NormalizeStep, RescaleStep } from "./image/normalize/spec.ts";
export type {
  ImageStep,
  NormalizeDType,
  OutputDType,
  Pipeline,
  PipelineInput,
  StepInput,
} from "./image/pipeline.ts";
export type { FormChoice } from "./image/plan/choose_form.ts";
export type { Geometry, Sampling } from "./image/plan/geometry.ts";
export type { LayoutChoice } from "./image/plan/layouts.ts";
export type { Blocks, PlacedTable } from "./image/plan/memory.ts";
export type {
  ImageBody,
  ImagePlan,
  PlanCost,
  PlanInput,
  PlanLayout,
  PlanOptions,
  PlanOutput,
  PlanPages,
  PlanStage,
} from "./image/plan/plan.ts";
export type {
  AffineStep,
  Border,
  BorderFields,
  PerspectiveStep,
  RemapParams,
  RemapStep,
  RotateStep,
} from "./image/remap/spec.ts";
export type { ResampleParams } from "./image/resample/spec.ts";
export type { AxisScale, ResizeParams, ResizeStep } from "./image/resize/spec.ts";
export type {
  LookupBody,
  LookupCompileOptions,
  LookupInput,
  LookupPlan,
  LookupResources,
  PlanMemo,
} from "./lookup/plan.ts";
export type { LookupPipeline, LookupStep } from "./lookup/spec.ts";
export type { Domain, Operand } from "./memoize/domain.ts";
export type { Overflow } from "./memoize/element.ts";
export type { ResultOptions, TableFunction } from "./memoize/enumerate.ts";
export type { MemoError } from "./memoize/error.ts";
export { expandMemo, type Memo, memoize, type MemoOptions } from "./memoize/memo.ts";
export { MEMO_FORMS, type MemoForm, type MemoFormName, type Preference } from "./memoize/search.ts";
export type { LinearTables, LookupTables, MemoTables, TableSizes } from "./memoize/tables.ts";
export { type PagedOutgoing, PlacedFlow, type PlacedParts } from "./placed_flow.ts";
export { identifyPlan, type Plan, PLAN_VERSION, type PlanPackets } from "./plan/plan.ts";
export { type PlanSlots, reservePlanSlots } from "./plan/slots.ts";
export {
  type DropReason,
  type Exchange,
  type KernelImage,
  type ModelCounts,
  type PacketModel,
  type PageImage,
  type PageLoad,
  plainCounts,
  type Program,
  type TableImage,
} from "./program.ts";
export type { QuantizedCache } from "./quantize/cache.ts";
export type { DequantizeOptions, QuantizeOptions } from "./quantize/flow.ts";
export type { CodebookBits } from "./quantize/formats/codebooks.ts";
export type { FloatDType } from "./quantize/formats/elements.ts";
export type { GroupAxis } from "./quantize/formats/group_order.ts";
export type { KiviBits } from "./quantize/formats/kivi.ts";
export type { MxName } from "./quantize/formats/mx.ts";
export type { SmallFloatName } from "./quantize/formats/small_float.ts";
export type {
  FloatMethod,
  IntegerMethod,
  KiviMethod,
  MxMethod,
  QuantizeMethod,
  RotatedMethod,
} from "./quantize/method.ts";
export {
  CACHE_AXES,
  CACHE_PARTS,
  type CacheAxis,
  type CacheContent,
  cacheTensors,
  type CacheView,
  type CacheViews,
  cacheViews,
  type PerAxis,
} from "./quantize/layout.ts";
export type { CacheDimensions, GroupPacking } from "./quantize/packing.ts";
export type {
  CacheBody,
  CacheOptions,
  CacheValues,
  DequantizeCompileOptions,
  DequantizePlan,
  QuantizeCompileOptions,
  QuantizePlan,
} from "./quantize/plan.ts";
export type { DequantizePipeline, DequantizeStep, QuantizePipeline, QuantizeStep } from "./quantize/spec.ts";
export { type AnyWorkload, findWorkload, WORKLOADS } from "./registry.ts";
export type { PlanBuild } from "./rtl/builds.ts";
export type { SynthesizedBuild } from "./rtl/synthesis.ts";
export { parseWith, type Schema, type SchemaIssue } from "./schema.ts";
export type { Coder, Codes } from "./tabular/coder.ts";
export type { ColumnDomain, DomainScan } from "./tabular/domain.ts";
export type { FitStreamOptions, RecordsSource } from "./tabular/fit/stream.ts";
export type {
  ArithmeticStep,
  BinsStep,
  BoundsStep,
  CastStep,
  CodesStep,
  ColumnSchema,
  DuplicatesStep,
  FillStep,
  FittedStep,
  FlagStep,
  HampelStep,
  HashStep,
  JsonCell,
  OneHotStep,
  RowsStep,
  Term,
  ThresholdStep,
  ValueStep,
  WindowStep,
} from "./tabular/fitted/steps.ts";
export type { ImportOnnxOptions } from "./tabular/onnx/import.ts";
export type {
  CopiedColumn,
  DeviceColumn,
  HostColumn,
  PlannedColumn,
  RecordsPlanOptions,
  WindowColumn,
} from "./tabular/plan.ts";
export type { ComposedColumn, RowsSource, ValueSource } from "./tabular/compose.ts";
export type { CellFunction } from "./tabular/maps.ts";
export type { Context } from "./tabular/slice.ts";
export type { RecordsStep } from "./tabular/spec.ts";
export type { CleanAction, CleanFields, CleanMethod, CleanStep } from "./tabular/spec/clean.ts";
export type {
  Category,
  EncodedType,
  EncodeFields,
  EncodeMethod,
  EncodeStep,
  JsonNumber,
} from "./tabular/spec/encode.ts";
export type { ImputeFields, ImputeMethod, ImputeStep } from "./tabular/spec/impute.ts";
export type { ScaleFields, ScaleMethod, ScaleStep } from "./tabular/spec/scale.ts";
export type {
  Cell,
  ColumnType,
  NumberArrays,
  NumberColumn,
  NumberType,
  TextColumn,
} from "./tabular/table.ts";
export type { Wire } from "./tabular/wire.ts";
export {
  CARD_RESOURCES,
  type FpgaResources,
  type InstanceLoad,
  type LineRate,
  lineRate,
  type ResourceName,
  RESOURCES,
  USABLE_SHARE,
  WIRE_BYTES,
} from "./target/line_rate.ts";
export {
  type Backing,
  BACKINGS,
  type DeviceProfile,
  LAYOUT_NAMES,
  type LayoutName,
  TIMINGS,
} from "./target/profile.ts";
export type { NormalizeBody } from "./text_normalize/plan.ts";
export type { NormalizerStream } from "./text_normalize/stream.ts";
export type { Appended, AppendOptions, GrowingText } from "./tokenize/append/appender.ts";
export type { LookBack, LookBackOptions, UnboundedStage } from "./tokenize/append/look_back.ts";
export type { ReachWitness } from "./tokenize/append/merge_reach.ts";
export type { CachedEncoder } from "./tokenize/cached_encode.ts";
export type { CachedChunk, ChunkCacheStats } from "./tokenize/chunk_cache.ts";
export type { BpeSource } from "./tokenize/compile/bpe.ts";
export type { MergeList } from "./tokenize/compile/merges.ts";
export type { VocabularyOptions, VocabularyProgress } from "./tokenize/compile/progress.ts";
export type { ByteStrings } from "./tokenize/compile/strings.ts";
export type { ContentChunk, NextChunk } from "./tokenize/content_cuts.ts";
export type { TokenDecoder } from "./tokenize/detokenize.ts";
export type { EncodeOptions, TokenStream } from "./tokenize/encode.ts";
export type { TiktokenEncoding } from "./tokenize/formats/tiktoken.ts";
export type { TextLookups } from "./tokenize/lookups.ts";
export { TEXT_MODES, type TextMode } from "./tokenize/model.ts";
export { compilePattern, type PatternOptions } from "./tokenize/pattern/compile.ts";
export { explainPieces, type PieceFigures } from "./tokenize/pattern/explain.ts";
export type { PatternSyntax } from "./tokenize/pattern/parse_class.ts";
export type { OverlapChoice, OverlapRow } from "./tokenize/plan/overlap_choice.ts";
export type { TextPlanVocabulary, TokenizeBody } from "./tokenize/plan/plan.ts";
export type { AllowedSpecial, NormalizeTextStep, TextPipeline, TokenizeStep } from "./tokenize/plan/spec.ts";
export type { InputOptions, TextInputs, TokenTensor } from "./tokenize/tokenizer/inputs.ts";
export type { OffsetUnit, PlacedTokens } from "./tokenize/tokenizer/offsets.ts";
export type { SpecialRules } from "./tokenize/tokenizer/special_rules.ts";
export type { DecodeOptions } from "./tokenize/tokenizer/tokenizer.ts";
export type { Side } from "./tokenize/tokenizer/windows.ts";
export type { Splitting, UnigramSource, VocabularySource, WordPieceSource } from "./tokenize/source.ts";
export type {
  BpeTables,
  PieceTables,
  RunTables,
  SpecialToken,
  TemplatePart,
  Templates,
  TokenDecoding,
  UnigramTables,
  WordPieceTables,
} from "./tokenize/vocabulary.ts";
export type { TextOptions } from "./tokenize/workload.ts";
export type {
  Connection,
  Direct,
  FlowStream,
  Opened,
  PagedFlow,
  RunFlow,
  Work,
  Workload,
} from "./workload.ts";
export type {
  Halves,
  ReceivedFlow,
  ReceivedInput,
  SendingHalf,
  SentFlow,
  SentInput,
  SharedPages,
} from "./halves.ts";
export type { MergedChunk } from "../serialize/text/chunk_merge.ts";
export { TokenRun } from "../serialize/text/token_run.ts";
