/**
 * Options of `quantize`, and what they name: methods, a cache, queries.
 *
 * @module
 */

import type { Command } from "commander";
import type { FloatDType } from "../../../kernels/quantize/formats/elements.ts";
import type { CacheContent, CacheLayout } from "../../../kernels/quantize/layout.ts";
import type { QuantizeMethod } from "../../../kernels/quantize/method.ts";
import { MAX_INPUT_BYTES, readBounded } from "../../io/read.ts";
import { readSafetensors, tensorOf } from "../../io/safetensors_read.ts";
import { type Cache, DEFAULT_NAMES, findCache } from "../../quantize/cache.ts";
import { type MethodOptions, namedMethod } from "../../quantize/methods.ts";
import { givenQueries, type QuerySource, syntheticQueries } from "../../quantize/queries.ts";
import { syntheticTensors } from "../../quantize/synthetic_cache.ts";
import { isProfileFile } from "../devices.ts";
import { loadMethod } from "../documents.ts";
import { EXIT } from "../failures.ts";
import type { SharedOptions } from "../options.ts";

/** Options of `quantize`. */
export interface QuantizeOptions extends Omit<SharedOptions, "layout">, MethodOptions {
  /** `--output`: path of the quantized cache. */
  readonly output?: string | undefined;
  /** `--method`: name, or path of a pipeline. */
  readonly method: string;
  /** `--values-method`: the same for V, or for MLA's rotary channels. */
  readonly valuesMethod?: string | undefined;
  /** `--layout` */
  readonly layout: CacheLayout;
  /** `--content` */
  readonly content: CacheContent;
  /** `--keys`: name of K, or of the tensor that holds both. */
  readonly keys?: string | undefined;
  /** `--values`: name of V. */
  readonly values?: string | undefined;
  /** `--synthetic`: layers, heads, tokens and channels. */
  readonly synthetic?: readonly number[] | undefined;
  /** `--dtype` of a synthetic cache. */
  readonly dtype?: FloatDType | undefined;
  /** `--seed` */
  readonly seed: number;
  /** `--queries`: path of given queries. */
  readonly queries?: string | undefined;
  /** `--query-count`: synthetic queries of each head. */
  readonly queryCount: number;
  /** `--max-saturated`: share of a head's values. */
  readonly maxSaturated: number;
  /** `--report`: path of the page. */
  readonly report?: string | undefined;
  /** `--heads`: rows of the worst heads. */
  readonly heads: number;
  /** `--timeout`, in milliseconds. */
  readonly timeout?: number | undefined;
}

/** Cache of the command line. */
export interface NamedCache {
  /** The cache. */
  readonly cache: Cache;
  /** Source in words. */
  readonly source: string;
  /** Number of the file's other tensors, which stay out. */
  readonly others: number;
}

/** Rejects options that exclude each other. */
export function checkQuantizeUse(
  input: string | undefined,
  { synthetic, content, values, dtype }: QuantizeOptions,
  command: Command,
): void {
  const refuse = (message: string) =>
    command.error(`error: ${message}`, { exitCode: EXIT.usage, code: "onpath.use" });
  if (input === undefined && synthetic === undefined) {
    refuse("expected a file, or --synthetic for a made-up cache");
  }
  if (input !== undefined && synthetic !== undefined) {
    refuse("expected either a file or --synthetic, not both");
  }
  if (content !== "separate" && values !== undefined) {
    refuse(`--values names a tensor of its own, which content ${content} lacks; --keys names the one tensor`);
  }
  if (synthetic === undefined && dtype !== undefined) refuse("--dtype is that of a --synthetic cache");
}

/** Returns the methods of both parts. */
export async function findMethods(options: QuantizeOptions, signal: AbortSignal): Promise<QuantizeMethod[]> {
  const { method, valuesMethod = method, scale, group, stored } = options;
  const find = async (name: string, axis: "tokens" | "channels") =>
    isProfileFile(name) ? await loadMethod(name, signal) : namedMethod(name, axis, { scale, group, stored });
  return [await find(method, "tokens"), await find(valuesMethod, "channels")];
}

/** Reads a cache from a file, or makes a synthetic one. */
export async function findInput(
  input: string | undefined,
  options: QuantizeOptions,
  signal: AbortSignal,
): Promise<NamedCache> {
  const { layout, content, synthetic, seed, dtype = "bf16" } = options;
  const names = DEFAULT_NAMES[content].map((name, at) => (at === 0 ? options.keys : options.values) ?? name);
  if (input === undefined) {
    const [layers, heads, tokens, channels] = synthetic as [number, number, number, number];
    const row = content === "fused" ? 2 * channels : channels;
    const sizes = { layers, blocks: 1, heads, tokens, channels: row };
    const { cache } = syntheticTensors({ dtype, layout, content, sizes, names }, seed);
    return { cache, source: `synthetic, seed ${seed}`, others: 0 };
  }
  const file = readSafetensors(await readBounded(input, { maxBytes: MAX_INPUT_BYTES, signal }), input);
  const found = new Set(file.entries.keys());
  const used = new Set<string>();
  const cache = findCache({ layout, content, names }, found, (name) => {
    used.add(name);
    return tensorOf(file, name);
  });
  return { cache, source: input, others: found.size - used.size };
}

/** Reads queries from a file, or makes synthetic ones. */
export async function findQueries(
  { sizes, content }: Cache,
  { queries, queryCount, seed }: QuantizeOptions,
  signal: AbortSignal,
): Promise<{ readonly queries: QuerySource; readonly text: string }> {
  if (queries === undefined) {
    return {
      queries: syntheticQueries(queryCount, seed),
      text: `synthetic, ${queryCount} of each head, seed ${seed}; half of them follow a token`,
    };
  }
  const file = readSafetensors(await readBounded(queries, { maxBytes: MAX_INPUT_BYTES, signal }), queries);
  const tensor = tensorOf(file, "q");
  const channels = content === "fused" ? sizes.channels / 2 : sizes.channels;
  return {
    queries: givenQueries(tensor, { layers: sizes.layers, heads: sizes.heads, channels }),
    text: `${tensor.shape[1]! * tensor.shape[2]!} of each layer, from ${queries}`,
  };
}
