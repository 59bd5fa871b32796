import assert from "node:assert/strict";
import { compile } from "../../../kernels/compile.ts";
import { memoize } from "../../../kernels/memoize/memo.ts";
import { makeBank } from "../../../runtime/xdp/bank.ts";
import { XDP_PROFILE } from "../../../runtime/xdp/profile.ts";
import { readFrame, writeFrame } from "../../../scripts/xdp/frames.ts";
import { testRunner } from "../../../scripts/xdp/test_run.ts";
import { HEADER_BYTES, OFFSET } from "../../../serialize/header.ts";
import { packetCrcPlain } from "../../../serialize/packets.ts";
import { tensor } from "../../../serialize/tensor.ts";
import { randomBytes } from "../../support/random.ts";
import { createJudge, reseal } from "./expected.ts";
import { checkAnswer, sampleOf, V4, V6, withKernel } from "./samples.ts";
import { xdpTest } from "./tools.ts";

Deno.test("the CRC's polynomial divides the polynomial by which the XDP program removes words", () => {
  // x^n modulo the polynomial of the CRC-32C, with its bits reflected.
  const powers = [2 ** 31];
  for (let n = 1; n <= 209; n++) {
    const last = powers[n - 1]!;
    powers.push((last >>> 1 ^ (last & 1 ? 0x82f63b78 : 0)) >>> 0);
  }
  const terms = [209, 144, 54, 39, 14, 0];
  assert.equal(terms.reduce((sum, n) => sum ^ powers[n]!, 0), 0);
  // The bits that replace one: what is left of 209.
  assert.deepEqual(terms.slice(1).map((n) => 209 - n), [65, 155, 170, 195, 209]);
});

for (const [name, addresses] of [["IPv4", V4], ["IPv6", V6]] as const) {
  xdpTest(
    `the XDP program answers payloads of every length over ${name} with the right checksums`,
    () =>
      withKernel(addresses, (kernel) => {
        const memo = memoize((x) => x ^ 0x5a, { input: "u8", output: "u8" });
        const input = tensor(new Uint8Array(5000), { dtype: "u8", shape: [5000] });
        const pipeline = { steps: [{ op: "lookup", table: memo.id }] } as const;
        const plan = compile(pipeline, { memo, input, device: XDP_PROFILE });
        const { program, datagrams } = sampleOf(plan, input, { memo });
        kernel.put(plan.id, makeBank(program).bytes);
        const judge = createJudge([program]);
        const run = testRunner(kernel);
        const { request } = plan.packets;
        for (let length = 1; length <= request; length++) {
          const datagram = datagrams[1]!.slice(0, HEADER_BYTES + length);
          datagram.set(randomBytes(length, length), HEADER_BYTES);
          new DataView(datagram.buffer).setUint16(OFFSET.length, length, true);
          reseal(datagram, packetCrcPlain);
          const expected = judge(datagram);
          assert(typeof expected !== "string", `${length} bytes: ${expected}`);
          const frame = writeFrame(addresses, datagram);
          const { verdict, frame: after } = run(frame);
          assert.equal(verdict, "tx", `${length} bytes`);
          const sent = readFrame(frame);
          assert(typeof sent !== "string");
          checkAnswer(after, sent, expected);
        }
        assert.equal(kernel.counts().answered, request);
      }),
  );
}
