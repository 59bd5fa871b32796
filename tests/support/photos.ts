/**
 * The photographs, as the samples that stand in the PNG: no colour profile, no alpha.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { type Tensor, tensor } from "../../serialize/tensor.ts";
import { readManifest } from "./golden.ts";

const PHOTOS = new URL("../../scripts/photos/", import.meta.url);
const known = new Map<string, Promise<Tensor>>();

/** Reads a photograph once and checks its samples against the manifest. */
export function readPhoto(name: string): Promise<Tensor> {
  let photo = known.get(name);
  if (photo === undefined) known.set(name, photo = decode(name));
  return photo;
}

async function decode(name: string): Promise<Tensor> {
  const path = fileURLToPath(new URL(name, PHOTOS));
  const image = sharp(path, { ignoreIcc: true }).removeAlpha();
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const { header } = await readManifest();
  const expected = header.photos[name]!;
  assert.deepEqual([info.height, info.width, info.channels], expected.shape);
  assert.equal(createHash("sha256").update(data).digest("hex"), expected.sha256, `samples of ${name}`);
  return tensor(new Uint8Array(data), { dtype: "u8", shape: expected.shape, layout: "HWC" });
}

/** A photograph with 1, 3 or 4 channels, perhaps cropped, as tests/golden/make.py makes it. */
export async function photoInput(
  name: string,
  channels: number,
  crop: readonly number[] | null,
): Promise<Tensor> {
  const photo = await readPhoto(name);
  const [height, width] = photo.shape as [number, number];
  const [top, left, rows, columns] = crop ?? [0, 0, height, width];
  const samples = new Uint8Array(rows! * columns! * channels);
  const sample = (y: number, x: number, c: number) => photo.data[(y * width + x) * 3 + c]!;
  let at = 0;
  for (let y = top!; y < top! + rows!; y++) {
    for (let x = left!; x < left! + columns!; x++) {
      for (let c = 0; c < channels; c++) {
        samples[at++] = channels === 1
          ? sample(y, x, 1)
          : c < 3
          ? sample(y, x, c)
          : sample(height - 1 - y, x, 0);
      }
    }
  }
  return tensor(samples, { dtype: "u8", shape: [rows!, columns!, channels], layout: "HWC" });
}
