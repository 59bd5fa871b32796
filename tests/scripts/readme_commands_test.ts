import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { longTest } from "../support/long.ts";
import { HAS_XRT } from "../runtime/xrt/child.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What a checkout needs to run commands; node_modules is no part of it. A sample of `network` quotes the licence. */
const SOURCES = [
  "LICENSE",
  "deno.json",
  "deno.lock",
  "mod.ts",
  "serialize",
  "kernels",
  "runtime",
  "scripts",
  "examples",
  "npm",
];

const readme = await readFile(join(ROOT, "README.md"), "utf8");

/** Lines of the README's shell blocks. */
const commands = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
  .flatMap(([, block]) => block!.trim().split("\n"));

/** Those of the command line and of the examples, which need nothing but Deno. */
const runnable = commands.filter((line) => /^deno task (?:offload|example)\b/.test(line));

Deno.test("the README's commands name tasks and files that a checkout has", async () => {
  const { tasks } = JSON.parse(await readFile(join(ROOT, "deno.json"), "utf8"));
  assert(runnable.length >= 12, `${runnable.length} commands`);
  for (const line of commands) {
    const task = /^(?:npx --yes deno@[\d.]+|deno) task (\S+)/.exec(line)?.[1];
    if (task !== undefined) assert(Object.hasOwn(tasks, task), line);
    for (const [path] of line.matchAll(/\b(?:examples|scripts)\/[\w./-]+/g)) {
      assert(existsSync(join(ROOT, path)), `${path} in ${line}`);
    }
    // A file that is read is in the tree; names without a folder are written.
    for (const [, path] of line.matchAll(/--input (\S+)| (?:run|plan) (\S+\.json)/g)) {
      assert(path === undefined || existsSync(join(ROOT, path)), line);
    }
  }
  const [, version] = /onpath-(\d+\.\d+\.\d+)\.tgz/.exec(readme)!;
  assert.equal(version, JSON.parse(await readFile(join(ROOT, "deno.json"), "utf8")).version);
});

longTest("the README's commands run as written in a checkout without node_modules", async () => {
  const folder = await mkdtemp(join(tmpdir(), "onpath-readme-"));
  try {
    for (const source of SOURCES) await cp(join(ROOT, source), join(folder, source), { recursive: true });
    await mkdir(join(folder, "bin"));
    await symlink(Deno.execPath(), join(folder, "bin/deno"));
    const PATH = [join(folder, "bin"), Deno.env.get("PATH")].join(delimiter);
    for (const line of runnable) {
      const output = await runLine(line, folder, { ...Deno.env.toObject(), PATH, NO_COLOR: "1" });
      if (!line.includes("--emulate") || HAS_XRT) assert.equal(output.code, 0, `${line}\n${output.text}`);
      else assert.match(output.text, /apt-get install libxrt1/, line);
    }
    for (const file of ["report.html", "rocket.safetensors", "batch.f32", "out.vcd"]) {
      assert(existsSync(join(folder, file)), `${file} is written`);
    }
    assert(!existsSync(join(folder, "node_modules")), "nothing is installed");
  } finally {
    await rm(folder, { recursive: true });
  }
});

function runLine(line: string, cwd: string, env: Record<string, string>) {
  return new Promise<{ code: number | null; text: string }>((resolve, reject) => {
    const child = spawn("sh", ["-c", line], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 120_000,
    });
    let text = "";
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding("utf8").on("data", (more: string) => text += more);
    }
    child.on("error", reject).on("close", (code) => resolve({ code, text }));
  });
}
