/**
 * Costs of an image that arrives as JPEG: bytes, and times of its decode by sharp on this machine. The decode
 * precedes the NIC, so a pipeline on the NIC pays for it in full.
 *
 * @module
 */

import type { SharpConstructor } from "sharp";
import { countElements } from "../../serialize/tensor.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";

/** Runs of each decode; the median is taken. */
const RUNS = 3;

/** Costs of a JPEG with one plan. Plain data. */
export interface JpegCost {
  /** Bytes of the JPEG, of its samples, and of the packets that the plan sends, headers included. */
  readonly bytes: { readonly file: number; readonly raw: number; readonly sent: number };
  /** Milliseconds to decode all samples, and to decode and resize in one call with shrink-on-load. */
  readonly decodeMs: { readonly full: number; readonly shrunk: number };
  /** Milliseconds to serialize the packets, from the planner's rates. */
  readonly serializeMs: number;
  /** Milliseconds that a full decode may take, for the NIC to save host time against shrink-on-load. */
  readonly breakEvenMs: number;
  /**
   * Link rate in Gb/s above which the packets of a raw image arrive sooner than its JPEG arrives and is decoded.
   * Null if serializing takes longer than decoding.
   */
  readonly breakEvenGbps: number | null;
}

/** What sharp does with a JPEG. */
export interface JpegDecoders {
  /** Decodes all samples. */
  readonly full: () => Promise<Uint8Array>;
  /** Decodes and resizes in one call. The decoder drops the detail that the smaller size does not need. */
  readonly shrunk: () => Promise<Uint8Array>;
}

/**
 * Creates the two decoders of a JPEG.
 *
 * @param sharp The package sharp.
 * @param bytes The whole JPEG.
 * @param size Height and width of the resize.
 */
export function jpegDecoders(
  sharp: SharpConstructor,
  bytes: Uint8Array,
  [height, width]: readonly [height: number, width: number],
): JpegDecoders {
  const open = () => sharp(bytes, { ignoreIcc: true });
  return {
    full: () => open().raw().toBuffer(),
    shrunk: () => open().resize(width, height, { fit: "fill", kernel: "cubic" }).raw().toBuffer(),
  };
}

/**
 * Computes the break-even points from measured times.
 *
 * @param bytes Bytes of the JPEG and of the packets.
 * @param shrunkMs Milliseconds of the decode with shrink-on-load.
 * @param serializeMs Milliseconds to serialize the packets.
 */
export function breakEven(
  bytes: { readonly file: number; readonly sent: number },
  shrunkMs: number,
  serializeMs: number,
): Pick<JpegCost, "breakEvenMs" | "breakEvenGbps"> {
  const saved = Math.max(0, shrunkMs - serializeMs);
  const excess = Math.max(0, bytes.sent - bytes.file);
  // One bit a millisecond is 1e-6 Gb/s.
  return { breakEvenMs: saved, breakEvenGbps: saved === 0 ? null : 8 * excess / saved / 1e6 };
}

/**
 * Measures what a JPEG costs with a plan.
 *
 * @param bytes The whole JPEG, already decoded once without an error.
 * @param plan Plan for its samples.
 * @param signal Aborts with its reason between two decodes.
 */
export async function measureJpeg(
  bytes: Uint8Array,
  plan: ImagePlan,
  signal: AbortSignal,
): Promise<JpegCost> {
  const { default: sharp } = await import("sharp");
  const { input, output, layouts } = plan.body;
  const axis = (name: string) => output.shape[output.layout.indexOf(name)]!;
  const decoders = jpegDecoders(sharp, bytes, [axis("H"), axis("W")]);
  const times: { full: number[]; shrunk: number[] } = { full: [], shrunk: [] };
  // The first round is a warm-up.
  for (let run = 0; run <= RUNS; run++) {
    for (const name of ["full", "shrunk"] as const) {
      signal.throwIfAborted();
      const begun = performance.now();
      await decoders[name]();
      if (run > 0) times[name].push(performance.now() - begun);
    }
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[RUNS >> 1]!;
  const chosen = layouts.find(({ verdict }) => verdict === "chosen")!;
  const size = { file: bytes.length, raw: countElements(input.shape), sent: chosen.bytes };
  const decodeMs = { full: median(times.full), shrunk: median(times.shrunk) };
  const serializeMs = chosen.hostUs / 1000;
  return { bytes: size, decodeMs, serializeMs, ...breakEven(size, decodeMs.shrunk, serializeMs) };
}
