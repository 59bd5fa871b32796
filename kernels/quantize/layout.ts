/**
 * Layouts of KV caches by strides. A cache has the axes layers, blocks, heads, tokens of a block and channels; a
 * view has an offset and one stride per axis, so no layout needs a copy.
 *
 * Names are vLLM's `KVCacheLayout` (RFC 42082, pull request 51718): the letters are the axes in the order of
 * memory, L for layers, B for blocks, H for heads, N for tokens and C for channels. `NHD` and `HND` are its
 * earlier names. C holds a head's channels of K or V, both one after the other, or MLA's latent and rotary
 * channels.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../../serialize/errors.ts";
import type { DType } from "../../serialize/dtype.ts";
import { isDense, MAX_ELEMENTS, type Tensor } from "../../serialize/tensor.ts";

/** Axes of a cache, from the outermost of `LBHNC`. */
export const CACHE_AXES = ["layers", "blocks", "heads", "tokens", "channels"] as const;

/** Axis of a cache; `tokens` are those of a block. */
export type CacheAxis = typeof CACHE_AXES[number];

/** Number for each axis. */
export type PerAxis = Readonly<Record<CacheAxis, number>>;

/** Axes of each layout, from the slowest to the fastest in memory. */
export const CACHE_LAYOUTS = {
  LBHNC: ["layers", "blocks", "heads", "tokens", "channels"],
  LBNHC: ["layers", "blocks", "tokens", "heads", "channels"],
  LHBNC: ["layers", "heads", "blocks", "tokens", "channels"],
  BLHNC: ["blocks", "layers", "heads", "tokens", "channels"],
  BLNHC: ["blocks", "layers", "tokens", "heads", "channels"],
  BHLNC: ["blocks", "heads", "layers", "tokens", "channels"],
} as const satisfies Readonly<Record<string, readonly CacheAxis[]>>;

/** Name of a layout. */
export type CacheLayout = keyof typeof CACHE_LAYOUTS;

/** Earlier names of two layouts. */
export const LAYOUT_ALIASES = { NHD: "LBNHC", HND: "LBHNC" } as const satisfies Record<string, CacheLayout>;

/**
 * Parts that share the channels of a tensor, by content: K and V in two tensors (`separate`) or one after the
 * other (`fused`), or MLA's latent and rotary channels of one head (`mla`).
 */
export const CACHE_PARTS = {
  separate: ["k", "v"],
  fused: ["k", "v"],
  mla: ["latent", "rotary"],
} as const;

/** Content of a cache's tensors. */
export type CacheContent = keyof typeof CACHE_PARTS;

/** Name of a part. */
export type CachePart = typeof CACHE_PARTS[CacheContent][number];

/** Rotary channels of an MLA cache, after the latent ones. */
export const ROTARY_CHANNELS = 64;

/** Elements of a part within a tensor. */
export interface CacheView {
  /** Index of the first element. */
  readonly offset: number;
  /** Length of each axis; `channels` are those of the part. */
  readonly sizes: PerAxis;
  /** Distance between neighbours along each axis, in elements. */
  readonly strides: PerAxis;
}

/** Views of a cache's parts. */
export interface CacheViews<C extends CacheContent = CacheContent> {
  /** Number of elements of each tensor: two tensors for `separate`, else one. */
  readonly elements: number;
  /** View of each part. */
  readonly parts: Readonly<Record<typeof CACHE_PARTS[C][number], CacheView>>;
}

/**
 * Finds a layout by name.
 *
 * @param name Name of a layout or its alias.
 * @throws {OnpathError} `shape` for another name.
 */
export function cacheLayout(name: string): CacheLayout {
  if (Object.hasOwn(CACHE_LAYOUTS, name)) return name as CacheLayout;
  if (Object.hasOwn(LAYOUT_ALIASES, name)) return LAYOUT_ALIASES[name as keyof typeof LAYOUT_ALIASES];
  const expected = [...Object.keys(CACHE_LAYOUTS), ...Object.keys(LAYOUT_ALIASES)];
  throw new OnpathError(
    "shape",
    `Cannot use a KV cache of layout ${JSON.stringify(name)}: expected one of ${expected.join(", ")}`,
    { layout: name, expected },
  );
}

/**
 * Names the lengths of a tensor's axes.
 *
 * @param layout Name of the layout or its alias.
 * @param shape Lengths in the order of memory; four of them if one layer has a tensor of its own.
 * @returns Length of each axis, `channels` with all parts.
 * @throws {OnpathError} `shape` for another number of axes.
 */
export function nameAxes(layout: string, shape: readonly number[]): PerAxis {
  const all: readonly CacheAxis[] = CACHE_LAYOUTS[cacheLayout(layout)];
  const axes = shape.length === 4 ? all.filter((axis) => axis !== "layers") : all;
  if (shape.length !== axes.length) {
    throw new OnpathError(
      "shape",
      `Cannot use a KV cache of shape [${shape.join(", ")}]: layout ${layout} has 5 axes, or 4 for one layer`,
      { shape, layout },
    );
  }
  return perAxis((axis) => axes.includes(axis) ? shape[axes.indexOf(axis)]! : 1);
}

