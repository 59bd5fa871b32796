import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { compile } from "../../../kernels/compile.ts";
import type { ImageStep } from "../../../kernels/image/pipeline.ts";
import { encodePlan } from "../../../kernels/plan/file.ts";
import { createModelDevice, MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { type Nic, openNic } from "../../../runtime/network/nic.ts";
import { offload } from "../../../runtime/offload.ts";
import { Session } from "../../../runtime/session.ts";
import { tensor } from "../../../serialize/tensor.ts";
import { IS_LONG_SUITE } from "../../support/long.ts";
import { randomBytes } from "../../support/random.ts";
import { vocabulary } from "../../kernels/tokenize/vocabularies.ts";

// The program in examples/python knows docs/packets.md and docs/network.md alone. Here it talks to a soft NIC.

const PYTHON = "/usr/bin/python3";
const SENDER = fileURLToPath(new URL("../../../examples/python/send.py", import.meta.url));

/** Registers a long test that needs a Python interpreter. */
function pythonTest(name: string, fn: () => Promise<void>): void {
  const reason = !IS_LONG_SUITE ? "long, see test:all" : existsSync(PYTHON) ? null : `${PYTHON} is missing`;
  Deno.test({ name: reason === null ? name : `${name} (skipped: ${reason})`, ignore: reason !== null, fn });
}

/** Runs the sender on an input. Returns its result. */
async function send(
  nic: Nic,
  plan: Uint8Array,
  input: Uint8Array,
  ...options: string[]
): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-python-"));
  try {
    const [at, from, to] = ["plan", "input", "output"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await Promise.all([writeFile(at, plan), writeFile(from, input)]);
    const words = [SENDER, `127.0.0.1:${nic.control.port}`, at, from, to, ...options];
    const environment = { PYTHONDONTWRITEBYTECODE: "1" };
    await promisify(execFile)(PYTHON, words, { timeout: 60_000, env: environment });
    return Uint8Array.from(await readFile(to));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const MEAN = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4], range: "0-1" } as const;
const IMAGES: readonly [
  name: string,
  shape: readonly number[],
  steps: readonly ImageStep[],
  ...options: string[],
][] = [
  ["exact", [50, 61, 3], [{ op: "resize", size: [24, 37] }]],
  ["tiles", [50, 61, 4], [{ op: "resize", size: [24, 37] }]],
  ["gray", [40, 60, 1], [{ op: "resize", size: [20, 240] }]],
  ["RGBA, several packets a row", [20, 300, 4], [{ op: "resize", size: [7, 150] }]],
  ["torchvision, f32 in planes", [90, 120, 3], [
    { op: "resize", size: [64, 64], match: "torchvision" },
    { op: "normalize", ...MEAN, dtype: "f32", layout: "CHW" },
  ]],
  [
    "a batch in planes, and lost answers",
    [3, 30, 40, 3],
    [
      { op: "resize", size: [17, 23], match: "exact" },
      { op: "normalize", ...MEAN, dtype: "bf16", layout: "CHW" },
    ],
    "--drop",
    "7",
  ],
  ["OpenCV between windows", [75, 101, 3], [
    { op: "pad", top: 3, bottom: 5, right: 9, fill: [1, 2, 3] },
    { op: "crop", top: 1, left: 4, height: 70, width: 90 },
    { op: "resize", size: [48, 200], match: "opencv" },
    { op: "center_crop", size: [40, 180] },
    { op: "pad", top: 1, left: 2, bottom: 3, right: 4, fill: [1, 2, 3] },
  ]],
];

for (const [n, [name, shape, steps, ...options]] of IMAGES.entries()) {
  pythonTest(`examples/python sends an image: ${name}`, async () => {
    const layout = shape.length === 4 ? "NHWC" : "HWC";
    const input = { dtype: "u8", shape, layout } as const;
    const plan = compile({ steps: [...steps] }, {
      input,
      device: MODEL_PROFILE,
      layout: name === "tiles" ? "tiles" : "cells",
    });
    const bytes = randomBytes(shape.reduce((product, length) => product * length), n);
    await using nic = await openNic();
    await using device = createModelDevice();
    const { output: { data } } = await offload(plan, tensor(bytes, input), device);
    const found = await send(nic, encodePlan(plan), bytes, ...options);
    assert.deepEqual(found, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  });
}

for (const options of [[], ["--drop", "5"]]) {
  pythonTest(`examples/python sends a text and gets its ids ${options.join(" ")}`, async () => {
    const known = await vocabulary("r50k_base");
    const plan = compile({ steps: [{ op: "tokenize" }] }, { vocabulary: known, device: MODEL_PROFILE });
    const page = await readFile(new URL("../../../docs/network.md", import.meta.url), "utf8");
    const text = `${page}😀 der Löwe, 獅子  \n`;
    await using nic = await openNic({ resourcesOf: () => ({ vocabulary: known }) });
    await using device = createModelDevice();
    const session = await Session.open(plan, device, { vocabulary: known });
    const { output: { ids } } = await session.run(text);
    const found = await send(nic, encodePlan(plan), new TextEncoder().encode(text), ...options);
    assert.deepEqual(JSON.parse(new TextDecoder().decode(found)), [...ids]);
  });
}
