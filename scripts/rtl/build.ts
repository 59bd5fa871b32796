/**
 * SystemVerilog to WebAssembly without imports: Verilator makes C++ of it, clang and wasm-ld the rest.
 *
 * @module
 */

import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { RtlBuild } from "../../kernels/rtl/builds.ts";

/** What Debian's clang and wasi-libc have, by the packages' own paths. */
export const VERILATOR = "/usr/share/verilator/include";
/** The compiler's own library for WebAssembly. */
export const RUNTIME = "/usr/lib/llvm-14/lib/clang/14.0.6/lib/wasi/libclang_rt.builtins-wasm32.a";
/** Debian's packages that builds want. */
export const RTL_PACKAGES = "verilator clang lld wasi-libc libc++-dev-wasm32 libclang-rt-dev-wasm32";

/** How Verilator makes C++, whatever is built of it. */
const VERILATOR_FLAGS = "-O3 --x-assign fast --x-initial fast --noassert --prefix Vtop".split(" ");

/** What WebAssembly is built with beside what all builds have. */
export interface WasmOptions {
  /** Optimization of clang. */
  readonly optimize: string;
  /** More options of the compiler. */
  readonly more: readonly string[];
  /** As {@linkcode RtlBuild.harness}. */
  readonly harness?: RtlBuild["harness"] | undefined;
}

/**
 * Runs a program of a build to its end.
 *
 * @param program Its name.
 * @param args Its arguments; the last one is named when it fails.
 * @param cwd The folder to run it in.
 * @param packages Debian's packages that have it and its like, for when it is not there.
 * @returns What it printed.
 * @throws {Error} When it is missing or fails, with what it said.
 */
export function runTool(
  program: string,
  args: readonly string[],
  cwd: string,
  packages: string = RTL_PACKAGES,
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, timeout: 300_000, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const missing = (error as { code?: unknown }).code === "ENOENT";
      reject(
        new Error(
          missing
            ? `Cannot build the RTL: ${program} is not there; it wants Debian's ${packages}`
            : `Cannot build the RTL: ${program} ${args.at(-1)} failed\n${stderr}${stdout}`,
        ),
      );
    });
  });
}

/**
 * Leaves out what Verilator computes once before the first edge, a quarter of the code: the harness begins
 * with a reset, whose edges compute it again.
 *
 * @param folder The folder of {@linkcode withVerilated}.
 */
export async function dropSettling(folder: string): Promise<void> {
  const path = join(folder, "made", "Vtop.cpp");
  const source = await readFile(path, "utf8");
  const call = "Vtop___024root___eval_settle(&(vlSymsp->TOP));";
  if (source.split(call).length !== 2) throw new Error(`Cannot build the RTL: no single ${call} in ${path}`);
  await writeFile(path, source.replace(call, ""));
}

/** Parameters as Verilator takes them. */
export function parameterFlags(parameters: RtlBuild["parameters"]): string[] {
  return Object.entries(parameters).map(([name, value]) => `-G${name}=${value}`);
}

/** What the compiler is told of a build's harness. */
export function harnessOf({ memory = false }: RtlBuild): string[] {
  return memory ? ["-DMEMORY"] : [];
}

/** Every source below a folder: the shared modules, and the tops for a card. */
async function listSources(folder: string): Promise<string[]> {
  const all = await readdir(folder, { recursive: true });
  return all.filter((name) => name.endsWith(".sv")).map((name) => name.replaceAll("\\", "/")).sort();
}

/**
 * Lints one top module.
 *
 * @param sources The folder of the SystemVerilog; it is only read.
 * @param top The top module.
 * @param parameters Its parameters, where they differ from the source's own.
 * @throws {Error} When there is a warning, or no Verilator.
 */
export async function lintTop(
  sources: string,
  top: string,
  parameters: RtlBuild["parameters"] = {},
): Promise<void> {
  const files = await listSources(sources);
  const flags = ["--top-module", top, ...parameterFlags(parameters)];
  await runTool("verilator", ["--lint-only", "-Wall", ...flags, ...files], sources);
}

/**
 * Lints one top module and has Verilator make C++ of it, in a folder that lasts as long as a function runs.
 *
 * @param sources The folder of the SystemVerilog and of `harness`; it is only read.
 * @param build What is built.
 * @param flags More options of Verilator.
 * @param use What is done: in the folder, the C++ is in `made` and the sources in `rtl`.
 * @returns What the function returns.
 * @throws {Error} When a tool is missing or fails.
 */
