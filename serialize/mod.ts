/**
 * Serialization: tensors and texts to packets and back. Independent of kernels and devices.
 *
 * @example
 * ```ts
 * import { cutRows, firstItem, itemCount } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * const cut = cutRows(224, 224, 1, 84, 2);
 * assert.deepEqual([firstItem(cut, 671), itemCount(cut, 671)], [224 * 224 - 72, 72]);
 * ```
 *
 * @module
 */

export * from "./crc32c.ts";
export * from "./dtype.ts";
export * from "./engine.ts";
export * from "./errors.ts";
export * from "./header.ts";
export * from "./image_writer.ts";
export * from "./packets.ts";
export * from "./partition.ts";
export * from "./reassembler.ts";
export * from "./sampling.ts";
export * from "./streams.ts";
export * from "./tensor.ts";
export * from "./text/answer_order.ts";
export * from "./text/chunk_merge.ts";
export * from "./text/cut.ts";
export * from "./text/flow_append.ts";
export * from "./text/normalized_append.ts";
export * from "./text/normalized_packet.ts";
export * from "./text/held_packets.ts";
export * from "./text/rules.ts";
export * from "./text/text_writer.ts";
export * from "./text/token_packet.ts";
export * from "./text/token_run.ts";
export * from "./wait.ts";
