/**
 * `deno task bench:jpeg`: what an image that arrives as JPEG costs, with and without a NIC: bytes, times of one
 * run in turn, and break-even points. Prints the tables of docs/costs.md.
 *
 * @module
 */

import process from "node:process";
import sharp from "sharp";
import { jpegCandidates, type JpegPhoto, jpegPhotos, jpegPlan, shrinkDifference } from "./bench/jpeg.ts";
import { measure } from "./bench/measure.ts";
import { createCpuDevice } from "../runtime/device/cpu/device.ts";
import { breakEven } from "./io/jpeg_cost.ts";
import { markdownTable } from "./io/markdown.ts";

/** Makes the table of bytes, which no machine changes. */
export function bytesTable(photos: readonly JpegPhoto[]): string {
  const kilobytes = (bytes: number) => (bytes / 1000).toFixed(0);
  return table(
    ["JPEG, KB", "raw, KB", "sent, bilinear, KB", "sent, bicubic, KB"],
    photos,
    photos.map(({ jpeg, image }) => {
      const [bilinear, bicubic] = [jpegPlan(image, "exact"), jpegPlan(image, "pillow")].map((plan) =>
        plan.body.layout
      );
      return [
        kilobytes(jpeg.length),
        kilobytes(image.data.length),
        `${kilobytes(bilinear!.bytesOut)} as ${bilinear!.name}`,
        kilobytes(bicubic!.bytesOut),
      ];
    }),
  );
}

/** Measures the table of times. The least of many rounds counts, because other programs only add to it. */
async function timesTable(photos: readonly JpegPhoto[]): Promise<string> {
  const rows: string[][] = [];
  await using cpu = createCpuDevice();
  for (const photo of photos) {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${photo.name} ${sizeOf(photo)}`);
    const plan = jpegPlan(photo.image, "exact");
    const timings = await measure(await jpegCandidates(photo, plan, cpu));
    const times = timings.map(({ rounds }) => Math.min(...rounds) / 1000);
    const [decode, shrunk, , , serialize] = times as [number, number, number, number, number];
    const size = { file: photo.jpeg.length, sent: plan.body.layout.bytesOut };
    const { breakEvenMs, breakEvenGbps } = breakEven(size, shrunk, serialize);
    const off = await shrinkDifference(photo);
    rows.push([
      ...times.map((value) => value.toFixed(2)),
      (shrunk - decode - serialize).toFixed(1).replace("-0.0", "0.0"),
      breakEvenMs.toFixed(1),
      breakEvenGbps === null ? "none" : breakEvenGbps.toFixed(2),
      `${off.mean.toFixed(1)}, ${off.max}`,
    ]);
  }
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  const head = [
    "decode, ms",
    "JPEG to tensor, ms",
    "raw to tensor, sharp, ms",
    "raw to tensor, onpath, ms",
    "serialize, ms",
    "NIC saves, ms",
    "decode at most, ms",
    "link above, Gb/s",
    "levels off: mean, most",
  ];
  return table(head, photos, rows);
}

function table(head: readonly string[], photos: readonly JpegPhoto[], rows: readonly string[][]): string {
  const whole = ["photograph", "size", ...head];
  return markdownTable(
    whole,
    whole.map((_, at) => at < 2 ? "left" : "right"),
    photos.map((photo, at) => [photo.name, sizeOf(photo), ...rows[at]!]),
  );
}

function sizeOf({ image: { shape } }: JpegPhoto): string {
  return `${shape[1]}x${shape[0]}`;
}

if (import.meta.main) {
  // One thread, and no result of an earlier round.
  sharp.concurrency(1);
  sharp.cache(false);
  const photos = await jpegPhotos();
  console.log(bytesTable(photos));
  console.log(`\n${await timesTable(photos)}`);
}
