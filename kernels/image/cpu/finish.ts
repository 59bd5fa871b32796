/**
 * Conversion of levels to elements of the output.
 *
 * @module
 */

import { DTYPE_BYTES } from "../../../serialize/dtype.ts";
import type { Channels } from "../../../serialize/sampling.ts";
import { elementsOf } from "../../memoize/element.ts";
import { normalizeBits } from "../normalize/reference.ts";
import type { NormalizeParams } from "../normalize/spec.ts";
import { type Arena, createArena, type ImageFunctions, type ImageMemory } from "./module.ts";

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
  /** Whether every element is one arithmetic expression; otherwise it is looked up. */
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
      const convert = arithmeticOf(functions, params.dtype)!;
      return (from, pitch, to, toPitch, rows, count, channel) =>
        convert(from, pitch, to, toPitch, rows, count, at + 8 * LANES * channel, isUnit);
    },
  };
}

function arithmeticOf(functions: ImageFunctions, dtype: NormalizeParams["dtype"]) {
  switch (dtype) {
    case "f32":
      return functions.finishF32;
    case "bf16":
      return functions.finishBf16;
    case "f16":
      return functions.finishF16;
    default:
      return undefined;
  }
}

/** Computes all levels of all channels both ways, and returns whether every bit is equal. */
function equalsArithmetic(
  params: NormalizeParams,
  channels: Channels,
  tables: ArrayBufferView<ArrayBuffer>,
): boolean {
  if (params.dtype === "u8" || params.dtype === "i8") return false;
  const arena = createArena();
  const size = DTYPE_BYTES[params.dtype];
  const { connect } = arithmetic(arena, { ...params, planar: true }, channels);
  const levels = arena.put(Uint8Array.from({ length: 256 }, (_, level) => level));
  const out = arena.reserve(256 * size);
  const memory = arena.build();
  const convert = connect(memory);
  const expected = new Uint8Array(tables.buffer, tables.byteOffset, tables.byteLength);
  for (let channel = 0; channel < channels; channel++) {
    convert(levels, 256, out, 256 * size, 1, 256, channel);
    const start = 256 * size * channel;
    for (let i = 0; i < 256 * size; i++) if (memory.bytes[out + i] !== expected[start + i]) return false;
  }
  return true;
}
