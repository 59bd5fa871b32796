import assert from "node:assert/strict";
import { compile } from "../../../kernels/compile.ts";
import { memoize } from "../../../kernels/memoize/memo.ts";
import { createXdpDevice, type XdpOptions } from "../../../runtime/xdp/device.ts";
import { XDP_PROFILE } from "../../../runtime/xdp/profile.ts";
import { Session } from "../../../runtime/session.ts";
import { tensor } from "../../../serialize/tensor.ts";
import { refusal } from "../../support/failure.ts";
import { noise } from "../../support/images.ts";
import { IS_LONG_SUITE, sized } from "../../support/long.ts";
import { deviceSuite } from "../device_suite.ts";
import { pagedSample } from "../network/paged_samples.ts";
import { CACHE_SAMPLES, IMAGE_SAMPLES, LOOKUP_SAMPLES } from "../workload_samples.ts";
import { workloadSuite } from "../workload_suite.ts";
import { type Lab, openLab } from "../../../scripts/xdp/lab.ts";
import { XDP_LACKS, xdpTest } from "./tools.ts";

let lab: Lab;
if (XDP_LACKS === null) {
  Deno.test.beforeAll(() => void (lab = openLab()));
  Deno.test.afterAll(() => lab[Symbol.dispose]());
}
const open = () => createXdpDevice(lab);

if (XDP_LACKS === null) {
  // Each of its 150 tests attaches the program anew.
  if (IS_LONG_SUITE) deviceSuite("xdp", open, { matches: ["exact", "opencv", "torchvision"] });
  workloadSuite("xdp", open, [
    ...IMAGE_SAMPLES.slice(0, sized(2, 1)),
    pagedSample("XDP", "cells", XDP_PROFILE),
    ...sized(LOOKUP_SAMPLES, LOOKUP_SAMPLES.slice(3, 4)),
  ]);
} else {
  xdpTest("xdp device: the suites of devices and workloads", () => {});
}

xdpTest("createXdpDevice() answers over IPv6 and in generic mode, with the model's bytes", async () => {
  const memo = memoize((x) => x * x, { input: "u8", output: "f32" });
  const input = tensor(Uint8Array.from({ length: 5000 }, (_, n) => 7 * n), { dtype: "u8", shape: [5000] });
  for (const address of [lab.ends.v4[1], lab.ends.v6[1]]) {
    for (const mode of ["native", "generic"] as const) {
      await using device = await createXdpDevice({ ...lab, address, mode });
      const plan = compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input, device });
      const session = await Session.open(plan, device, { memo });
      const { output, report } = await session.run(input);
      assert.deepEqual(output.data, Float32Array.from(input.data as Uint8Array, (x) => x * x));
      assert.deepEqual([report.resent, device.counters().dropped], [0, {}]);
    }
  }
});

xdpTest("createXdpDevice() refuses other workloads and plans by name, and keeps its program", async () => {
  await using device = await open();
  const image = noise(1, 20, 30, 3, 1);
  const pillow = { steps: [{ op: "resize", size: [9, 9], match: "pillow" }] } as const;
  assert.throws(() => compile(pillow, { input: image, device }), refusal("device", /xdp|resample/));
  const memo = memoize((a, b) => a + b, { input: [{ bits: 9 }, { bits: 8 }], output: "u16" });
  const pairs = tensor(Uint16Array.of(511, 255), { dtype: "u16", shape: [1, 2] });
  const lookup = compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input: pairs, device });
  await assert.rejects(Session.open(lookup, device, { memo }), refusal("device", /lookup plan/));
  const [cache] = CACHE_SAMPLES;
  const quantize = cache!.compile(XDP_PROFILE);
  await assert.rejects(Session.open(quantize as never, device), refusal("device", /XDP: .* build/));
  assert.equal(device.loaded(), null);
});

xdpTest(
  "createXdpDevice() detaches its programs when it closes, so that another device may attach",
  async () => {
    for (let n = 0; n < 3; n++) {
      const device = await open();
      await assert.rejects(
        open(),
        refusal("device", /Cannot attach the XDP program to interface x2\w+: EBUSY/),
      );
      await device.close();
    }
  },
);

xdpTest(
  "createXdpDevice() refuses a missing interface or namespace, and leaves nothing attached",
  async () => {
    const wrong = [
      [{ interface: "absent0" }, /absent0.*absent/],
      [{ namespace: "onpath-absent" }, /ENOENT/],
      [{ peer: "absent0" }, /absent0.*absent/],
      [{ from: "../x" }, /its name is invalid/],
      [{ address: "192.0.2.1" }, /Cannot connect a UDP socket to port 5470: ENETUNREACH/],
      // Values of other types.
      [{ interface: 10n }, /interface of type bigint: it is absent/],
      [{ address: 10n }, /address of type bigint: it is invalid/],
      [{ namespace: 10n }, /namespace of type bigint: its name/],
      [{ target: null }, /the target is null, expected an object/],
      [{ target: { address: lab.address, port: 1, mac: 10n, from: "" } }, /Ethernet address of type bigint/],
    ] as const;
    for (const [change, pattern] of wrong) {
      const options = { ...lab, ...change } as unknown as XdpOptions;
      await assert.rejects(createXdpDevice(options), refusal("device", pattern));
    }
    await (await open()).close();
  },
);
