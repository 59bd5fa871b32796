import assert from "node:assert/strict";
import { runChild, xrtTest } from "./child.ts";

type Step = { readonly step: string } & Record<string, unknown>;

for (const runtime of ["deno", "node"] as const) {
  xrtTest(`XrtDevice gets every byte back from an emulated card, in ${runtime}`, async () => {
    const env = { XCL_EMULATION_MODE: undefined, XILINX_XRT: undefined };
    const { end, killed, lines, errors } = await runChild("emulated", {
      runtime,
      beside: ["vadd_card"],
      env,
      root: false,
      killAfter: 120_000,
    });
    assert(!killed, `it hangs after ${JSON.stringify(lines.at(-1))}:\n${errors}`);
    const steps = new Map((lines as Step[]).map((line) => [line.step, line]));
    const of = (name: string): Step =>
      steps.get(name) ?? assert.fail(`step ${name} did not come:\n${errors}`);
    const message = (value: unknown) => (value as { message: string }).message;

    for (const step of ["plain", "engine", "part", "part of an engine", "host-only", "p2p", "cacheable"]) {
      assert.equal(of(step)["right"], true, step);
    }
    assert.equal(of("engine")["seen"], true);
    assert.deepEqual([of("part")["address"], of("part")["shared"]], [4096, true]);
    // 64 bytes from byte 128 on: words 32 to 47.
    assert.deepEqual(of("range")["words"], [0, 5, 5, 0]);
    assert.deepEqual([of("registers")["kernel"], of("registers")["ip"]], [9, 0xc0a80005]);
    assert.match(
      message(of("registers")["beyond"]),
      /^Cannot use a register at 8192: expected a multiple of 4 from 0/,
    );
    assert.match(message(of("registers")["odd"]), /^Cannot use a register at 2/);
    assert.match(
      message(of("registers")["shared"]),
      /^Cannot open kernel vadd:\{vadd_1\}: .* another process has it exclusively/,
    );
    assert.deepEqual([of("ring")["count"], of("ring")["wrong"], of("ring")["slots"]], [40, 0, 3]);
    // A run of 300 ms: a loop that was kept waiting would have seen one tick or two of 10 ms.
    assert((of("slow")["ticks"] as number) >= 3);
    assert.match(message(of("stuck")["waited"]), /^Cannot wait longer for kernel vadd/);
    assert.match(JSON.stringify(of("stuck")["aborted"]), /TimeoutError/);
    assert.deepEqual([of("stuck")["running"], of("stuck")["freed"]], [true, false]);
    assert.equal(of("closed")["device"], true);
    assert.equal(of("again")["kernels"], 2);
    of("end");
    assert.equal(end, 0, errors);
  }, { runtime, isLong: runtime !== "deno" });
}
