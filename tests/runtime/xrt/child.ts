/**
 * Programs that call the real XRT run in a child process with a kill timer: a device that dies makes XRT
 * wait for ever, and a defect may end the process.
 *
 * @module
 */

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { spawn, spawnSync } from "node:child_process";
import * as esbuild from "esbuild";
import { linkXrtRoot, SHIMS, xrtPartPlaces } from "../../../runtime/device/xrt/binding/environment.ts";
import { longTest } from "../../support/long.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const CHILDREN = join(ROOT, "tests/runtime/xrt/children");

/** All parts of libxrt1 that tests load. */
const PARTS = ["libxrt_coreutil.so.2", ...Object.values(SHIMS)];

/** Parts of libxrt1 that are missing where distributions and AMD have them. */
const MISSING_PARTS = PARTS.filter((part) => !xrtPartPlaces().some((place) => existsSync(join(place, part))));

/** Whether libxrt1 is installed, with all parts that tests load. */
export const HAS_XRT: boolean = MISSING_PARTS.length === 0;

/** Parts that a host in Node needs besides, and are missing. */
const MISSING_FOR_NODE = [
  ...(spawnSync("node", ["--version"]).status === 0 ? [] : ["node"]),
  ...(existsSync(join(ROOT, "node_modules/koffi")) ? [] : ["the package koffi"]),
];

/**
 * A test that needs libxrt1; without it, it is ignored and its name gives the reason.
 *
 * @param name Its name.
 * @param run The test.
 * @param options Runtime of the host, default `deno`; and whether the test is long, see {@linkcode longTest}.
 */
export function xrtTest(
  name: string,
  run: () => Promise<void>,
  { runtime = "deno", isLong = false }: { runtime?: "deno" | "node"; isLong?: boolean } = {},
): void {
  const missing = [
    ...(MISSING_PARTS.length === 0 ? [] : [`${MISSING_PARTS.join(", ")} of libxrt1`]),
    ...(runtime === "node" ? MISSING_FOR_NODE : []),
  ];
  if (missing.length === 0) longTest(name, run, isLong);
  else Deno.test({ name: `${name} (skipped: missing ${missing.join(", ")})`, ignore: true, fn: run });
}

/** How a child ended. */
export interface ChildResult {
  /** Its exit code, or the name of the signal that ended it. */
  readonly end: number | string;
  /** Whether the kill timer ended it. */
  readonly killed: boolean;
  /** What it printed as JSON, a line each. */
  readonly lines: unknown[];
  /** What it wrote to stderr. */
  readonly errors: string;
}

/** How a child is run. */
export interface ChildOptions {
  /** Variables besides those of this process. Undefined removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Its arguments. */
  readonly args?: readonly string[];
  /** What runs it. Default `deno`. */
  readonly runtime?: "deno" | "node";
  /** Milliseconds until it is killed. Default 60,000. */
  readonly killAfter?: number;
  /** Programs that it starts itself. */
  readonly beside?: readonly string[];
  /** Whether it is given a folder for XILINX_XRT. Default true. */
  readonly root?: boolean;
}

/**
 * Runs a program of the folder `children` in XRT's mode noop, unless the environment says otherwise.
 *
 * @param name Its file's name, without an ending.
 * @param options How.
 */
export async function runChild(name: string, options: ChildOptions = {}): Promise<ChildResult> {
  const { env = {}, args = [], runtime = "deno", killAfter = 60_000, root = true, beside = [] } = options;
  const folder = await mkdtemp(join(tmpdir(), "onpath-xrt-"));
  try {
    if (root) linkXrtRoot(join(folder, "xrt"));
    const source = join(CHILDREN, `${name}.ts`);
    const command = runtime === "deno"
      ? [
        Deno.execPath(),
        "run",
        "-A",
        "--quiet",
        "--config",
        join(ROOT, "deno.json"),
        "--v8-flags=--expose-gc",
        source,
      ]
      : ["node", "--expose-gc", (await bundleForNode([name, ...beside].map(childFile), "mjs"))[0]!];
    const merged: Record<string, string | undefined> = {
      ...Deno.env.toObject(),
      NO_COLOR: "1",
      XCL_EMULATION_MODE: "noop",
      XILINX_XRT: root ? join(folder, "xrt") : undefined,
      ONPATH_XRT_LIBRARY: undefined,
      ...env,
    };
    const child = spawn(command[0]!, [...command.slice(1), ...args], {
      cwd: folder,
      env: Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined)),
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own: XRT's emulation ends its whole process group when a signal frightens it.
      detached: true,
    });
    let [output, errors, killed] = ["", "", false];
    child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
    child.stderr.setEncoding("utf8").on("data", (text: string) => errors += text);
    const timer = setTimeout(() => {
      killed = true;
      process.kill(-child.pid!, "SIGKILL");
    }, killAfter);
    const end = await new Promise<number | string>((resolve, reject) => {
      child.on("error", reject).on("close", (code, signal) => resolve(signal ?? code ?? -1));
    });
    clearTimeout(timer);
    // XRT prints to stdout too; what is ours is JSON.
    const lines = output.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    return { end, killed, lines, errors };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function childFile(name: string): string {
  return join(CHILDREN, `${name}.ts`);
}

/**
 * Makes JavaScript for Node 20, which reads no TypeScript. The bundles stand where koffi is found, and beside
 * each other.
 *
 * @param sources The programs' files, absolute.
 * @param extension The bundles' ending: `js` where a program looks for another one beside it by that name.
 * @returns The bundles' paths.
 */
export async function bundleForNode(sources: readonly string[], extension: "js" | "mjs"): Promise<string[]> {
  const out = join(ROOT, "node_modules/.cache/onpath-tests");
  mkdirSync(out, { recursive: true });
  const { imports } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8")) as {
    imports: Record<string, string>;
  };
  const { outputFiles } = await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: [...sources],
    outdir: out,
    outExtension: { ".js": `.${extension}` },
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: ["es2022", "node20"],
    external: ["koffi", "sharp", "@napi-rs/canvas"],
    // What is bundled is CommonJS in part, and asks for Node's own modules with `require`.
    banner: {
      js: 'import { createRequire as createRequireHere } from "node:module";\n' +
        "const require = createRequireHere(import.meta.url);",
    },
    alias: Object.fromEntries(
      Object.entries(imports).filter(([, target]) => target.startsWith("./"))
        .map(([name, target]) => [name, join(ROOT, target)]),
    ),
  });
  await esbuild.stop();
  const settled = [{ path: join(out, "package.json"), contents: '{"type":"module"}\n' }, ...outputFiles];
  // Another test may be starting the same file: it finds the old one or the new one, whole.
  for (const { path, contents } of settled) {
    await writeFile(`${path}.${process.pid}`, contents);
    await rename(`${path}.${process.pid}`, path);
  }
  return sources.map((source) => join(out, `${basename(source, ".ts")}.${extension}`));
}
