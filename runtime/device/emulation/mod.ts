/**
 * An emulated card: answers XRT's software emulation (`XCL_EMULATION_MODE=sw_emu`) with memory, registers and the
 * RTL in WebAssembly. This entry runs in any JavaScript runtime. The command line adds the process and the environment
 * that XRT needs: `onpath --device xrt --emulate`.
 *
 * @example
 * ```ts
 * import { emulatedXclbin } from "onpath/emulation";
 * import { readXclbin } from "onpath/xrt";
 * import assert from "node:assert/strict";
 *
 * assert.equal(readXclbin(emulatedXclbin()).mode, "SW_EMU");
 * ```
 *
 * @module
 */

export { type CardEvent, type CardOptions, createEmulatedCard, type EmulatedCard } from "./card.ts";
export type { CardWave } from "./linked.ts";
export type { UnitWave } from "./units.ts";
export type { PlanBuild } from "../../../kernels/rtl/builds.ts";
export type { RtlModule } from "../rtl/device.ts";
export { type Fault, type FaultPlan, FAULTS, parseFaults } from "./faults.ts";
export { emulatedXclbin } from "./image.ts";
export { decodeMessage, encodeMessage, type FieldValue, type Message } from "./proto2.ts";
