/**
 * `dequantize`: takes a quantized KV cache back to the tensors that it was made of.
 *
 * @module
 */

import { MAX_INPUT_BYTES, readBounded } from "../../io/read.ts";
import { encodeTensors } from "../../io/safetensors.ts";
import { readSafetensors } from "../../io/safetensors_read.ts";
import { checkFolderOf, writeWhole } from "../../io/write.ts";
import { methodText } from "../../quantize/methods.ts";
import { decodeQuantized } from "../../quantize/quantized_file.ts";
import { dequantizeCache } from "../../quantize/run.ts";
import { type Context, print, printJson } from "../context.ts";
import { cardDevice, deviceText, withDevice } from "../devices.ts";
import type { SharedOptions } from "../options.ts";
import { followProgress } from "../progress.ts";
import { type Row, timed } from "../summary.ts";
import { bytes, count, factTable, milliseconds } from "../text.ts";
import { shapeWords } from "./quantize_text.ts";

/** Options of `dequantize`. */
export interface DequantizeOptions extends Omit<SharedOptions, "layout"> {
  /** `--output`: path of the cache. */
  readonly output: string;
  /** `--timeout`, in milliseconds. */
  readonly timeout?: number | undefined;
}

/**
 * Takes a quantized cache back and writes its tensors.
 *
 * @param input Path of the quantized cache.
 * @param options Options of the command line.
 * @param context Provides the abort signal.
 */
export async function dequantizeFile(
  input: string,
  options: DequantizeOptions,
  { signal }: Context,
): Promise<void> {
  const { output, json, timeout: timeoutMs } = options;
  await checkFolderOf(output);
  const known = await cardDevice(options, signal);
  const read = await readBounded(input, { maxBytes: MAX_INPUT_BYTES, signal });
  const file = decodeQuantized(readSafetensors(read, input));
  const { onProgress, stop } = await followProgress("steps");
  const times: Record<string, number> = {};
  const { tensors, work } = await timed(times, "dequantize", () =>
    withDevice(known, async (device) => {
      try {
        return await dequantizeCache(file, { device, signal, timeoutMs, onProgress });
      } finally {
        stop();
      }
    }));
  await writeWhole(output, encodeTensors(tensors), signal);
  const shapes = [...tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  if (json) {
    const { sizes, layout, content, dtype } = file.shape;
    printJson({
      input,
      output,
      device: known.profile.name,
      cache: { dtype, layout, content, sizes },
      methods: file.parts.map(({ part, method }) => ({ part, method })),
      tensors: shapes,
      work,
      milliseconds: times,
    });
    return;
  }
  const total = [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  print(factTable([
    ["cache", shapeWords(file.shape)],
    ["device", deviceText(known.profile)],
    ...file.parts.map(({ part, method }): Row => [`method of ${part}`, methodText(method)]),
    ["bytes", `${bytes(read.length)} to ${bytes(total)}`],
    ["packets", count(work.packets)],
    ["host time", milliseconds(times["dequantize"]!)],
    [
      "written",
      `${output}: ${count(shapes.length)} tensors, from ${shapes[0]!.name} to ${shapes.at(-1)!.name}`,
    ],
  ]));
}
