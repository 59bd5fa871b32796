/**
 * Preprocesses a folder of images into one batch for a model: f32 in NCHW, written as raw bytes.
 *
 *     deno task example examples/image_folder.ts scripts/photos batch.f32
 *
 * @module
 */

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { compile, createModelDevice, offload, parsePipeline, tensor } from "onpath";
import sharp from "sharp";

const [folder = "scripts/photos", output] = process.argv.slice(2);
const pipeline = parsePipeline(
  JSON.parse(await readFile(new URL("./pipeline.json", import.meta.url), "utf8")),
);
const names = (await readdir(folder)).filter((name) => /\.(jpe?g|png|webp)$/i.test(name)).sort();
const batch = new Float32Array(names.length * 3 * 224 * 224);

// createRtlDevice() returns the same bytes from the NIC's hardware description, simulated cycle by cycle.
await using device = createModelDevice();
for (const [index, name] of names.entries()) {
  const picture = sharp(join(folder, name)).removeAlpha().toColourspace("srgb").raw();
  const { data, info } = await picture.toBuffer({ resolveWithObject: true });
  const shape = [info.height, info.width, info.channels];
  const input = tensor(new Uint8Array(data), { dtype: "u8", shape, layout: "HWC" });
  // A plan is for one shape. For many images of one size, keep the plan and a session.
  const plan = compile(pipeline, { input, device });
  const { output: image } = await offload(plan, input, device);
  batch.set(image.data as Float32Array, index * 3 * 224 * 224);
  const share = Math.round(100 * plan.body.layout.bytesOut / data.length);
  console.log(`${name}: ${info.width} x ${info.height}, ${share}% of its bytes sent`);
}
console.log(`batch: [${names.length}, 3, 224, 224] f32`);
if (output !== undefined) await writeFile(output, new Uint8Array(batch.buffer));
