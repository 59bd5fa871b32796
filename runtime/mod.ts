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
 * assert.equal(report.sent, plan.layout.cut.packets);
 * ```
 *
 * @module
 */

export * from "./device/device.ts";
export * from "./device/model.ts";
export * from "./device/movers.ts";
export * from "./device/page_bank.ts";
export * from "./device/profile.ts";
export * from "./device/profiles.ts";
export * from "./device/registers.ts";
export * from "./device/rtl.ts";
export * from "./device/rtl_build.ts";
export * from "./device/rtl_card.ts";
export * from "./device/rtl_exchange.ts";
export * from "./device/rtl_exports.ts";
export * from "./device/rtl_pages.ts";
export * from "./device/rtl_profile.ts";
export * from "./device/rtl_program.ts";
export * from "./device/rtl_rows.ts";
export { refuseChunks } from "./device/rtl_text.ts";
export * from "./device/rtl_tokenize.ts";
export * from "./device/rtl_wave.ts";
export * from "./plan/choose_form.ts";
export * from "./plan/compile.ts";
export * from "./plan/cost.ts";
export * from "./plan/file.ts";
export * from "./plan/geometry.ts";
export * from "./plan/identify.ts";
export * from "./plan/input.ts";
export * from "./plan/layouts.ts";
export * from "./plan/map.ts";
export * from "./plan/memory.ts";
export * from "./plan/packets.ts";
export * from "./plan/plan.ts";
export * from "./plan/price.ts";
export * from "./plan/row_ring.ts";
export * from "./plan/rows.ts";
export * from "./plan/rtl_cycles.ts";
export * from "./plan/rtl_row_clock.ts";
export * from "./plan/rtl_row_cycles.ts";
export * from "./plan/rtl_page_clock.ts";
export * from "./plan/rtl_page_cycles.ts";
export * from "./plan/schedule.ts";
export * from "./plan/schema.ts";
export * from "./plan/stream.ts";
export * from "./plan/window_span.ts";
export * from "./plan/windows.ts";
export * from "./residency/hot.ts";
export * from "./residency/replacement.ts";
export * from "./residency/simulate.ts";
export * from "./session.ts";
export * from "./text/check.ts";
export * from "./text/compile.ts";
export * from "./text/normalize_plan.ts";
export * from "./text/normalize_session.ts";
export * from "./text/overlap.ts";
export * from "./text/plan.ts";
export * from "./text/spec.ts";
export * from "./text/text_session.ts";
export * from "./text/text_stream.ts";
export type { NormalizeCounts } from "./text/normalize_job.ts";
export type { HostTail } from "./text/host_tail.ts";
export type { PumpTimes } from "./text/pump.ts";
export type { StatefulJob } from "./text/stateful_job.ts";
export type { TextTokens } from "./text/text_pieces.ts";
export type { PacketJob, TextContext, TextJob, TextJobCounts } from "./text/text_job.ts";
