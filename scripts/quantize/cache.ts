/**
 * KV caches over the tensors of a file: one tensor for all layers or one for each, in any layout. Parts are views,
 * no element is copied.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { slice, type Tensor, zeros } from "../../serialize/tensor.ts";
import { FLOAT_BYTES, type FloatDType } from "../../kernels/quantize/formats/elements.ts";
import {
  CACHE_AXES,
  CACHE_LAYOUTS,
  CACHE_PARTS,
  type CacheContent,
  type CacheLayout,
  type CachePart,
  cacheTensors,
  nameAxes,
  type PerAxis,
} from "../../kernels/quantize/layout.ts";

/** Place of the layer's number in a name: each layer has a tensor of its own. */
export const LAYER_MARK = "{layer}";

/** Maximum number of layers. */
export const MAX_LAYERS = 1024;

/** Maximum bytes of the tensors that a cache is made in (4 GiB). */
export const MAX_CACHE_BYTES = 2 ** 32;

/** Plain description of a cache's tensors. */
export interface CacheShape {
  /** Element type. */
  readonly dtype: FloatDType;
  /** Order of the axes in memory. */
  readonly layout: CacheLayout;
  /** Parts within a tensor's rows. */
  readonly content: CacheContent;
  /** Length of each axis; `channels` are those of a row, with all parts. */
  readonly sizes: PerAxis;
  /** Names of the tensors: of K and V, or of the one that holds both. {@linkcode LAYER_MARK} stands for a number. */
  readonly names: readonly string[];
}

/** Part of a cache. */
export interface CacheTensors {
  /** Name of the part. */
  readonly part: CachePart;
  /** View of each layer, with the axes `[1, blocks, heads, tokens, channels]`. */
  readonly layers: readonly Tensor<FloatDType>[];
}

/** Cache with its elements. */
export interface Cache extends CacheShape {
  /** Parts in the order of {@linkcode CACHE_PARTS}. */
  readonly parts: readonly CacheTensors[];
}

/** Layout and names of a cache in a file. */
export type CacheSource = Pick<CacheShape, "layout" | "content" | "names">;

/** Default names of the tensors, by content. */
export const DEFAULT_NAMES: Readonly<Record<CacheContent, readonly string[]>> = {
  separate: ["k", "v"],
  fused: ["kv"],
  mla: ["kv"],
};

/** Tests whether a text names a tensor: up to 200 characters, with {@linkcode LAYER_MARK} at most once. */
export function isTensorName(name: string): boolean {
  return name.length > 0 && name.length <= 200 && name.split(LAYER_MARK).length <= 2;
}

/**
 * Lists the names of a cache's tensors.
 *
 * @param name Name of a tensor, or a pattern with {@linkcode LAYER_MARK}.
 * @param layers Number of layers.
 * @returns One name, or one for each layer.
 */
export function tensorNames(name: string, layers: number): string[] {
  if (!name.includes(LAYER_MARK)) return [name];
  return Array.from({ length: layers }, (_, layer) => name.replace(LAYER_MARK, String(layer)));
}

/**
 * Counts the layers that a file has of a pattern.
 *
 * @param name Pattern with {@linkcode LAYER_MARK}.
 * @param found Names of all tensors.
 * @returns Number of layers, from 0 on without a gap; at least 1.
 * @throws {OnpathError} `file` if a number is missing, `size` above {@linkcode MAX_LAYERS}.
 */
export function countLayers(name: string, found: ReadonlySet<string>): number {
  const [before, after] = name.split(LAYER_MARK) as [string, string];
  const matches = [...found].filter((each) =>
    each.length > before.length + after.length && each.startsWith(before) && each.endsWith(after) &&
    /^(?:0|[1-9]\d{0,8})$/.test(each.slice(before.length, each.length - after.length))
  );
  if (matches.length > MAX_LAYERS) {
    throw new OnpathError(
      "size",
      `Cannot read ${matches.length} layers named ${JSON.stringify(name)}: expected at most ${MAX_LAYERS}`,
      { name, layers: matches.length, most: MAX_LAYERS },
    );
  }
  const missing = tensorNames(name, matches.length).find((each) => !found.has(each));
  if (missing !== undefined || matches.length === 0) {
    const expected = missing ?? tensorNames(name, 1)[0]!;
    throw new OnpathError(
      "file",
      `Cannot read layers named ${JSON.stringify(name)}: tensor ${JSON.stringify(expected)} is missing`,
      { name, expected, layers: matches.length },
    );
  }
  return matches.length;
}

/**
 * Finds a cache in the tensors of a file.
 *
 * @param source Layout, content and names.
 * @param found Names of all tensors.
 * @param find Returns a tensor by name; it throws if it is missing.
 * @throws {OnpathError} `file` if a tensor is missing; `dtype`, `shape` or `size` if tensors do not fit each other.
 */
