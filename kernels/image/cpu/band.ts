/**
 * Band: some rows of levels, and of the output that they become.
 *
 * @module
 */

import type { Channels } from "../../../serialize/sampling.ts";
import type { NormalizeParams } from "../normalize/spec.ts";
import { finisherOf } from "./finish.ts";
import { type Arena, type ImageMemory, SLACK } from "./module.ts";
import type { LoadedRows, Range, Rows } from "./sampler.ts";

/** Shape of an output, and the window of it that is sampled. */
export interface BandTask {
  /** Rows of the output. */
  readonly height: number;
  /** Columns of the output. */
  readonly width: number;
  /** Channels of a pixel. */
  readonly channels: Channels;
  /** Bytes of an element. */
  readonly elementBytes: number;
  /** Normalization; without it, levels are the output. */
  readonly normalize: NormalizeParams | undefined;
  /** Whether the sampler can write planes. */
  readonly isSamplerPlanar: boolean;
  /** Sampled columns. */
  readonly columns: Range;
  /** Fill colour of the others. */
  readonly fill: readonly number[];
}

/** A connected band. It fills one image of the output at a time, row by row. */
export interface Band {
  /** Starts an image of the output. */
  readonly start: (target: Uint8Array, image: number) => void;
  /** Appends rows of the fill colour. */
  readonly fillRows: (count: number) => void;
  /** Appends a sampled row. */
  readonly write: (give: Rows["give"], output: number, loaded: LoadedRows) => void;
  /** Writes what is left to the output. */
  readonly flush: () => void;
}

/** Bytes of output in one band. */
const BAND_BYTES = 65536;

/** Reserves memory for a band. */
export function createBand(arena: Arena, task: BandTask): { connect: (memory: ImageMemory) => Band } {
  const { height, width, channels, elementBytes, normalize, columns } = task;
  const planes = normalize?.planar ? channels : 1;
  const perPixel = channels / planes;
  const isSplit = planes > 1 && !task.isSamplerPlanar;
  const rowBytes = width * perPixel * elementBytes;
  const bandRows = Math.min(height, Math.max(1, Math.floor(BAND_BYTES / (planes * rowBytes))));
  const outPlane = Math.ceil((bandRows * rowBytes + SLACK) / 16) * 16;
  const out = arena.reserve(planes * outPlane);
  const plane = normalize === undefined ? rowBytes : Math.ceil((width * perPixel + SLACK) / 16) * 16;
  const pitch = planes * plane;
  const levels = normalize === undefined ? out : arena.reserve(bandRows * pitch);
  const fillRow = arena.put(
    Uint8Array.from(
      { length: pitch },
      (_, i) => planes > 1 ? task.fill[Math.floor(i / plane)]! : task.fill[i % channels]!,
    ),
  );
  const pixels = arena.reserve(isSplit ? width * channels : 0);
  const fillPixels = arena.put(
    Uint8Array.from({ length: isSplit ? width * channels : 0 }, (_, i) => task.fill[i % channels]!),
  );
  const finisher = normalize && finisherOf(arena, normalize, channels);
  const hasPads = columns.end - columns.start < width;

  return {
    connect: (memory) => {
      const { bytes, functions } = memory;
      const finish = finisher?.connect(memory);
      const split = channels === 3 ? functions.deinterleave3 : functions.deinterleave4;
      let target = new Uint8Array(0), base = 0, rows = 0;

      const flush = () => {
        if (rows === 0) return;
        for (let p = 0; p < planes; p++) {
          const from = out + p * outPlane;
          finish?.(levels + p * plane, pitch, from, rowBytes, rows, width * perPixel, p);
          target.set(bytes.subarray(from, from + rows * rowBytes), base + p * height * rowBytes);
        }
        base += rows * rowBytes;
        rows = 0;
      };
      /** Samples a row between its pads; `count` runs of `step` bytes have `size` bytes a pixel. */
      const sample = (
        give: Rows["give"],
        output: number,
        loaded: LoadedRows,
        to: number,
        fill: number,
        count: number,
        step: number,
        size: number,
      ) => {
        if (hasPads) functions.copy(to, fill, count === 1 ? width * size : count * step);
        give(output, to + columns.start * size, count === 1 ? 0 : step, loaded);
        if (!hasPads) return;
        // A sampler overwrites some bytes behind its last pixel.
        for (let p = 0; p < count; p++) {
          const at = p * step + columns.end * size;
          functions.copy(to + at, fill + at, (width - columns.end) * size);
        }
      };
      return {
        start: (bytesOfOutput, image) => {
          target = bytesOfOutput as Uint8Array<ArrayBuffer>;
          base = image * planes * height * rowBytes;
        },
        fillRows: (count) => {
          for (let i = 0; i < count; i++) {
            functions.copy(levels + rows * pitch, fillRow, pitch);
            if (++rows === bandRows) flush();
          }
        },
        write: (give, output, loaded) => {
          const to = levels + rows * pitch;
          if (isSplit) {
            sample(give, output, loaded, pixels, fillPixels, 1, 0, channels);
            split(to, plane, pixels, width);
          } else {
            sample(give, output, loaded, to, fillRow, planes, plane, perPixel);
          }
          if (++rows === bandRows) flush();
        },
        flush,
      };
    },
  };
}
