import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { missingRtlTools } from "../../../scripts/rtl/tools.ts";
import { xrtTest } from "../xrt/child.ts";

/**
 * Runs the tests of a file in a child of its own, in a process group of its own, and kills it when it takes too
 * long: what goes wrong inside XRT waits for ever or ends the process.
 */
async function runTests(name: string, killAfter: number): Promise<{ passed: number; output: string }> {
  const file = fileURLToPath(new URL(`./children/${name}.ts`, import.meta.url));
  const child = spawn(Deno.execPath(), ["test", "-A", "--quiet", "--no-check", file], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
    detached: true,
  });
  let output = "";
  let killed = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => output += text);
  }
  const timer = setTimeout(() => {
    killed = true;
    process.kill(-child.pid!, "SIGKILL");
  }, killAfter);
  const code = await new Promise((resolve, reject) =>
    child.on("error", reject).on("close", (code, signal) => resolve(signal ?? code))
  );
  clearTimeout(timer);
  assert(!killed, `it was killed after ${killAfter} ms:\n${output}`);
  assert.equal(code, 0, output);
  return { passed: Number(/^ok \| (\d+) passed \| 0 failed/m.exec(output)?.[1]), output };
}

xrtTest("the device suite passes on an emulated card, through libxrt and the RTL", async () => {
  const { passed, output } = await runTests("suite", 540_000);
  // The photograph, every match, every refusal: the same tests that model and rtl pass, and one of its own.
  assert(passed > 60, output);
}, { isLong: true });

xrtTest("text goes through libxrt: ids as the peer's, counts as the RTL's", async () => {
  const { passed, output } = await runTests("text", 240_000);
  assert.equal(passed, 4, output);
}, { isLong: true });

xrtTest("lookups go through libxrt: results of every function, counts as the RTL's", async () => {
  const { passed, output } = await runTests("lookups", 300_000);
  assert.equal(passed, 24, output);
}, { isLong: true });

xrtTest("two instances of a kernel go through libxrt at the same time", async () => {
  const { passed, output } = await runTests("instances", 120_000);
  assert.equal(passed, 1, output);
}, { isLong: true });

xrtTest("KV caches go through libxrt: every method there and back, counts as the RTL's", async () => {
  const { passed, output } = await runTests("caches", 300_000);
  assert.equal(passed, 24, output);
}, { isLong: true });

xrtTest("faults of an emulated card end in one error each, and the next card works", async () => {
  const { passed, output } = await runTests("faults", 240_000);
  assert.equal(passed, 15, output);
}, { isLong: true });

xrtTest("pages go from host to card to chip by the schedule, and nothing stays", async () => {
  const { passed, output } = await runTests("swaps", 240_000);
  assert.equal(passed, 7, output);
}, { isLong: true });

xrtTest("cards that are lost or closed, and opened again, leave no thread and no file", async () => {
  const { passed, output } = await runTests("threads", 240_000);
  assert.equal(passed, 4, output);
}, { isLong: true });

xrtTest("XRT starts device processes itself, one a card", async () => {
  const { passed, output } = await runTests("spawned", 120_000);
  assert.equal(passed, 1, output);
}, { isLong: true });

xrtTest("an exchange asks XRT for two moves and a start", async () => {
  const { passed, output } = await runTests("noop", 60_000);
  assert.equal(passed, 2, output);
});

const lacking = process.env.CI === undefined ? await missingRtlTools() : null;
if (lacking === null) {
  xrtTest("a card's request is a waveform, from memory to memory", async () => {
    const { passed, output } = await runTests("wave", 540_000);
    assert.equal(passed, 4, output);
  }, { isLong: true });
} else {
  Deno.test({ name: `a card's request is a waveform (skipped: ${lacking})`, ignore: true, fn: () => {} });
}