export async function withVerilated<T>(
  sources: string,
  { top, parameters }: RtlBuild,
  flags: readonly string[],
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-rtl-"));
  try {
    // Verilator writes the sources' paths into its messages: only relative ones are the same on every machine.
    const filter = (path: string) => basename(path) !== "generated";
    await cp(sources, join(folder, "rtl"), { recursive: true, filter });
    const files = (await listSources(sources)).map((file) => `rtl/${file}`);
    const verilator = ["-Wall", "--top-module", top, ...parameterFlags(parameters), ...files];
    await runTool("verilator", ["--lint-only", ...verilator], folder);
    const made = ["--cc", ...VERILATOR_FLAGS, ...flags, "--Mdir", "made", ...verilator];
    await runTool("verilator", made, folder);
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Compilers that run at once. */
const WORKERS = 2;

/** Does a task for each of some items, some at once. */
async function forEach<T>(items: readonly T[], task: (item: T, at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const at = next++;
      await task(items[at]!, at);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
}

/** The C++ that Verilator made, in an order that is the same everywhere. */
export async function listMade(folder: string): Promise<string[]> {
  const all = await readdir(join(folder, "made"));
  return all.filter((name) => name.endsWith(".cpp")).sort().map((name) => join("made", name));
}

/**
 * Compiles what Verilator made, and the harness, to WebAssembly.
 *
 * @param folder The folder of {@linkcode withVerilated}.
 * @param options What differs from build to build.
 * @throws {Error} When a tool is missing or fails.
 */
export async function compileWasm(
  folder: string,
  { optimize, more, harness }: WasmOptions,
): Promise<Uint8Array> {
  const beside = [`${harness ?? "packets"}.cpp`, "verilated.cpp"].map((name) => `rtl/harness/${name}`);
  const sources = [...await listMade(folder), ...beside];
  const objects = sources.map((source) => `${basename(source, ".cpp")}.o`);
  await forEach(sources, async (source, at) => {
    await runTool("clang++", [
      ...`--target=wasm32-wasi -std=c++17 ${optimize} -msimd128 -fno-exceptions -fno-rtti -w -c`.split(" "),
      ..."-ffunction-sections -fdata-sections -DVL_IGNORE_UNKNOWN_ARCH".split(" "),
      ...["-DVM_COVERAGE=0", "-DVM_SC=0", ...more],
      ...["-Irtl/harness/shim", `-I${VERILATOR}`, `-I${VERILATOR}/vltstd`, "-Imade"],
      `-ffile-prefix-map=${folder}=.`,
      ...["-o", objects[at]!, source],
    ], folder);
  });
  await runTool("wasm-ld", [
    ..."--no-entry --gc-sections --strip-all -z stack-size=65536 --export=__wasm_call_ctors".split(" "),
    ...["-L/usr/lib/wasm32-wasi", "-o", "top.wasm", ...objects, "-lc", RUNTIME],
  ], folder);
  return new Uint8Array(await readFile(join(folder, "top.wasm")));
}

/**
 * Lints and builds one top module with the harness beside it.
 *
 * @param sources The folder of the SystemVerilog and of `harness`; it is only read.
 * @param build What is built.
 * @returns The WebAssembly.
 * @throws {Error} When a tool is missing or fails.
 */
export function buildTop(sources: string, build: RtlBuild): Promise<Uint8Array> {
  return withVerilated(sources, build, [], async (folder) => {
    await dropSettling(folder);
    return await compileWasm(folder, {
      optimize: build.effort ?? "-O3",
      more: ["-DVM_TRACE=0", ...harnessOf(build)],
      harness: build.harness,
    });
  });
}

/**
 * Lints and builds one top module so that it can write a waveform of its signals.
 *
 * @param sources The folder of the SystemVerilog and of `harness`; it is only read.
 * @param build What is built.
 * @returns The WebAssembly.
 * @throws {Error} When a tool is missing or fails.
 */
export function buildWave(sources: string, build: RtlBuild): Promise<Uint8Array> {
  // Some of the signals that are written no edge computes, so what comes before the first one stays.
  return withVerilated(sources, build, ["--trace", "--no-trace-params"], (folder) =>
    compileWasm(folder, {
      optimize: "-O1",
      // Scopes are std::string: all of it from the header, for no library of it is linked.
      more: ["-DVM_TRACE=1", ...harnessOf(build), "-D_LIBCPP_DISABLE_EXTERN_TEMPLATE", "-Irtl/harness/wave"],
    }));
}
