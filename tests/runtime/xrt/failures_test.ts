import assert from "node:assert/strict";
import { runChild, xrtTest } from "./child.ts";

type Step = { readonly step: string } & Record<string, unknown>;

// The folder for XILINX_XRT is libxrt1's own: without it the check of the environment ends the program.
xrtTest("XrtDevice decodes refusals, survives hanging calls and frees nothing that is in use", async () => {
  const { end, lines, errors } = await runChild("fake");
  assert.equal(end, 0, errors);
  const steps = lines as Step[];
  const of = (name: string): Step =>
    steps.find(({ step }) => step === name) ?? assert.fail(`no step ${name}: ${errors}`);
  const message = (value: unknown) => (value as { message: string }).message;
  const code = (value: unknown) => (value as { code: string }).code;

  assert.deepEqual(of("variadic")["seen"], [
    ["Pointer", 0, "xrtBOAlloc"],
    ["Pointer", 1, "xrtBOAlloc"],
    ["U32", 2, 7],
    ["F64", 3, 2.5],
  ]);
  assert.match(message(of("variadic")["bytes"]), /this XRT exports no xrtRunSetArgV$/);

  const refusals = steps.filter(({ step }) => step === "refusal");
  assert.equal(refusals.length, 20);
  for (const { operation, failure } of refusals) {
    assert.equal(code(failure), "device", String(operation));
    const pattern = new RegExp(
      `^Cannot .+: ${operation} returned (null|-\\d+)\\. Usually .+\\. XRT's own message is on stderr$`,
    );
    assert.match(message(failure), pattern);
  }
  assert.equal(of("after a refused start")["running"], false);

  assert.deepEqual([of("slow")["slices"], of("slow")["running"]], [4, false]);
  assert.equal(code(of("stuck")["waited"]), "timeout");
  assert.match(message(of("stuck")["waited"]), /^Cannot wait longer for kernel vadd: \d+ ms have passed$/);
  assert.match(JSON.stringify(of("stuck")["aborted"]), /TimeoutError/);
  assert.deepEqual([of("stuck")["running"], of("stuck")["freed"]], [true, false]);
  assert.deepEqual([of("unstuck")["running"], of("unstuck")["freed"]], [false, true]);

  assert.equal(code(of("hung")["waited"]), "timeout");
  for (const failure of of("hung")["both"] as unknown[]) assert.equal(code(failure), "timeout");
  assert.equal(of("hung")["waits"], 1, "several callers share one thread");
  // The idle run is closed, and nothing that the hanging thread uses.
  assert.deepEqual(of("hung")["closing"], ["xrtRunClose"]);
  assert.deepEqual(of("hung")["freed"], [false, false]);
  assert.equal(of("abandoned")["calls"], 1);
  assert.deepEqual(of("abandoned")["freed"], [true, true, true, true]);

  for (const { state, failure, running } of steps.filter(({ step }) => step === "failed run")) {
    const name = { 5: "error", 6: "abort", 11: "skcrashed" }[state as 5 | 6 | 11];
    assert.match(message(failure), new RegExp(`^Cannot complete kernel vadd: it ended in state ${name}\\.`));
    assert.equal(running, false);
  }
  assert.equal(code(of("late")["failure"]), "timeout");
  assert.deepEqual(of("late")["trace"], ["xrtDeviceOpen", "xrtDeviceClose"]);
  of("end");
});