export function findCache(
  source: CacheSource,
  found: ReadonlySet<string>,
  find: (name: string) => Tensor,
): Cache {
  const tensors = source.names.map((name) =>
    tensorNames(name, name.includes(LAYER_MARK) ? countLayers(name, found) : 1).map((each) => ({
      name: each,
      tensor: find(each),
    }))
  );
  const first = tensors[0]![0]!;
  const isOwn = (at: number) => source.names[at]!.includes(LAYER_MARK);
  const sizesOf = (at: number): PerAxis => {
    const own = nameAxes(source.layout, tensors[at]![0]!.tensor.shape);
    if (!isOwn(at)) return own;
    if (own.layers !== 1) throw misfit(tensors[at]![0]!.name, "holds all layers, expected those of one");
    return { ...own, layers: tensors[at]!.length };
  };
  const sizes = sizesOf(0), { dtype } = first.tensor;
  if (!Object.hasOwn(FLOAT_BYTES, dtype)) {
    throw new OnpathError(
      "dtype",
      `Cannot use a KV cache of ${dtype}: expected ${Object.keys(FLOAT_BYTES).join(", ")}`,
      { dtype },
    );
  }
  for (const [at, list] of tensors.entries()) {
    const own = sizesOf(at);
    const axis = CACHE_AXES.find((axis) => own[axis] !== sizes[axis]);
    if (axis !== undefined) {
      throw misfit(list[0]!.name, `has ${own[axis]} ${axis}, ${first.name} has ${sizes[axis]}`);
    }
    for (const { name, tensor } of list) {
      if (tensor.dtype !== dtype) throw misfit(name, `has dtype ${tensor.dtype}, ${first.name} has ${dtype}`);
      if (String(tensor.shape) !== String(list[0]!.tensor.shape)) {
        throw misfit(name, `has shape [${tensor.shape}], ${list[0]!.name} has [${list[0]!.tensor.shape}]`);
      }
    }
  }
  const shape: CacheShape = { ...source, dtype: dtype as FloatDType, sizes };
  return cacheOver(shape, tensors.map((list) => list.map(({ tensor }) => tensor as Tensor<FloatDType>)));
}

/**
 * Views the parts of a cache.
 *
 * @param shape Description of the tensors.
 * @param tensors Dense tensors of each name: one, or one for each layer.
 * @throws {OnpathError} `shape` or `size` as `cacheViews`.
 */
export function cacheOver(shape: CacheShape, tensors: readonly (readonly Tensor<FloatDType>[])[]): Cache {
  const { layout, content, sizes } = shape;
  if (sizes.layers > MAX_LAYERS) {
    throw new OnpathError(
      "size",
      `Cannot use a KV cache of ${sizes.layers} layers: expected at most ${MAX_LAYERS}`,
      { layers: sizes.layers, most: MAX_LAYERS },
    );
  }
  const parts = CACHE_PARTS[content].map((part, at): CacheTensors => {
    const own = tensors[content === "separate" ? at : 0]!;
    const views = own.map((tensor) =>
      (cacheTensors(tensor, layout, content) as Readonly<Record<CachePart, Tensor<FloatDType>>>)[part]
    );
    const layers = views.flatMap((view) =>
      Array.from(
        { length: view.shape[0]! },
        (_, layer) => slice(view, [layer, 0, 0, 0, 0], [1, ...view.shape.slice(1)]) as Tensor<FloatDType>,
      )
    );
    return { part, layers };
  });
  return { ...shape, parts };
}

/**
 * Makes the tensors of a cache, of zeros.
 *
 * @param shape Description of the tensors.
 * @returns The cache over them, and the tensors by name.
 * @throws {OnpathError} `size` if they have too many elements, `shape` as `cacheViews`.
 */
export function emptyCache(shape: CacheShape): { cache: Cache; tensors: Map<string, Tensor<FloatDType>> } {
  const { dtype, layout, sizes, names } = shape;
  const bytes = CACHE_AXES.reduce(
    (product, axis) => product * sizes[axis],
    names.length * FLOAT_BYTES[dtype],
  );
  if (bytes > MAX_CACHE_BYTES) {
    throw new OnpathError(
      "size",
      `Cannot make a KV cache of ${bytes} bytes: expected at most ${MAX_CACHE_BYTES}`,
      { bytes, most: MAX_CACHE_BYTES },
    );
  }
  const tensors = names.map((name) => {
    const own = tensorNames(name, sizes.layers), isOwn = name.includes(LAYER_MARK);
    const lengths = CACHE_LAYOUTS[layout].filter((axis) => !isOwn || axis !== "layers").map((axis) =>
      sizes[axis]
    );
    return own.map((each) => [each, zeros({ dtype, shape: lengths })] as const);
  });
  const cache = cacheOver(shape, tensors.map((list) => list.map(([, tensor]) => tensor)));
  return { cache, tensors: new Map(tensors.flat()) };
}

function misfit(name: string, reason: string): OnpathError {
  return new OnpathError("shape", `Cannot use a KV cache: tensor ${JSON.stringify(name)} ${reason}`, {
    name,
  });
}
