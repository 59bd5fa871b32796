import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Row } from "../../scripts/experiment/tables.ts";
import { longTest } from "../support/long.ts";

const PROGRAM = fileURLToPath(new URL("../../scripts/experiment/relief.ts", import.meta.url));

function start(...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", PROGRAM, ...args],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Processes that a process has started. */
function childrenOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
}

/** Waits for a condition, at most 30 s. */
async function until(isTrue: () => boolean): Promise<void> {
  for (let n = 0; n < 3000 && !isTrue(); n++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert(isTrue());
}

longTest("experiment:relief measures a KV block in three processes, with and without a NIC", async () => {
  const { code, stdout, stderr } = await start(
    ...["--only", "KV block, FP8", "--requests", "2", "--rounds", "1", "--json"],
  ).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const [row, ...others] = JSON.parse(new TextDecoder().decode(stdout)) as Row[];
  assert.deepEqual([row!.scenario, row!.baseline, others.length], [
    "KV block, FP8",
    "bf16, WebAssembly",
    0,
  ]);
  const { nic, plain } = row!.cost;
  for (const ms of [nic.sender, nic.nic, nic.receiver, plain.sender, plain.receiver]) assert(ms > 0);
  assert.equal(plain.nic, 0);
  // Values, each sent and received; the answers have half of the bytes.
  const block = 8 * 256 * 128 * 2;
  assert(plain.bytes > 2 * block && nic.bytes > 1.5 * block && nic.bytes < plain.bytes, `${nic.bytes}`);
  for (const { p50, p99 } of Object.values(row!.contended)) assert(p50 > 0 && p50 <= p99);
});

longTest("experiment:relief leaves no process when it is interrupted", async () => {
  const child = start("--only", "KV block, FP8", "--json");
  const ended = child.output();
  await until(() => childrenOf(child.pid).length >= 3);
  const started = childrenOf(child.pid);
  child.kill("SIGTERM");
  const { code, stdout } = await ended;
  assert.deepEqual([code, stdout.length], [130, 0]);
  await until(() => started.every((pid) => !existsSync(`/proc/${pid}`)));
});
