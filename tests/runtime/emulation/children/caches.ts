/**
 * KV caches through libxrt: values and codes from host to card to chip, by each of the three kernels.
 */

import assert from "node:assert/strict";
import { compile } from "../../../../kernels/compile.ts";
import { createRtlDevice } from "../../../../runtime/device/rtl/device.ts";
import { Session } from "../../../../runtime/session.ts";
import { refusal } from "../../../support/failure.ts";
import { countAll } from "../../sample_counts.ts";
import { CACHE_SAMPLES } from "../../workload_samples.ts";
import { workloadSuite } from "../../workload_suite.ts";
import { openDevice, testEnd } from "./cards.ts";

// XRT is loaded into a process once and for all; the tests' own leaks are told from that.
await (await openDevice()).device.close();

workloadSuite(
  "xrt",
  async () => (await openDevice()).device,
  CACHE_SAMPLES.filter(({ name }) => name === "quantize (bf16, kivi 2 tokens f16)"),
);

Deno.test("KV caches on an emulated card: every method there and back, and the counts of the RTL", async () => {
  const { device } = await openDevice();
  await using rtl = await createRtlDevice();
  try {
    assert.deepEqual(await countAll(device, CACHE_SAMPLES), await countAll(rtl, CACHE_SAMPLES));
  } finally {
    await device.close();
  }
});

Deno.test("KV caches on an emulated card: stored f32 is refused by name, and the next plan runs", async () => {
  const { device } = await openDevice();
  try {
    const planFor = (stored: "f16" | "f32") =>
      compile(
        { steps: [{ op: "quantize", method: { kind: "kivi", bits: 4, axis: "channels", stored } }] },
        { input: { dtype: "bf16", shape: [1, 1, 1, 32, 64] }, device },
      );
    await assert.rejects(Session.open(planFor("f32"), device), refusal("device", /stored f32/));
    await Session.open(planFor("f16"), device);
  } finally {
    await device.close();
  }
});

testEnd();
