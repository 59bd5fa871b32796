/**
 * Conversion of levels to elements of the output: by a table of 256 entries a channel, or for f32 by arithmetic
 * that gives the bits of the table.
 *
 * @module
 */

import { DTYPE_BYTES } from "../../../serialize/dtype.ts";
import type { Channels } from "../../../serialize/sampling.ts";
import { elementsOf } from "../../memoize/element.ts";
import { normalizeBits } from "../normalize/reference.ts";
import type { NormalizeParams } from "../normalize/spec.ts";
import { type Arena, createArena, type ImageMemory } from "./module.ts";

/** Converts `rows` x `count` levels of a plane, or of all channels, to elements. */
export type FinishRows = (
  from: number,
  pitch: number,
  to: number,
  toPitch: number,
  rows: number,
  count: number,
  channel: number,
) => void;

/** A conversion before its memory exists. */
export interface Finisher {
  /** Whether elements are computed; otherwise they are looked up. */
  readonly isArithmetic: boolean;
  /** Connects the conversion to its memory. */
  readonly connect: (memory: ImageMemory) => FinishRows;
}

/** Elements that are normalized at once. */
const LANES = 12;

/**
 * Creates the conversion of a normalization.
 *
 * @param arena Memory for its tables.
 * @param params Parameters of the normalization.
 * @param channels Channels of a pixel.
 */
export function finisherOf(arena: Arena, params: NormalizeParams, channels: Channels): Finisher {
  const tables = tablesOf(params, channels);
  return equalsArithmetic(params, channels, tables)
    ? arithmetic(arena, params, channels)
    : lookUp(arena, params, channels, tables);
}

/** Elements of all levels, channel by channel. */
function tablesOf(params: NormalizeParams, channels: Channels) {
  const bits = Uint32Array.from(
    { length: 256 * channels },
    (_, i) => normalizeBits(i & 255, i >> 8, params),
  );
  return elementsOf(bits, params.dtype);
}

function lookUp(
  arena: Arena,
  { dtype, planar }: NormalizeParams,
  channels: Channels,
  tables: ArrayBufferView<ArrayBuffer>,
): Finisher {
  const size = DTYPE_BYTES[dtype];
  const table = arena.put(tables);
  return {
    isArithmetic: false,
    connect: ({ functions }) => {
      const convert = size === 1 ? functions.lookUp8 : size === 2 ? functions.lookUp16 : functions.lookUp32;
      return (from, pitch, to, toPitch, rows, count, channel) =>
        convert(
          from,
          pitch,
          to,
          toPitch,
          rows,
          count,
          table + 256 * size * channel,
          planar ? 1 : channels,
        );
    },
  };
}

function arithmetic(arena: Arena, params: NormalizeParams, channels: Channels): Finisher {
  const { planar, mean, std } = params;
  // 12 means and 12 deviations, for each plane or for the channels in turn.
  const constants = Float32Array.from(
    { length: 2 * LANES * (planar ? channels : 1) },
    (_, i) => {
      const group = Math.floor(i / LANES);
      const channel = planar ? group >> 1 : i % LANES % channels;
      return (group & 1) === 0 ? mean[channel]! : std[channel]!;
    },
  );
  const at = arena.put(constants);
  const isUnit = params.range === "0-1" ? 1 : 0;
  return {
    isArithmetic: true,
    connect: ({ functions }) => {
      return (from, pitch, to, toPitch, rows, count, channel) =>
        functions.finishF32(from, pitch, to, toPitch, rows, count, at + 8 * LANES * channel, isUnit);
    },
  };
}

/** Computes all levels of all channels both ways, and returns whether every bit is equal. */
function equalsArithmetic(
  params: NormalizeParams,
  channels: Channels,
  tables: ArrayBufferView<ArrayBuffer>,
): boolean {
  if (params.dtype !== "f32") return false;
  const arena = createArena();
  const { connect } = arithmetic(arena, { ...params, planar: true }, channels);
  const levels = arena.put(Uint8Array.from({ length: 256 }, (_, level) => level));
  const out = arena.reserve(1024);
  const memory = arena.build();
  const convert = connect(memory);
  const expected = new Uint8Array(tables.buffer, tables.byteOffset, tables.byteLength);
  for (let channel = 0; channel < channels; channel++) {
    convert(levels, 256, out, 1024, 1, 256, channel);
    const start = 1024 * channel;
    for (let i = 0; i < 1024; i++) if (memory.bytes[out + i] !== expected[start + i]) return false;
  }
  return true;
}
