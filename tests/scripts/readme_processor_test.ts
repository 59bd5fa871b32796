import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeGraph } from "../kernels/quantize/onnx_graphs.ts";
import { CONFIGS, goldensOf } from "../runtime/processor/goldens.ts";
import { readmeCode, runCode } from "../support/readme.ts";

Deno.test("the README's lines take a CLIP configuration and a JPEG to onnxruntime, with Python's values", async () => {
  const [lines] = await readmeCode("In place of a Python image processor");
  assert(lines!.trim().split("\n").length <= 10, "ten lines");
  const config = "clip-vit-base-patch32";
  const golden = goldensOf("values").find((entry) =>
    entry.config === config && entry.photo === "rocket.jpg"
  )!;
  const folder = await mkdtemp(join(tmpdir(), "onpath-readme-"));
  try {
    // The model returns what it is given, in one row, so that its output shows what reached it.
    const model = encodeGraph(
      [{ op: "Flatten", inputs: ["pixel_values"], outputs: ["row"], attributes: { axis: 1 } }],
      { pixel_values: { type: "float", shape: [1, 3, 224, 224] } },
      { row: { type: "float", shape: [1, 3 * 224 * 224] } },
    );
    await writeFile(join(folder, "model.onnx"), model);
    await writeFile(join(folder, "preprocessor_config.json"), JSON.stringify(CONFIGS[config]));
    await copyFile(new URL("../../scripts/photos/rocket.jpg", import.meta.url), join(folder, "photo.jpg"));
    const end = `
import { createHash } from "node:crypto";
const values = results.row!.data as Float32Array;
const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
console.log(createHash("sha256").update(bytes).digest("hex"));
await session.release();
`;
    assert.equal((await runCode(folder, lines! + end)).trim(), golden.sha256);
  } finally {
    await rm(folder, { recursive: true });
  }
});
