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

export { crc32c } from "./crc32c.ts";
export {
  type DType,
  type ElementArrays,
  fromBFloat16Bits,
  fromFloat16Bits,
  toBFloat16Bits,
  toFloat16Bits,
  type TypedArray,
} from "./dtype.ts";
export {
  createEngine,
  type Engine,
  type EngineFunctions,
  type EngineMemory,
  type WriteCells,
} from "./engine.ts";
export { type ErrorCode, type ErrorDetails, OnpathError } from "./errors.ts";
export {
  type FlowCounts,
  type Incoming,
  type Missing,
  newFlow,
  type Outgoing,
  type PacketFlow,
  type Progress,
  type Range,
} from "./flow.ts";
export {
  FLAG,
  type Header,
  HEADER_BYTES,
  KIND,
  type Kind,
  MAX_PACKETS,
  MAX_PAYLOAD,
  newHeader,
  OFFSET,
  readHeader,
  type Refusal,
  writeHeader,
} from "./header.ts";
export { createImageWriter, type ImageWriter, type ImageWriterOptions } from "./image_writer.ts";
export {
  type Checksum,
  packetBytes,
  type PacketSlots,
  readPacket,
  readPacketBytes,
  reserveSlots,
  slotAddress,
  writePacket,
} from "./packets.ts";
export { cutRows, firstItem, itemCount, locate, type Partition, type Span } from "./partition.ts";
export { PATCH_ORDERS, patchify, type PatchLayout, unpatchify } from "./patches.ts";
export { PlacedIncoming } from "./placed_incoming.ts";
export { type PayloadSource, PlacedOutgoing } from "./placed_outgoing.ts";
export {
  type Outcome,
  type PayloadSink,
  type Placement,
  Reassembler,
  type ReassemblerLimits,
} from "./reassembler.ts";
export type { AxisMap, Channels, DenseMap, SamplingMap, SeparableMap } from "./sampling.ts";
export {
  type FlowOutput,
  type PacketizeOptions,
  PacketizeStream,
  type ReassembleOptions,
  ReassembleStream,
} from "./streams.ts";
export { type Layout, type Tensor, tensor, type TensorOptions, toBytes, toNumbers } from "./tensor.ts";
export type { TextCut } from "./text/cut.ts";
export { createTextWriter, type TextPacket, type TextPackets, type TextWriter } from "./text/text_writer.ts";
export { bounded, type WaitOptions } from "./wait.ts";
