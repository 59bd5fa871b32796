/**
 * Plans, devices and sessions.
 *
 * @example
 * ```ts
 * import { compile, createModelDevice, offload, tensor } from "onpath";
 * import assert from "node:assert/strict";
 *
 * await using device = createModelDevice();
 * const image = tensor(new Uint8Array(48 * 64 * 3), { dtype: "u8", shape: [48, 64, 3], layout: "HWC" });
 * const plan = compile({ steps: [{ op: "resize", size: [24, 32] }] }, { input: image, device });
 * const { output, report } = await offload(plan, image, device);
 * assert.deepEqual(output.shape, [24, 32, 3]);
 * assert.equal(report.sent, plan.body.layout.cut.packets);
 * ```
 *
 * @module
 */

export { CARD_PROFILES, parseProfile } from "../kernels/target/profiles.ts";
export { type Chain, chain } from "./chain.ts";
export { chooseOverlap } from "./choose_overlap.ts";
export { CPU_PROFILE, type CpuDeviceOptions, createCpuDevice } from "./device/cpu/device.ts";
export type { ComputeOptions, Device, DeviceCounters } from "./device/device.ts";
export { createModelDevice, MODEL_PROFILE } from "./device/model.ts";
export { createRtlDevice, type RtlDeviceOptions, type RtlModule } from "./device/rtl/device.ts";
export type { SynthesizedBuild } from "../kernels/rtl/synthesis.ts";
export {
  type LineRateChoice,
  type LineRateOptions,
  type LineRatePlan,
  planLineRate,
} from "./device/rtl/line_rate.ts";
export { RTL_PROFILE, type RtlParameters, rtlProfile } from "./device/rtl/profile.ts";
export type { WaveOptions } from "./device/rtl/wave.ts";
export { offload, type OffloadOptions } from "./offload.ts";
export type { InputOf, OptionsOf, OutputOf, PartOf, ResourcesOf } from "./plan_types.ts";
export type { PatchGrid, ProcessorConfig } from "./processor/config.ts";
export type { ImageDecoder, PixelData } from "./processor/decoder.ts";
export type { ProcessorType } from "./processor/families.ts";
export type { ProcessorImage } from "./processor/input.ts";
export type { ProcessorPipeline } from "./processor/pipeline.ts";
export type {
  BatchTensor,
  GridTensor,
  ImageFailure,
  MaskTensor,
  ProcessedImages,
} from "./processor/results.ts";
export type { ProcessorPass, ProcessorPasses } from "./processor/passes.ts";
export type { TileRule } from "./processor/tiles.ts";
export type { SizeRule } from "./processor/sizes.ts";
export {
  offloadRecords,
  openRecords,
  type RecordsOptions,
  type RecordsResult,
  type RecordsSession,
} from "./records.ts";
export { offloadRecordsStream } from "./records_stream.ts";
export { keepOpen, type Reopener, type ReopenOptions } from "./reopen.ts";
export type { RunOptions } from "./run_options.ts";
export type { RunReport, RunResult } from "./run_report.ts";
export { type OpenArguments, Session, type SessionOptions } from "./session.ts";
