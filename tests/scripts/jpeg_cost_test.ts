import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "../../kernels/compile.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import { jpegRow } from "../../scripts/cli/summary.ts";
import { breakEven, type JpegCost, measureJpeg } from "../../scripts/io/jpeg_cost.ts";
import { offloadAll } from "../support/cli.ts";

const PHOTO = fileURLToPath(new URL("../../scripts/photos/rocket.jpg", import.meta.url));
const PNG = fileURLToPath(new URL("../../scripts/photos/coffee.png", import.meta.url));
const PIPELINE = { steps: [{ op: "resize", size: [96, 64] }] } as const;

Deno.test("breakEven() is the decode that serializing leaves, and the link that carries the excess in it", () => {
  assert.deepEqual(breakEven({ file: 100_000, sent: 600_000 }, 4.5, 0.5), {
    breakEvenMs: 4,
    breakEvenGbps: 1,
  });
  assert.deepEqual(breakEven({ file: 600_000, sent: 100_000 }, 4.5, 0.5), {
    breakEvenMs: 4,
    breakEvenGbps: 0,
  });
  assert.deepEqual(breakEven({ file: 100_000, sent: 600_000 }, 0.5, 0.5), {
    breakEvenMs: 0,
    breakEvenGbps: null,
  });
});

Deno.test("measureJpeg() states the bytes of file, samples and packets, and stops with its signal", async () => {
  const bytes = await readFile(PHOTO);
  const input = { dtype: "u8", shape: [427, 640, 3], layout: "HWC" } as const;
  const plan = compile(PIPELINE, { input, device: MODEL_PROFILE });
  const cost = await measureJpeg(bytes, plan, new AbortController().signal);
  assert.deepEqual(cost.bytes, {
    file: bytes.length,
    raw: 427 * 640 * 3,
    sent: plan.body.layout.bytesOut,
  });
  assert(cost.decodeMs.full > 0 && cost.decodeMs.shrunk > 0 && cost.serializeMs > 0);
  assert.deepEqual(
    { breakEvenMs: cost.breakEvenMs, breakEvenGbps: cost.breakEvenGbps },
    breakEven(cost.bytes, cost.decodeMs.shrunk, cost.serializeMs),
  );
  const reason = new Error("stopped");
  await assert.rejects(measureJpeg(bytes, plan, AbortSignal.abort(reason)), reason);
});

Deno.test("jpegRow() names gain and loss", () => {
  const cost = (full: number, gbps: number | null): string => {
    const measured: JpegCost = {
      bytes: { file: 1000, raw: 8000, sent: 2500 },
      decodeMs: { full, shrunk: 4 },
      serializeMs: 0.5,
      breakEvenMs: 3.5,
      breakEvenGbps: gbps,
    };
    return [jpegRow(measured)[1]].flat().join("\n");
  };
  assert.match(cost(9, 0.25), /8\.0 times as many, the packets 2\.5 times/);
  assert.match(
    cost(9, 0.25),
    /spends 5\.5 ms more than .* full decode of 3\.5 ms\n.* links above 0\.25 Gb\/s/,
  );
  assert.match(cost(3, null), /spends 0\.5 ms less than .*\n.* on no link/);
});

Deno.test("offload plan prints the line of a JPEG, and --json its field, for a JPEG only", async () => {
  const folder = await mkdtemp(join(tmpdir(), "onpath-test-"));
  try {
    await writeFile(join(folder, "p.json"), JSON.stringify(PIPELINE));
    const [text, json, png, shape] = await offloadAll(folder, [
      ["plan", "p.json", "--input", PHOTO],
      ["plan", "p.json", "--input", PHOTO, "--json"],
      ["plan", "p.json", "--input", PNG],
      ["plan", "p.json", "--shape", "427,640,3", "--json"],
    ]);
    assert.match(text!.stdout, /^JPEG +112,525 bytes/m);
    const { jpeg, ...plan } = JSON.parse(json!.stdout);
    assert.equal(jpeg.bytes.file, 112_525);
    assert.deepEqual(plan, JSON.parse(shape!.stdout));
    assert.equal(png!.code, 0);
    assert.doesNotMatch(png!.stdout, /JPEG/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