/**
 * Describes the parts of a dense tensor.
 *
 * @param layout Name of the layout or its alias.
 * @param sizes Length of each axis; `channels` are those of a tensor's row, with all parts.
 * @param content Parts within a row.
 * @returns Views of the parts and the number of elements.
 * @throws {OnpathError} `size` for a length below 1 or too many elements, `shape` for channels that are not those
 * of the content.
 *
 * @example
 * ```ts
 * import { cacheViews } from "onpath/kernels";
 * import assert from "node:assert/strict";
 *
 * const sizes = { layers: 32, blocks: 64, heads: 8, tokens: 16, channels: 256 };
 * const { parts } = cacheViews("LBNHC", sizes, "fused");
 * assert.equal(parts.v.offset, 128);
 * assert.equal(parts.v.strides.tokens, 8 * 256);
 * ```
 */
export function cacheViews<C extends CacheContent>(
  layout: string,
  sizes: PerAxis,
  content: C,
): CacheViews<C> {
  const order: readonly CacheAxis[] = CACHE_LAYOUTS[cacheLayout(layout)];
  const strides: Record<CacheAxis, number> = perAxis(() => 0);
  let elements = 1;
  for (const axis of order.toReversed()) {
    checkInteger(`a KV cache with ${axis} of length`, sizes[axis], 1, MAX_ELEMENTS);
    strides[axis] = elements;
    elements *= sizes[axis];
  }
  checkInteger("a KV cache whose number of elements is", elements, 1, MAX_ELEMENTS);
  const [first, second] = splitChannels(sizes, content);
  const part = (offset: number, channels: number) => ({ offset, sizes: { ...sizes, channels }, strides });
  const views = [part(0, first), part(content === "separate" ? 0 : first, second)];
  const parts = Object.fromEntries(CACHE_PARTS[content].map((name, i) => [name, views[i]!]));
  return { elements, parts: parts as CacheViews<C>["parts"] };
}

/**
 * Views the parts of a dense tensor, without a copy. Workload `quantize` takes each as its input, and `dequantize`
 * writes into it.
 *
 * @param source Tensor in the order of memory: five axes, or four for one layer.
 * @param layout Name of the layout or its alias.
 * @param content Parts within a row; the tensors of K and V apart have one call each.
 * @returns Tensor of each part with the axes `[layers, blocks, heads, tokens, channels]`.
 * @throws {OnpathError} `shape` or `size` as {@linkcode nameAxes} and {@linkcode cacheViews}, `shape` for a tensor
 * that is not dense.
 *
 * @example
 * ```ts
 * import { tensor } from "onpath";
 * import { cacheTensors } from "onpath/kernels";
 * import assert from "node:assert/strict";
 *
 * // 4 blocks of 16 tokens, 2 heads, rows of 64 channels of K and 64 of V: a layer of vLLM's cache.
 * const layer = tensor(new Uint16Array(4 * 16 * 2 * 128), { dtype: "bf16", shape: [4, 16, 2, 128] });
 * const { k, v } = cacheTensors(layer, "NHD", "fused");
 * assert.deepEqual(k.shape, [1, 4, 2, 16, 64]);
 * assert.deepEqual([v.offset, v.data], [64, layer.data]);
 * ```
 */
export function cacheTensors<C extends CacheContent, D extends DType>(
  source: Tensor<D>,
  layout: string,
  content: C,
): Readonly<Record<typeof CACHE_PARTS[C][number], Tensor<D>>> {
  if (!isDense(source)) {
    throw new OnpathError(
      "shape",
      "Cannot view a KV cache: its tensor is not dense, use cacheViews()",
      {
        shape: source.shape,
        strides: source.strides,
      },
    );
  }
  const { parts } = cacheViews(layout, nameAxes(layout, source.shape), content);
  const ordered = (numbers: PerAxis) => CACHE_AXES.map((axis) => numbers[axis]);
  const views = Object.entries<CacheView>(parts).map(([part, { offset, sizes, strides }]) => [
    part,
    {
      dtype: source.dtype,
      shape: ordered(sizes),
      strides: ordered(strides),
      offset: source.offset + offset,
      data: source.data,
    },
  ]);
  return Object.fromEntries(views);
}

/** Channels of both parts. */
function splitChannels({ heads, channels }: PerAxis, content: CacheContent): [number, number] {
  switch (content) {
    case "separate":
      return [channels, channels];
    case "fused":
      if (channels % 2 === 0) return [channels / 2, channels / 2];
      throw badChannels(content, channels, "K and V have the same number of channels");
    case "mla":
      if (heads !== 1) throw badChannels(content, channels, `MLA has 1 head, found ${heads}`);
      if (channels > ROTARY_CHANNELS) return [channels - ROTARY_CHANNELS, ROTARY_CHANNELS];
      throw badChannels(content, channels, `the latent comes before ${ROTARY_CHANNELS} rotary channels`);
  }
}

function badChannels(content: CacheContent, channels: number, reason: string): OnpathError {
  return new OnpathError(
    "shape",
    `Cannot use ${channels} channels of a KV cache as ${content}: ${reason}`,
    { content, channels },
  );
}

function perAxis(value: (axis: CacheAxis) => number): Record<CacheAxis, number> {
  return Object.fromEntries(CACHE_AXES.map((axis) => [axis, value(axis)])) as Record<CacheAxis, number>;
}
