/**
 * KV cache of the tour: a small synthetic one, to 2 bits and back.
 *
 * @module
 */

import type { Device } from "../../../runtime/device/device.ts";
import { createModelDevice } from "../../../runtime/device/model.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { namedMethod } from "../../quantize/methods.ts";
import { syntheticQueries } from "../../quantize/queries.ts";
import { quantizeCache, type QuantizeRun } from "../../quantize/run.ts";
import { syntheticTensors } from "../../quantize/synthetic_cache.ts";
import { bytesAfter, shareText, snrText } from "../../report/cache_page.ts";
import type { Row } from "../summary.ts";
import { count } from "../text.ts";

/** Axes of the cache. */
const SIZES = { layers: 1, blocks: 1, heads: 2, tokens: 256, channels: 128 };

/** Result of the tour's cache. Plain data. */
export interface TourCache {
  /** Name of the device. */
  readonly device: string;
  /** Bytes of K and V before. */
  readonly before: number;
  /** Bytes of codes and metadata. */
  readonly after: number;
  /** Signal-to-noise ratio of K in decibels. */
  readonly snr: number;
  /** Share of queries whose largest logit stays the largest. */
  readonly topKept: number;
}

/**
 * Quantizes the cache on a device, or on the model if the device lacks the kernel.
 *
 * @param device An open device; undefined for the model.
 * @param signal Aborts the run with its reason.
 */
export async function tourCache(device: Device | undefined, signal: AbortSignal): Promise<TourCache> {
  if (device === undefined) {
    await using model = createModelDevice();
    return resultOf(model, await runOn(model, signal));
  }
  try {
    return resultOf(device, await runOn(device, signal));
  } catch (error) {
    if (!(error instanceof OnpathError && error.code === "device")) throw error;
    return await tourCache(undefined, signal);
  }
}

/** Row of the tour's report. */
export function cacheRow({ device, before, after, snr, topKept }: TourCache): Row {
  const { heads, tokens, channels } = SIZES;
  return [
    "KV cache",
    `${heads} heads x ${tokens} tokens x ${channels} channels, synthetic, to 2 bits (KIVI) on the ${device}: ` +
    `${count(before)} to ${count(after)} bytes, K at ${snrText(snr)}, the largest q·k stays the largest for ${
      shareText(topKept)
    } of the queries`,
  ];
}

function runOn(device: Device, signal: AbortSignal): Promise<QuantizeRun> {
  const shape = {
    dtype: "bf16",
    layout: "LBHNC",
    content: "separate",
    sizes: SIZES,
    names: ["k", "v"],
  } as const;
  return quantizeCache(
    syntheticTensors(shape, 1).cache,
    [namedMethod("kivi2", "tokens"), namedMethod("kivi2", "channels")],
    { device, signal, queries: syntheticQueries(16, 1), limit: 1, onProgress: () => {} },
  );
}

function resultOf({ profile }: Device, { reports }: QuantizeRun): TourCache {
  const { values, logits } = reports[0]!.total;
  return {
    device: profile.name,
    before: reports.reduce((sum, { total }) => sum + total.bytes.before, 0),
    after: reports.reduce((sum, { total }) => sum + bytesAfter(total), 0),
    snr: values.snr,
    topKept: logits!.topKept,
  };
}
