import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeFailure, OWN_CODES } from "../../scripts/cli/failures.ts";
import { fileError, isErrno } from "../../scripts/io/read.ts";
import { makeFolder } from "../../scripts/io/write.ts";
import { offloadAll } from "../support/cli.ts";
import { refusal } from "../support/failure.ts";
import { vocabularyFile } from "../kernels/tokenize/vocabularies.ts";
import { bundleForNode } from "../runtime/xrt/child.ts";
import { longTest } from "../support/long.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SCRIPT = fileURLToPath(new URL("../../scripts/offload.ts", import.meta.url));

/** The command line for Node, and its photograph beside it; made once. */
let nodeBundle: Promise<string> | undefined;

async function bundle(): Promise<string> {
  const [path] = await bundleForNode([SCRIPT], "js");
  const photos = join(dirname(path!), "photos");
  await mkdir(photos, { recursive: true });
  await copyFile(join(dirname(SCRIPT), "photos/coffee.png"), join(photos, "coffee.png"));
  return path!;
}

/** Perl: makes stdin answer EAGAIN while it is empty, then becomes the command. */
const NONBLOCKING = "fcntl(STDIN, F_SETFL, O_NONBLOCK) or die $!; exec @ARGV";

/** Longest run of a child, which is killed then. */
const KILL_MS = 60_000;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a child runs. */
interface ChildOptions {
  readonly cwd?: string;
  /** A file that takes its stdout. */
  readonly stdout?: string;
  /** A file descriptor that is its stdin. */
  readonly stdin?: number;
}

/** Runs the command line to its end in one of the two runtimes. */
async function offloadIn(runtime: "deno" | "node", args: readonly string[], options: ChildOptions = {}) {
  const { cwd, stdout: file, stdin } = options;
  const words = runtime === "deno"
    ? [Deno.execPath(), "run", "-A", "--quiet", "--no-check", SCRIPT]
    : ["node", await (nodeBundle ??= bundle())];
  // Runtimes start children with a blocking stdin; a terminal may be another one, by what else reads it.
  if (stdin !== undefined) words.unshift("perl", "-MFcntl", "-e", NONBLOCKING, "--");
  const out = file === undefined ? undefined : openSync(file, "w");
  const child = spawn(words[0]!, [...words.slice(1), ...args], {
    cwd,
    stdio: [stdin ?? "ignore", out ?? "pipe", "pipe"],
    env: { ...Deno.env.toObject(), NO_COLOR: "1" },
    timeout: KILL_MS,
    killSignal: "SIGKILL",
  });
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => stdout += text);
  child.stderr!.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  if (out !== undefined) closeSync(out);
  return { code, stdout, stderr } satisfies Ended;
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-test-"));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

for (const runtime of ["deno", "node"] as const) {
  longTest(`offload --out refuses a folder that cannot be made, under ${runtime}`, async () => {
    const { code, stderr } = await offloadIn(runtime, ["--device", "model", "--out", "/proc/onpath/deeper"]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^error: Cannot write \/proc\/onpath\/deeper: there is no such file or folder\n$/);
  }, runtime !== "node");

  longTest(`offload reports a full disk under stdout in one sentence, under ${runtime}`, async () => {
    for (const args of [["devices"], ["normalize", "--steps", "nfc", "text"], ["--help"], ["--version"]]) {
      const { code, stderr } = await offloadIn(runtime, args, { stdout: "/dev/full" });
      assert.deepEqual([code, stderr], [1, "error: Cannot write standard output: no space is left\n"]);
    }
  }, runtime !== "node");

  longTest(
    `offload tokenize reads a pipe whose writer is slow, under ${runtime}`,
    () =>
      inFolder(async (folder) => {
        const tables = join(folder, "r50k.vocab");
        await writeFile(tables, await vocabularyFile("r50k_base"));
        // The pipe is empty at first, for longer than the command needs to begin to read.
        const pipe = join(folder, "pipe");
        execFileSync("mkfifo", [pipe]);
        const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
        const writer = openSync(pipe, constants.O_WRONLY);
        const ending = offloadIn(runtime, ["tokenize", "--vocab", tables, "--json"], { stdin: reader });
        for (const word of ["Hello", ", world"]) {
          await new Promise((resolve) => setTimeout(resolve, 1500));
          writeSync(writer, word);
        }
        closeSync(writer);
        const { code, stdout, stderr } = await ending;
        closeSync(reader);
        assert.equal(code, 0, stderr);
        assert.deepEqual(JSON.parse(stdout).ids, [15496, 11, 995]);
      }),
  );

  longTest(
    `offload ends with commands that can be typed where it runs, under ${runtime}`,
    () =>
      inFolder(async (folder) => {
        const command = { deno: "deno task offload", node: "npx onpath" }[runtime];
        const tour = await offloadIn(runtime, ["--device", "model"], { cwd: folder });
        assert.equal(tour.code, 0, tour.stderr);
        assert.match(
          tour.stdout,
          new RegExp(`\\nNext: ${command} run --help, .*, ${command} clean --help\\n$`),
        );
        const help = await offloadIn(runtime, ["run", "--help"]);
        assert.match(help.stdout, new RegExp(`^Usage: ${command} run `));
        assert.match(help.stdout, new RegExp(`^  ${command} run pipeline\\.json --input`, "m"));
        if (runtime === "deno") assert(!/^ *onpath/m.test(help.stdout));
      }),
    runtime !== "node",
  );
}

