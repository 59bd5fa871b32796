import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { xrtTest } from "../xrt/child.ts";

const PROGRAM = fileURLToPath(new URL("../../../scripts/offload.ts", import.meta.url));
/** A process that its host leaves behind ends within this. */
const END_MS = 10_000;

/** Starts the command line with a folder of its own for what is temporary. */
function start(folder: string, ...args: string[]): ChildProcess {
  return spawn(Deno.execPath(), ["run", "-A", "--no-check", PROGRAM, ...args], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...Deno.env.toObject(), TMPDIR: folder, NO_COLOR: "1" },
  });
}

/** Waits until something holds. */
async function until(what: string, holds: () => boolean, ms: number): Promise<void> {
  const deadline = performance.now() + ms;
  while (!holds()) {
    assert(performance.now() < deadline, `it took too long: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Processes whose command line has a text. */
function processesWith(text: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(text);
    } catch (error) {
      // It has ended meanwhile.
      if (["ENOENT", "ESRCH"].includes((error as { code?: string }).code ?? "")) return false;
      throw error;
    }
  });
}

xrtTest("a host that is killed leaves no device process behind, and no folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "orphan-"));
  const emulations = () => readdirSync(folder).filter((name) => name.startsWith("onpath-xrt-"));
  const host = start(folder, "xrt", "soak", "--emulate", "--runs", "100000");
  try {
    await until(
      "the device process to start",
      () => processesWith(`${folder}/onpath-xrt-`).length > 0,
      60_000,
    );
    assert.equal(emulations().length, 1);
    host.kill("SIGKILL");
    await until(
      "the device process to end",
      () => processesWith(`${folder}/onpath-xrt-`).length === 0,
      END_MS,
    );
    await until("the folder to go", () => emulations().length === 0, END_MS);
  } finally {
    host.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  }
});

xrtTest("the next emulation removes what dead processes have left, and nothing of the living", async () => {
  const folder = await mkdtemp(join(tmpdir(), "orphan-"));
  const made = async (name: string, owner: string | null) => {
    await Deno.mkdir(join(folder, name));
    if (owner !== null) await Deno.writeTextFile(join(folder, name, "owner"), owner);
    return join(folder, name);
  };
  try {
    // A number that no process has: above what Linux gives.
    const dead = await made("onpath-xrt-dead", "4999999");
    const living = await made("onpath-xrt-alive", String(Deno.pid));
    const unknown = await made("onpath-xrt-unknown", null);
    const other = await made("another", "4999999");
    const host = start(folder, "xrt", "list", "--emulate");
    const code = await new Promise((resolve) => host.once("exit", resolve));
    assert.equal(code, 0);
    assert.deepEqual([dead, living, unknown, other].map(existsSync), [false, true, true, true]);
    assert.deepEqual(readdirSync(folder).sort(), ["another", "onpath-xrt-alive", "onpath-xrt-unknown"]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
