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

export { type CardEvent, type CardOptions, createEmulatedCard, type EmulatedCard } from "./card.ts";
export { type Fault, type FaultPlan, FAULTS, parseFaults } from "./faults.ts";
export { emulatedXclbin } from "./image.ts";
export { decodeMessage, encodeMessage, type FieldValue, type Message } from "./proto2.ts";