Deno.test("offload refuses a mistyped command with what it was given, and names the near one", async () => {
  const { code, stderr } = await offloadIn("deno", ["runn", "pipeline.json", "--json"]);
  const { error } = JSON.parse(stderr);
  assert.deepEqual([code, error.code], [2, "usage"]);
  assert.match(error.message, /^unknown command 'runn' \(did you mean run\?\)/);
});

Deno.test("describeFailure() gives the codes of the command line that the help names", async () => {
  const { stdout } = await offloadIn("deno", ["help", "run"]);
  assert(stdout.includes(`and ${OWN_CODES.join(", ")}.`));
  const { error } = JSON.parse(describeFailure(new Error("x"), true).text);
  assert.equal(error.code, "unexpected");
});

Deno.test("isErrno() knows a full disk in this runtime, of both ways to write", async () => {
  const file = await open("/dev/full", "w");
  const found: unknown[] = [];
  await file.write(new Uint8Array(3)).catch((error) => found.push(error));
  await file.close();
  const handle = openSync("/dev/full", "w");
  try {
    writeSync(handle, new Uint8Array(3));
  } catch (error) {
    found.push(error);
  } finally {
    closeSync(handle);
  }
  assert.deepEqual(found.map(isErrno), [true, true]);
  assert.match(fileError("write", "a.npy", found[0]).message, /^Cannot write a\.npy: no space is left$/);
  // Errors of the runtime itself stay what they are.
  const own = Object.assign(new TypeError("x"), { code: "ERR_INVALID_ARG_TYPE" });
  assert.deepEqual([isErrno(own), isErrno(new Error("x")), isErrno({ code: "ENOSPC" })], [
    false,
    false,
    false,
  ]);
});

Deno.test("makeFolder() makes what is missing, takes what is there, and refuses a file in its way", () =>
  inFolder(async (folder) => {
    await makeFolder(join(folder, "a/b/c"));
    await Promise.all([makeFolder(join(folder, "a/b/c")), makeFolder(join(folder, "a/b/d"))]);
    assert.deepEqual((await readdir(join(folder, "a/b"))).sort(), ["c", "d"]);
    await writeFile(join(folder, "file"), "");
    for (const path of ["file", "file/below"]) {
      await assert.rejects(
        makeFolder(join(folder, path)),
        refusal("file", /a part of the path is not a folder/),
      );
    }
    await mkdir(join(folder, "e"));
    assert.deepEqual((await readdir(folder)).sort(), ["a", "e", "file"]);
  }));

Deno.test("offload help names an unknown command, at each level, and shows a known one", async () => {
  const ends = await offloadAll(ROOT, [
    ["help", "nosuch"],
    ["help", "tokenise"],
    ["xrt", "help", "peak"],
    ["xclbin", "help", "nosuch"],
    ["help", "run"],
    ["xrt", "help", "peek"],
    ["help"],
  ]);
  assert.deepEqual(ends.map(({ code }) => code), [2, 2, 2, 2, 0, 0, 0]);
  const wanted = [
    /^error: unknown command 'nosuch'\n/,
    /^error: unknown command 'tokenise' \(did you mean tokenize\?\)\n/,
    /^error: unknown command 'peak' \(did you mean peek\?\)\n/,
    /^error: unknown command 'nosuch'\n/,
  ];
  wanted.forEach((message, at) => assert.match(ends[at]!.stderr, message));
  assert.match(ends[4]!.stdout, /^Usage: .* run \[options\]/);
  assert.match(ends[5]!.stdout, /^Usage: .* xrt peek \[options\]/);
  assert.match(ends[6]!.stdout, /^Usage: .*\n\nOffloads /);
});
