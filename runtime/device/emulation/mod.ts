/**
 * A card that is none: it answers XRT's software emulation (`XCL_EMULATION_MODE=sw_emu`) with memory,
 * registers and the RTL in WebAssembly. This entry has what runs anywhere; the process around it and the
 * environment that XRT wants are the command line's: `onpath --device xrt --emulate`.
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

export type { PlanBuild } from "../../../kernels/rtl/builds.ts";
export * from "./calls.ts";
export * from "./card.ts";
export * from "./faults.ts";
export * from "./frames.ts";
export * from "./image.ts";
export * from "./memory.ts";
export * from "./proto2.ts";
export * from "./units.ts";
