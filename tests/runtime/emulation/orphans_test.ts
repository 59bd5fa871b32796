import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { emulatedXclbin } from "../../../runtime/device/emulation/image.ts";
import { bundleForNode, xrtTest } from "../xrt/child.ts";

const SCRIPTS = fileURLToPath(new URL("../../../scripts/", import.meta.url));
/** Longest wait for what comes, in milliseconds: without other work it takes less than a second. */
const END_MS = 60_000;
const RUNTIMES = ["deno", "node"] as const;

/** The command line under a runtime. */
async function command(runtime: typeof RUNTIMES[number]): Promise<string[]> {
  if (runtime === "deno") {
    return [Deno.execPath(), "run", "-A", "--quiet", "--no-check", `${SCRIPTS}offload.ts`];
  }
  const [program] = await bundleForNode([`${SCRIPTS}offload.ts`, `${SCRIPTS}emulate.ts`], "js");
  return ["node", program!];
}

/** Starts the command line with a folder of its own for what is temporary. */
function start(words: readonly string[], folder: string): ChildProcess {
  return spawn(words[0]!, words.slice(1), {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
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

/** Time that a process has used, in the unit of /proc. */
function cpuTicks(pid: string): number {
  // The name in front may hold spaces; it ends with the last bracket.
  const words = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
  return Number(words[11]) + Number(words[12]);
}

/** What ends a host that prints the names of counters, and then nothing for an hour. */
const ENDS: Readonly<Record<string, (host: ChildProcess) => void>> = {
  "is killed": (host) => void host.kill("SIGKILL"),
  "is interrupted with its group": (host) => void process.kill(-host.pid!, "SIGINT"),
  "loses who reads its output": (host) => void host.stdout!.destroy(),
};

for (const runtime of RUNTIMES) {
  for (const [what, end] of Object.entries(ENDS)) {
    xrtTest(`a host in ${runtime} that ${what} leaves no process behind, and no folder`, async () => {
      const folder = await mkdtemp(join(tmpdir(), "orphan-"));
      const emulations = () => readdirSync(folder).filter((name) => name.startsWith("onpath-xrt-"));
      const xclbin = join(folder, "card.xclbin");
      await writeFile(xclbin, emulatedXclbin());
      const watch = ["xrt", "watch", "--emulate", "--interval", "3600000", xclbin, "onpath_image_host"];
      const host = start([...await command(runtime), ...watch], folder);
      let printed = "";
      host.stdout!.setEncoding("utf8").on("data", (text: string) => printed += text);
      let complained = "";
      host.stderr!.setEncoding("utf8").on("data", (text: string) => complained += text);
      try {
        // They come when the card is there, its file is loaded, and the kernel is open.
        await until("the counters' names", () => /cycles/.test(printed), 60_000);
        assert.equal(processesWith(`${folder}/onpath-xrt-`).length, 1);
        assert.equal(emulations().length, 1);
        end(host);
        await until("all processes to end", () => processesWith(folder).length === 0, END_MS);
        await until("the folder to go", () => emulations().length === 0, END_MS);
        assert.match(complained, /^(error: Interrupted by SIGINT: no partial file remains\n)?$/);
      } finally {
        host.kill("SIGKILL");
        await rm(folder, { recursive: true, force: true });
      }
    }, { runtime, isLong: runtime === "node" || what !== "is killed" });
  }
}

xrtTest("a host that is killed while its device is at work leaves nothing either", async () => {
  const folder = await mkdtemp(join(tmpdir(), "orphan-"));
  const emulations = () => readdirSync(folder).filter((name) => name.startsWith("onpath-xrt-"));
  const host = start([...await command("deno"), "xrt", "soak", "--emulate", "--runs", "100000"], folder);
  try {
    const device = () => processesWith(`${folder}/onpath-xrt-`)[0];
    // A hundredth of a second each; it has started, and run packets for a second.
    await until("the device to work", () => device() !== undefined && cpuTicks(device()!) > 150, 60_000);
    host.kill("SIGKILL");
    await until("the device process to end", () => device() === undefined, END_MS);
    await until("the folder to go", () => emulations().length === 0, END_MS);
  } finally {
    host.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  }
}, { isLong: true });

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
    const host = start([...await command("deno"), "xrt", "list", "--emulate"], folder);
    host.stdout!.resume();
    host.stderr!.resume();
    const code = await new Promise((resolve) => host.once("exit", resolve));
    assert.equal(code, 0);
    assert.deepEqual([dead, living, unknown, other].map(existsSync), [false, true, true, true]);
    assert.deepEqual(readdirSync(folder).sort(), ["another", "onpath-xrt-alive", "onpath-xrt-unknown"]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
