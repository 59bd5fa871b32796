import assert from "node:assert/strict";
import { runChild, xrtTest } from "./child.ts";

xrtTest("1,000 runs on emulated cards with faults by chance: no wrong byte, no leak, no hang", async () => {
  const faults = "random:slow+stall+wrong+loss+death+hang+refusal:0.03:7";
  const env = { XCL_EMULATION_MODE: undefined, XILINX_XRT: undefined };
  const { end, killed, lines, errors } = await runChild("soak", {
    args: ["1000", faults],
    env,
    root: false,
    killAfter: 540_000,
  });
  assert(!killed, `it hangs:\n${errors}`);
  const report = lines[0] as Record<string, number> & { errors: Record<string, number> };
  assert(report !== undefined, errors);
  assert.deepEqual([report["succeeded"], report["failed"], report["wrong"]], [1000, 0, 0]);
  const failures = Object.values(report.errors).reduce((sum, times) => sum + times, 0);
  // Every failure, and nothing else, costs a card; and some there were.
  assert(failures >= 3 && report["devices"]! <= failures + 1, JSON.stringify(report));
  assert(Math.abs(report["descriptors"]!) <= 8, JSON.stringify(report));
  assert(report["growth"]! < 64 * 2 ** 20, JSON.stringify(report));
  assert.deepEqual(lines[1], { step: "end" });
  assert.equal(end, 0, errors);
}, { isLong: true });
