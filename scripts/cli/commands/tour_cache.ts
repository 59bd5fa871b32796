/**
 * KV cache of the tour: a small synthetic one, to 2 bits and back.
 *
 * @module
 */

import type { Device } from "../../../runtime/device/device.ts";
import { namedMethod } from "../../quantize/methods.ts";
import { syntheticQueries } from "../../quantize/queries.ts";
import { quantizeCache } from "../../quantize/run.ts";
import { syntheticTensors } from "../../quantize/synthetic_cache.ts";
import { bytesAfter, shareText, snrText } from "../../report/cache_page.ts";
import { count } from "../text.ts";
import type { FamilyExample } from "./tour_example.ts";

/** Axes of the cache. */
const SIZES = { layers: 1, blocks: 1, heads: 2, tokens: 256, channels: 128 };

/**
 * Quantizes the cache on a device, and compares what comes back.
 *
 * @param device An open device.
 * @param signal Aborts the run with its reason.
 */
export async function quantizeKeyValues(device: Device, signal: AbortSignal): Promise<FamilyExample> {
  const shape = {
    dtype: "bf16",
    layout: "LBHNC",
    content: "separate",
    sizes: SIZES,
    names: ["k", "v"],
  } as const;
  const { reports } = await quantizeCache(
    syntheticTensors(shape, 1).cache,
    [namedMethod("kivi2", "tokens"), namedMethod("kivi2", "channels")],
    { device, signal, queries: syntheticQueries(16, 1), limit: 1, onProgress: () => {} },
  );
  const before = reports.reduce((sum, { total }) => sum + total.bytes.before, 0);
  const after = reports.reduce((sum, { total }) => sum + bytesAfter(total), 0);
  const { values: { snr }, logits } = reports[0]!.total;
  const { topKept } = logits!;
  return {
    family: "KV cache",
    text: `${SIZES.heads} heads x ${SIZES.tokens} tokens x ${SIZES.channels} channels to 2 bits: ` +
      `${count(before)} to ${count(after)} bytes, K at ${snrText(snr)}, top-1 of q·k kept ${
        shareText(topKept)
      }`,
    facts: { before, after, snr, topKept },
  };
}
