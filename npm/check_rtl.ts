/**
 * Checks that the RTL device of the installed package gives the same results in Deno, Node, Bun and a
 * browser.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { isDeepStrictEqual } from "node:util";
import { compile } from "../kernels/compile.ts";
import { createModelDevice } from "../runtime/device/model.ts";
import { createRtlDevice } from "../runtime/device/rtl/device.ts";
import { offload } from "../runtime/offload.ts";
import type { ImagePipeline } from "../kernels/image/pipeline.ts";
import { RTL_PROFILE } from "../runtime/device/rtl/profile.ts";
import { type Tensor, tensor } from "../serialize/tensor.ts";
import { findBrowser, runPage } from "./browser.ts";
import { BUN } from "./check_cpu.ts";
import { run } from "./run.ts";

/** One pipeline for each build of the RTL: terms, products, rows. */
const PIPELINES: readonly ImagePipeline[] = [
  {
    steps: [
      { op: "resize", size: [224, 224] },
      { op: "normalize", range: "0-1", dtype: "f32", layout: "CHW" },
    ],
  },
  { steps: [{ op: "resize", size: [224, 224], match: "opencv" }] },
  { steps: [{ op: "resize", size: [224, 224], match: "pillow" }] },
];

/** Files of this check only; {@linkcode checkRuns} has copied the photograph. */
const FILES = ["rtl.mjs", "rtl_files.mjs", "rtl_require.cjs", "rtl.html"];

interface Found {
  readonly hash: string;
  readonly cycles: number;
}

/** Runs a pipeline from the sources: hash of the model's output, and cycles, equal on the RTL device. */
async function expectedOf(pipeline: ImagePipeline, image: Tensor): Promise<Found> {
  await using model = createModelDevice(RTL_PROFILE);
  await using rtl = await createRtlDevice();
  const plan = compile(pipeline, { input: image, device: RTL_PROFILE });
  const outcomes = [];
  for (const device of [model, rtl]) {
    const { output, report } = await offload(plan, image, device);
    const { buffer, byteOffset, byteLength } = output.data;
    const hash = createHash("sha256").update(new Uint8Array(buffer, byteOffset, byteLength)).digest("hex");
    outcomes.push({ hash, cycles: report.counters.cycles! });
  }
  const [expected, found] = outcomes;
  same("Deno", found, expected);
  return expected!;
}

function same(where: string, found: unknown, expected: unknown): void {
  if (isDeepStrictEqual(found, expected)) return;
  throw new Error(
    `Cannot accept the RTL device in ${where}: found ${JSON.stringify(found)}, expected ${
      JSON.stringify(expected)
    }`,
  );
}

/**
 * Runs the RTL device on every platform.
 *
 * @param root Folder of the repository.
 * @param folder Folder of the installed package, with the photograph from {@linkcode checkRuns}.
 * @returns A summary of the platforms. Outside CI, a missing browser is reported as skipped.
 * @throws {Error} If a platform's bytes or cycles differ from the model's.
 */
export async function checkRtl(root: string, folder: string): Promise<string> {
  for (const file of FILES) await copyFile(join(root, "npm/consumer", file), join(folder, file));
  const { shape } = JSON.parse(await readFile(join(folder, "cases.json"), "utf8"));
  await writeFile(join(folder, "rtl.json"), JSON.stringify({ shape, pipelines: PIPELINES }));
  const samples = new Uint8Array(await readFile(join(folder, "samples.raw")));
  const image = tensor(samples, { dtype: "u8", shape, layout: "HWC" });
  const expected: Found[] = [];
  for (const pipeline of PIPELINES) expected.push(await expectedOf(pipeline, image));
  const platforms = ["Deno", "Node"];
  same("Node", JSON.parse(await run("node", ["rtl_files.mjs"], folder)), expected);
  same("Node, required", JSON.parse(await run("node", ["rtl_require.cjs"], folder)), {
    device: "rtl",
    cycles: 0,
  });
  platforms.push("Bun");
  same("Bun", JSON.parse(await run("npx", ["--yes", BUN, "rtl_files.mjs"], folder)), expected);
  const browser = await findBrowser();
  if (browser !== null) {
    platforms.push("Chromium");
    same("Chromium", await runPage(browser, folder, "/rtl.html"), expected);
  } else if (process.env.CI !== undefined) {
    throw new Error("Cannot check the RTL device: CI requires a browser, Debian's chromium");
  }
  const cycles = expected.map(({ cycles }) => cycles.toLocaleString("en")).join(", ");
  return `the RTL device gives the model's bytes in ${cycles} cycles in ${platforms.join(", ")}` +
    (browser === null ? "; skipped: a browser (Debian's chromium is missing)" : "");
}
