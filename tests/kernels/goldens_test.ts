import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import sharp from "sharp";
import type { Match } from "../../kernels/image/geometry/names.ts";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import { compile } from "../../kernels/compile.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { normalizeReference } from "../../kernels/image/normalize/reference.ts";
import { offload } from "../../runtime/offload.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { type Tensor, tensor, toBytes } from "../../serialize/tensor.ts";

interface Entry {
  readonly kind: string;
  readonly file: string;
  readonly photo: string;
  readonly peer: "opencv" | "torchvision" | "numpy" | "exact";
  readonly crop: [number, number, number, number] | null;
  readonly channels: 1 | 3 | 4;
  readonly size: [number, number];
  readonly sha256: string;
}

const GOLDEN = new URL("../golden/", import.meta.url);
const PHOTOS = new URL("../../scripts/photos/", import.meta.url);
const { header, entries } = JSON.parse(await readFile(new URL("manifest.json", GOLDEN), "utf8")) as {
  header: { photos: Record<string, { sha256: string }> };
  entries: Entry[];
};

/** The bytes of a golden array, without the .npy header, after its checksum. */
async function golden(file: string, sha256: string): Promise<Uint8Array> {
  const npy = gunzipSync(await readFile(new URL(file, GOLDEN)));
  assert.equal(createHash("sha256").update(npy).digest("hex"), sha256, file);
  return npy.subarray(10 + npy.readUInt16LE(8));
}

/** The photograph's samples, with the channels that the manifest describes. */
async function photo(name: string, channels: 1 | 3 | 4): Promise<Tensor> {
  const file = await readFile(new URL(name, PHOTOS));
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const rgb = new Uint8Array(data);
  assert.equal(createHash("sha256").update(rgb).digest("hex"), header.photos[name]!.sha256, name);
  const { width, height } = info;
  const samples = new Uint8Array(width * height * channels);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = 3 * (y * width + x);
      if (channels === 1) samples[to++] = rgb[at + 1]!;
      else for (let c = 0; c < 3; c++) samples[to++] = rgb[at + c]!;
      if (channels === 4) samples[to++] = rgb[3 * ((height - 1 - y) * width + x)]!;
    }
  }
  return tensor(samples, { dtype: "u8", shape: [height, width, channels], layout: "HWC" });
}

const resizes = entries.filter(({ kind }) => kind === "resize");

Deno.test("the goldens cover OpenCV, torchvision and exact resizes", () => {
  assert.deepEqual([...new Set(resizes.map(({ peer }) => peer))].sort(), ["exact", "opencv", "torchvision"]);
  assert(resizes.length >= 40);
});

for (const entry of resizes) {
  Deno.test(`resize equals ${entry.file.replace(".npy.gz", "")}`, async () => {
    const image = await photo(entry.photo, entry.channels);
    const crop = entry.crop;
    const pipeline: ImagePipeline = {
      steps: [
        ...(crop === null
          ? []
          : [{ op: "crop" as const, top: crop[0], left: crop[1], height: crop[2], width: crop[3] }]),
        { op: "resize", size: entry.size, match: entry.peer as Match },
      ],
    };
    await using device = createModelDevice();
    const plan = compile(pipeline, { input: image, device });
    const { output } = await offload(plan, image, device);
    const reference = referencePipeline(pipeline, image);
    assert.deepEqual(output.data, reference.data, "model and reference differ");
    const expected = await golden(entry.file, entry.sha256);
    const found = toBytes(output);
    assert.equal(found.length, expected.length);
    let worst = 0;
    for (let i = 0; i < found.length; i++) worst = Math.max(worst, Math.abs(found[i]! - expected[i]!));
    assert(
      worst <= plan.body.bounds[0]!.levels,
      `${worst} levels off, the plan states ${plan.body.bounds[0]!.levels}`,
    );
    if (entry.peer !== "torchvision") assert.equal(plan.body.bounds[0]!.levels, 0);
  });
}

interface NormalizedEntry extends Entry {
  readonly resized: string;
  readonly mean: number[];
  readonly std: number[];
  readonly dtype: "float32" | "float16" | "bfloat16";
  readonly shape: [number, number, number];
}

for (const entry of entries.filter(({ kind }) => kind === "resize-normalize") as NormalizedEntry[]) {
  Deno.test(`normalizeReference() equals ${entry.file.replace(".npy.gz", "")} bit for bit`, async () => {
    const resized = resizes.find(({ file }) => file === entry.resized)!;
    const [channels, height, width] = entry.shape;
    const image = tensor(new Uint8Array(await golden(resized.file, resized.sha256)), {
      dtype: "u8",
      shape: [height, width, channels],
      layout: "HWC",
    });
    const dtype = ({ float32: "f32", float16: "f16", bfloat16: "bf16" } as const)[entry.dtype];
    const { mean, std } = entry;
    const expected = await golden(entry.file, entry.sha256);
    const reference = normalizeReference(image, { mean, std, range: "0-1", dtype, planar: true });
    assert.deepEqual(Buffer.from(toBytes(reference)), Buffer.from(expected));
    await using device = createModelDevice();
    const pipeline = { steps: [{ op: "normalize", mean, std, range: "0-1", dtype, layout: "CHW" }] } as const;
    const { output } = await offload(compile(pipeline, { input: image, device }), image, device);
    assert.deepEqual(Buffer.from(toBytes(output)), Buffer.from(expected));
  });
}
