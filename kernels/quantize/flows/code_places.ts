/**
 * Codes and metadata between a quantized cache and packets.
 *
 * @module
 */

import type { Engine } from "../../../serialize/engine.ts";
import type { PayloadSink } from "../../../serialize/reassembler.ts";
import { headBytes, type QuantizedCache } from "../cache.ts";
import type { GroupPacking } from "../packing.ts";
import { eachHead } from "./segments.ts";

/** Writes bytes of groups at an address of an engine. */
export type ReadBytes = (engine: Engine, at: number, first: number, count: number) => void;

/** Place of a metadata entry in a cache. */
type PlaceEntry = (plane: number, head: number, group: number) => number;

/**
 * Creates the reader of a cache's codes; codes of padding are 0.
 *
 * @param packing Groups of the plan.
 * @param codes Packed codes in the order of the groups.
 */
export function createCodeReader({ codeBytes }: GroupPacking, codes: Uint8Array): ReadBytes {
  return ({ bytes }, at, first, count) => {
    const part = codes.subarray(first * codeBytes, (first + count) * codeBytes);
    bytes.set(part, at);
    if (part.length < count * codeBytes) bytes.fill(0, at + part.length, at + count * codeBytes);
  };
}

/**
 * Creates the reader of a cache's metadata, plane by plane. Metadata of padding repeats the last group's, so that
 * its scales are valid.
 *
 * @param packing Groups of the plan.
 * @param cache Quantized cache; its codes are not read.
 */
export function createMetadataReader(
  packing: GroupPacking,
  cache: Omit<QuantizedCache, "codes">,
): ReadBytes {
  const { planes } = packing;
  const place = entryPlace(packing, cache);
  const { metadata } = cache;
  return ({ bytes }, at, first, count) => {
    let to = at;
    for (const [plane, size] of planes.entries()) {
      eachHead(packing, first, count, (head, group, groups) => {
        for (let g = 0; g < groups; g++) {
          const from = place(plane, head, group + g);
          for (let i = 0; i < size; i++) bytes[to++] = metadata[from + i]!;
        }
      });
      for (const end = at + count * size; to < end; to++) bytes[to] = bytes[to - size]!;
      at += count * size;
    }
  };
}

/**
 * Creates the sink of a quantizing device's answers.
 *
 * @param packing Groups of the plan.
 * @param cache Receives codes in the order of the groups, and metadata unless the host gave it.
 * @param base Number of the flow's first group.
 */
export function createCodeSink(packing: GroupPacking, cache: QuantizedCache, base: number): PayloadSink {
  const { codeBytes, planes, isGiven, perHead, heads } = packing;
  const place = entryPlace(packing, cache);
  const { codes, metadata } = cache;
  const all = perHead * heads;
  return {
    place: (bytes, at, first, count) => {
      const own = Math.min(count, all - base - first);
      codes.set(bytes.subarray(at, at + own * codeBytes), (base + first) * codeBytes);
      if (isGiven) return;
      let plane = at + count * codeBytes;
      for (const [number, size] of planes.entries()) {
        let from = plane;
        eachHead(packing, base + first, own, (head, group, groups) => {
          let to = place(number, head, group);
          for (let n = groups * size; n > 0; n--) metadata[to++] = bytes[from++]!;
        });
        plane += count * size;
      }
    },
  };
}

/** Byte position of the entry of each plane, head and group. Small floats share entries between groups. */
function entryPlace(
  { perHead, planes, isGiven }: GroupPacking,
  { method, shape }: Omit<QuantizedCache, "codes">,
): PlaceEntry {
  const ofHead = headBytes(method, shape).metadata;
  if (isGiven) {
    const [size] = planes as [number];
    const entries = ofHead / size;
    return (_, head, group) => head * ofHead + group % entries * size;
  }
  const starts = planes.map((_, plane) =>
    perHead * planes.slice(0, plane).reduce((sum, size) => sum + size, 0)
  );
  return (plane, head, group) => head * ofHead + starts[plane]! + group * planes[plane]!;
}
