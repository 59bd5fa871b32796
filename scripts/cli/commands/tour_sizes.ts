/**
 * The tour's photograph in two sizes: packets of a small image exceed its bytes, those of a large one do not.
 *
 * @module
 */

import { compile } from "../../../kernels/image/plan/compile.ts";
import type { Device } from "../../../runtime/device/device.ts";
import { offload } from "../../../runtime/offload.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import type { ImagePipeline } from "../../../kernels/image/pipeline.ts";
import { type Tensor, tensor } from "../../../serialize/tensor.ts";
import { columnTable, count } from "../text.ts";

/** Width and height of the larger image. */
const LARGE = { width: 1280, height: 720 } as const;

/** Cost of one size of the image. Plain data. */
export interface SizeCase {
  /** Width and height in pixels. */
  readonly size: readonly [width: number, height: number];
  /** Bytes of the image's samples. */
  readonly bytes: number;
  /** Bytes of packets sent to the device. */
  readonly bytesOut: number;
  /** Counted cycles; null if the device counts none. */
  readonly cycles: number | null;
}

/** Costs of both sizes, or the reason why the device cannot run the larger one. */
export interface SizeCases {
  /** Costs; the tour's own run is first. */
  readonly cases: readonly SizeCase[];
  /** Reason for the missing second case. */
  readonly refused?: string;
}

/**
 * Crops an image to 16:9 and enlarges it to 1280 x 720 by repeating pixels. The bytes sent depend only on the
 * sizes, so that no second photograph is needed.
 *
 * @param image Image of u8 in HWC.
 */
export function enlarge(image: Tensor): Tensor {
  const [height, width, channels] = image.shape as [number, number, number];
  const source = image.data as Uint8Array;
  const rows = Math.min(height, Math.floor(width * LARGE.height / LARGE.width));
  const top = Math.floor((height - rows) / 2);
  const data = new Uint8Array(LARGE.height * LARGE.width * channels);
  let to = 0;
  for (let y = 0; y < LARGE.height; y++) {
    const row = (top + Math.floor(y * rows / LARGE.height)) * width;
    for (let x = 0; x < LARGE.width; x++) {
      const from = (row + Math.floor(x * width / LARGE.width)) * channels;
      for (let channel = 0; channel < channels; channel++) data[to++] = source[from + channel]!;
    }
  }
  return tensor(data, { dtype: "u8", shape: [LARGE.height, LARGE.width, channels], layout: "HWC" });
}

/**
 * Runs the enlarged photograph, for comparison with the tour's own run.
 *
 * @param pipeline Pipeline of the tour.
 * @param image Photograph of the tour.
 * @param own Cost of the tour's run.
 * @param device Device of that run.
 * @param signal Aborts the run with its reason.
 */
export async function compareSizes(
  pipeline: ImagePipeline,
  image: Tensor,
  own: Omit<SizeCase, "size" | "bytes">,
  device: Device,
  signal: AbortSignal,
): Promise<SizeCases> {
  const sized = ({ shape, data }: Tensor) => ({ size: [shape[1]!, shape[0]!] as const, bytes: data.length });
  const cases: SizeCase[] = [{ ...sized(image), ...own }];
  const large = enlarge(image);
  try {
    const plan = compile(pipeline, { input: large, device });
    // Counters of a device add up over all its runs.
    const before = device.counters().cycles;
    const { report } = await offload(plan, large, device, { signal });
    const { cycles } = report.counters;
    cases.push({
      ...sized(large),
      bytesOut: plan.body.layout.bytesOut,
      cycles: cycles === null || before === null ? null : cycles - before,
    });
    return { cases };
  } catch (error) {
    // The tables of this size may not fit a small device; the tour's own run has succeeded.
    if (!(error instanceof OnpathError && error.code === "table")) throw error;
    return { cases, refused: error.message };
  }
}

/** Formats both sizes as a table. */
export function sizesTable({ cases, refused }: SizeCases): string {
  const table = columnTable(
    ["image", "bytes", "bytes sent", "sent of it", "cycles"],
    cases.map(({ size, bytes, bytesOut, cycles }) => [
      size.join("x"),
      bytes,
      bytesOut,
      `${(100 * bytesOut / bytes).toFixed(0)}%`,
      cycles === null ? "-" : count(cycles),
    ]),
  );
  const note = refused === undefined
    ? "The second image is the first one, cropped to 16:9 and enlarged. A resize needs at most four samples\n" +
      "for each output pixel: the larger the image, the smaller the part that is sent."
    : `No larger image: ${refused}`;
  return `${table}\n${note}\n`;
}
