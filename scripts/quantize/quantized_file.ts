/**
 * Quantized caches as `.safetensors` files. Each layer and part has a tensor of codes and one for each kind of
 * metadata: `k.0.codes`, `k.0.scales`. `__metadata__` describes the cache, so that the way back needs no other file.
 *
 * @module
 */

import { z } from "zod";
import { viewElements } from "../../serialize/dtype.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { MAX_ELEMENTS, type Tensor, tensor, toBytes } from "../../serialize/tensor.ts";
import type { BlockShape } from "../../kernels/quantize/formats/group_order.ts";
import {
  CACHE_LAYOUTS,
  CACHE_PARTS,
  type CacheContent,
  type CacheLayout,
  type CachePart,
  type CacheView,
  cacheViews,
} from "../../kernels/quantize/layout.ts";
import { blockBytes, type QuantizeMethod } from "../../kernels/quantize/method.ts";
import { floatSpec, methodSpec } from "../../kernels/quantize/spec.ts";
import { parseWith, type Schema } from "../../kernels/schema.ts";
import { encodeTensors } from "../io/safetensors.ts";
import { type SafetensorsFile, tensorOf } from "../io/safetensors_read.ts";
import { type CacheShape, DEFAULT_NAMES, isTensorName, MAX_LAYERS } from "./cache.ts";
import type { QuantizedLayer } from "./cache_codec.ts";
import { joinPlanes, type MetadataPlane, metadataPlanes, splitPlanes } from "./metadata_planes.ts";

/** Name of the description in a file's metadata. */
export const DESCRIPTION_KEY = "onpath.kv_cache";

/** Quantized cache, with the description of the one before. */
export interface QuantizedFile {
  /** Tensors before encoding. */
  readonly shape: CacheShape;
  /** Method and layers of each part. */
  readonly parts: readonly QuantizedPart[];
}

/** Quantized part. */
export interface QuantizedPart {
  /** Name of the part. */
  readonly part: CachePart;
  /** Method of the codes. */
  readonly method: QuantizeMethod;
  /** Encoded layers. */
  readonly layers: readonly QuantizedLayer[];
}

interface Description extends CacheShape {
  readonly version: 1;
  readonly methods: readonly QuantizeMethod[];
}

const whole = z.number().int().min(1).max(MAX_ELEMENTS);

const descriptionSpec: Schema<Description> = z.strictObject({
  version: z.literal(1),
  dtype: floatSpec,
  layout: z.enum(Object.keys(CACHE_LAYOUTS) as [CacheLayout]),
  content: z.enum(Object.keys(CACHE_PARTS) as [CacheContent]),
  sizes: z.strictObject({
    layers: z.number().int().min(1).max(MAX_LAYERS),
    blocks: whole,
    heads: whole,
    tokens: whole,
    channels: whole,
  }),
  names: z.array(z.string().refine(isTensorName, "expected the name of a tensor")).min(1).max(2),
  methods: z.array(methodSpec).length(2),
}).refine(
  ({ content, names }) => names.length === DEFAULT_NAMES[content].length,
  "expected a name for each tensor",
).refine(({ names }) => new Set(names).size === names.length, "expected names that differ");

/**
 * Encodes a quantized cache.
 *
 * @param file Description and layers.
 * @returns The file in chunks.
 */
export function encodeQuantized({ shape, parts }: QuantizedFile): Uint8Array<ArrayBuffer>[] {
  const { dtype, layout, content, sizes, names } = shape;
  const description: Description = {
    version: 1,
    dtype,
    layout,
    content,
    sizes,
    names,
    methods: parts.map(({ method }) => method),
  };
  const tensors = new Map<string, Tensor>();
  for (const { part, method, layers } of parts) {
    const { heads, block } = partShape(shape, part), planes = metadataPlanes(method, block);
    for (const [layer, { codes, metadata }] of layers.entries()) {
      const add = (
        name: string,
        { dtype, entries }: Pick<MetadataPlane, "dtype" | "entries">,
        bytes: Uint8Array<ArrayBuffer>,
      ) => {
        const data = viewElements(dtype, bytes.buffer, bytes.byteOffset, heads * entries);
        tensors.set(`${part}.${layer}.${name}`, tensor(data, { dtype, shape: [heads, entries] }));
      };
      add("codes", { dtype: "u8", entries: codes.length / heads }, codes);
      for (const [at, bytes] of splitPlanes(metadata, planes, heads).entries()) {
        add(planes[at]!.name, planes[at]!, bytes);
      }
    }
  }
  return encodeTensors(tensors, { [DESCRIPTION_KEY]: JSON.stringify(description) });
}

/**
 * Reads a quantized cache.
 *
 * @param file Contents of a file.
 * @returns Description and layers; codes share the file's bytes.
 * @throws {OnpathError} `file` if the file is no quantized cache, or tensors are missing; `dtype` or `shape` if they do
 * not fit the description.
 */
export function decodeQuantized(file: SafetensorsFile): QuantizedFile {
  const { methods, version: _, ...shape } = readDescription(file);
  const parts = CACHE_PARTS[shape.content].map((part, at): QuantizedPart => {
    const method = methods[at]!, { heads, block } = partShape(shape, part);
    const planes = metadataPlanes(method, block), codes = blockBytes(method, block).codes;
    const take = (
      layer: number,
      name: string,
      { dtype, entries }: Pick<MetadataPlane, "dtype" | "entries">,
    ) => {
      const key = `${part}.${layer}.${name}`, found = tensorOf(file, key);
      if (found.dtype === dtype && String(found.shape) === String([heads, entries])) return toBytes(found);
      throw new OnpathError(
        found.dtype === dtype ? "shape" : "dtype",
        `Cannot read ${file.name}: tensor ${JSON.stringify(key)} is ${found.dtype} of shape [${
          found.shape.join(", ")
        }], expected ${dtype} of shape [${heads}, ${entries}]`,
        { key },
      );
    };
    const layers = Array.from({ length: shape.sizes.layers }, (_, layer): QuantizedLayer => ({
      codes: take(layer, "codes", { dtype: "u8", entries: codes }),
      metadata: joinPlanes(planes.map((plane) => take(layer, plane.name, plane)), heads),
    }));
    return { part, method, layers };
  });
  return { shape, parts };
}

function readDescription(file: SafetensorsFile): Description {
  const text = file.metadata.get(DESCRIPTION_KEY);
  if (text === undefined) {
    throw new OnpathError(
      "file",
      `Cannot read ${file.name}: it is no quantized cache, ${DESCRIPTION_KEY} is missing in its metadata`,
      { name: file.name },
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new OnpathError("file", `Cannot read ${file.name}: its ${DESCRIPTION_KEY} is not JSON`, {
      name: file.name,
    }, { cause });
  }
  return parseWith(descriptionSpec, value, "file", DESCRIPTION_KEY);
}

/** Heads of a layer, and the shape of one. */
function partShape(
  { layout, sizes, content }: CacheShape,
  part: CachePart,
): { heads: number; block: BlockShape } {
  const view =
    (cacheViews(layout, { ...sizes, layers: 1 }, content).parts as Record<CachePart, CacheView>)[part];
  const { heads, blocks, tokens, channels } = view.sizes;
  return { heads, block: { tokens: blocks * tokens, channels } };
}
