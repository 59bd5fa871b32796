/**
 * Lookups through libxrt: the tables of memoized functions from host to card to chip, packets both ways.
 */

import assert from "node:assert/strict";
import { type Memo, memoize } from "../../../../kernels/memoize/memo.ts";
import { compile } from "../../../../kernels/compile.ts";
import { createRtlDevice } from "../../../../runtime/device/rtl/device.ts";
import { Session } from "../../../../runtime/session.ts";
import { type Tensor, tensor } from "../../../../serialize/tensor.ts";
import { refusal } from "../../../support/failure.ts";
import { countAll } from "../../sample_counts.ts";
import { LOOKUP_SAMPLES } from "../../workload_samples.ts";
import { workloadSuite } from "../../workload_suite.ts";
import { openDevice, testEnd } from "./cards.ts";

// XRT is loaded into a process once and for all; the tests' own leaks are told from that.
await (await openDevice()).device.close();

workloadSuite(
  "xrt",
  async () => (await openDevice()).device,
  LOOKUP_SAMPLES.filter(({ name }) => name === "lookup (two u8 to u16)"),
);

Deno.test("lookups on an emulated card: every function's results, and the counts of the RTL", async () => {
  const { device } = await openDevice();
  await using rtl = await createRtlDevice();
  try {
    assert.deepEqual(await countAll(device, LOOKUP_SAMPLES), await countAll(rtl, LOOKUP_SAMPLES));
  } finally {
    await device.close();
  }
});

Deno.test("lookups on an emulated card: a memo that it lacks is refused by name, and the next one runs", async () => {
  const { device } = await openDevice();
  try {
    const planFor = (memo: Memo, input: Tensor) =>
      compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input, device });
    const wide = memoize((a, b) => a + b, { input: [{ bits: 9 }, { bits: 8 }], output: "u16" });
    const pairs = tensor(Uint16Array.of(511, 255, 1, 2), { dtype: "u16", shape: [2, 2] });
    await assert.rejects(Session.open(planFor(wide, pairs), device, { memo: wide }), refusal("device"));
    const memo = memoize((x) => 255 - x, { input: "u8", output: "u8" });
    const levels = tensor(Uint8Array.of(0, 7, 255), { dtype: "u8", shape: [3] });
    const session = await Session.open(planFor(memo, levels), device, { memo });
    assert.deepEqual([...(await session.run(levels)).output.data], [255, 248, 0]);
  } finally {
    await device.close();
  }
});

testEnd();
