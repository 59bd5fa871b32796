/**
 * Plans, devices and sessions.
 *
 * @example
 * ```ts
 * import { compile, createModelDevice, offload } from "onpath/runtime";
 * import { tensor } from "onpath";
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

export * from "./device/card_device.ts";
export type { PlanBuild } from "../kernels/rtl/builds.ts";
export * from "./device/device.ts";
export * from "./device/kernel_counts.ts";
export * from "./device/port.ts";
export * from "../kernels/epochs.ts";
export * from "./device/model.ts";
export * from "../kernels/rtl/movers.ts";
export * from "../kernels/image/model/page_bank.ts";
export * from "../kernels/target/profile.ts";
export * from "../kernels/target/profiles.ts";
export * from "../kernels/rtl/registers.ts";
export * from "./device/rtl/device.ts";
export * from "./device/rtl/build.ts";
export * from "./device/rtl/card.ts";
export * from "./device/rtl/exchange.ts";
export * from "./device/rtl/exports.ts";
export * from "../kernels/rtl/page_commands.ts";
export * from "./device/rtl/profile.ts";
export * from "../kernels/image/rtl/program.ts";
export * from "../kernels/image/rtl/rows.ts";
export * from "./device/rtl/feed.ts";
export * from "./device/rtl/port.ts";
export * from "./device/rtl/wave.ts";
export * from "../kernels/image/plan/choose_form.ts";
export * from "../kernels/compile.ts";
export type { CompileOptions } from "../kernels/image/plan/compile.ts";
export * from "../kernels/image/plan/cost.ts";
export * from "../kernels/plan/file.ts";
export * from "../kernels/plan/plan.ts";
export * from "../kernels/program.ts";
export * from "../kernels/image/plan/geometry.ts";
export * from "../kernels/image/plan/input.ts";
export * from "../kernels/image/plan/layouts.ts";
export * from "../kernels/image/plan/map.ts";
export * from "../kernels/image/plan/memory.ts";
export * from "../kernels/image/plan/packets.ts";
export * from "../kernels/image/plan/plan.ts";
export * from "../kernels/image/plan/price.ts";
export * from "../kernels/image/plan/row_ring.ts";
export * from "../kernels/image/plan/rows.ts";
export * from "../kernels/image/rtl/cycles.ts";
export * from "../kernels/image/rtl/row_clock.ts";
export * from "../kernels/image/rtl/row_cycles.ts";
export * from "../kernels/image/rtl/page_clock.ts";
export * from "../kernels/image/rtl/page_cycles.ts";
export * from "../kernels/image/plan/schedule.ts";
export * from "../kernels/image/plan/schema.ts";
export * from "../kernels/image/plan/stream.ts";
export * from "../kernels/image/plan/window_span.ts";
export * from "../kernels/image/plan/windows.ts";
export * from "../kernels/image/residency/hot.ts";
export * from "../kernels/image/residency/replacement.ts";
export * from "../kernels/image/residency/simulate.ts";
export * from "./reopen.ts";
export * from "./run_options.ts";
export * from "./session.ts";
export * from "./offload.ts";
export * from "./plan_types.ts";
export * from "../kernels/registry.ts";
export * from "../kernels/tokenize/plan/check.ts";
export * from "../kernels/tokenize/plan/compile.ts";
export * from "../kernels/text_normalize/plan.ts";
export * from "./choose_overlap.ts";
export * from "../kernels/tokenize/plan/overlap_choice.ts";
export * from "../kernels/tokenize/plan/plan.ts";
export * from "../kernels/tokenize/plan/spec.ts";
export type { TextOptions, TextResources } from "../kernels/tokenize/workload.ts";
export * from "../kernels/workload.ts";
export type { PacketFlow, Progress } from "../serialize/flow.ts";
export type { TextTokens } from "../kernels/tokenize/flows/text_pieces.ts";
