/**
 * Planes of a block's metadata, such as minima and scales, as tensors of their own.
 *
 * @module
 */

import { type DType, DTYPE_BYTES } from "../../serialize/dtype.ts";
import type { BlockShape } from "../../kernels/quantize/formats/group_order.ts";
import { blockBytes, type QuantizeMethod } from "../../kernels/quantize/method.ts";

/** Metadata of one kind. */
export interface MetadataPlane {
  /** Name of the plane. */
  readonly name: "scales" | "zeros" | "minima" | "norms";
  /** Element type. */
  readonly dtype: DType;
  /** Entries of one head. */
  readonly entries: number;
}

/**
 * Lists the planes of a method, in the order of a block's metadata.
 *
 * @param method Method of the block.
 * @param shape Shape of the block.
 * @throws {OnpathError} `shape` when groups do not divide their axis.
 */
export function metadataPlanes(method: QuantizeMethod, shape: BlockShape): MetadataPlane[] {
  const bytes = blockBytes(method, shape).metadata;
  if (bytes === 0) return [];
  if (method.kind === "mx") return [{ name: "scales", dtype: "u8", entries: bytes }];
  const { kind, stored: dtype } = method, size = DTYPE_BYTES[dtype];
  switch (kind) {
    case "float":
    case "absmax":
      return [{ name: "scales", dtype, entries: bytes / size }];
    case "asymmetric": {
      const entries = bytes / (size + 1);
      return [{ name: "scales", dtype, entries }, { name: "zeros", dtype: "u8", entries }];
    }
    case "kivi": {
      const entries = bytes / (2 * size);
      return [{ name: "minima", dtype, entries }, { name: "scales", dtype, entries }];
    }
    case "rotated":
      return [{ name: "norms", dtype, entries: bytes / size }];
  }
}

/**
 * Divides the metadata of consecutive heads into planes.
 *
 * @param metadata Metadata of all heads.
 * @param planes Planes of one head.
 * @param heads Number of heads.
 * @returns Bytes of each plane, heads x entries.
 */
export function splitPlanes(
  metadata: Uint8Array,
  planes: readonly MetadataPlane[],
  heads: number,
): Uint8Array<ArrayBuffer>[] {
  const stride = metadata.length / heads;
  let first = 0;
  return planes.map(({ dtype, entries }) => {
    const bytes = entries * DTYPE_BYTES[dtype], plane = new Uint8Array(heads * bytes);
    for (let head = 0; head < heads; head++) {
      const from = head * stride + first;
      plane.set(metadata.subarray(from, from + bytes), head * bytes);
    }
    first += bytes;
    return plane;
  });
}

/**
 * Joins planes to the metadata of consecutive heads.
 *
 * @param planes Bytes of each plane, heads x entries.
 * @param heads Number of heads.
 */
export function joinPlanes(planes: readonly Uint8Array[], heads: number): Uint8Array<ArrayBuffer> {
  const total = planes.reduce((sum, plane) => sum + plane.length, 0);
  const metadata = new Uint8Array(total);
  let at = 0;
  for (let head = 0; head < heads; head++) {
    for (const plane of planes) {
      const bytes = plane.length / heads;
      metadata.set(plane.subarray(head * bytes, (head + 1) * bytes), at);
      at += bytes;
    }
  }
  return metadata;
}
