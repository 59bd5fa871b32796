/**
 * Builds WebAssembly from SystemVerilog: Verilator generates C++, clang and wasm-ld do the rest. Only the builds of
 * the emulated card have imports: reading and writing a beat of its memory.
 *
 * @module
 */

import { execFile } from "node:child_process";
import { createHash, type Hash } from "node:crypto";
import { copyFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { RtlBuild } from "../../kernels/rtl/builds.ts";
import { mapWithWorkers } from "../io/workers.ts";

/** Folder of Verilator's headers and run-time in Debian's package. */
export const VERILATOR = "/usr/share/verilator/include";
/** clang's run-time library for WebAssembly in Debian's package. */
export const RUNTIME = "/usr/lib/llvm-14/lib/clang/14.0.6/lib/wasi/libclang_rt.builtins-wasm32.a";
/** Debian packages that builds require. */
export const RTL_PACKAGES = "verilator clang lld wasi-libc libc++-dev-wasm32 libclang-rt-dev-wasm32";

/** Verilator's options in all builds. */
const VERILATOR_FLAGS = "-O3 --x-assign fast --x-initial fast --noassert --prefix Vtop".split(" ");

/** Options that differ between builds of WebAssembly. */
export interface WasmOptions {
  /** clang's optimization level, such as `-O3`. */
  readonly optimize: string;
  /** Additional options of clang. */
  readonly more: readonly string[];
  /** As {@linkcode RtlBuild.harness}. */
  readonly harness?: RtlBuild["harness"] | undefined;
  /** Objects of an earlier build, for the sources that did not change since. Default none. */
  readonly objects?: ObjectCache | undefined;
}

/** A folder of compiled objects, each named by the checksum of all that it is made of. */
export interface ObjectCache {
  /** Path of the folder; it must exist. */
  readonly folder: string;
  /** Whether objects that are missing are added. */
  readonly isKept: boolean;
}

/**
 * Runs a program of a build, for at most five minutes.
 *
 * @param program Name of the program.
 * @param args Arguments; an error message names the last one.
 * @param cwd Folder to run it in.
 * @param packages Debian packages to name if the program is missing.
 * @returns Standard output of the program.
 * @throws {Error} If the program is missing or fails; the message contains its output.
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
            ? `Cannot build the RTL: ${program} is missing, install Debian's ${packages}`
            : `Cannot build the RTL: ${program} ${args.at(-1)} failed\n${stderr}${stdout}`,
        ),
      );
    });
  });
}

/**
 * Removes the call that settles signals before the first edge, a quarter of the code. The harness begins with a
 * reset, whose edges compute these signals again.
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

/** Functions that are unused without settling; they are half of the code to compile. */
const SETTLING = /^(VL_ATTR_COLD void Vtop___024root___stl_\w+\([^;{]*\) \{\n).*?^\}\n/gms;

/** Empties the functions that settle signals, in the C++ of one file. */
export function withoutSettling(source: string): string {
  return source.replace(SETTLING, "$1}\n");
}

/** Formats parameters as Verilator's options. */
export function parameterFlags(parameters: RtlBuild["parameters"]): string[] {
  return Object.entries(parameters).map(([name, value]) => `-G${name}=${value}`);
}

/** Compiler options for a build's harness. */
export function harnessOf({ memory = false, harness, wideTables = false }: RtlBuild): string[] {
  return [
    ...(memory ? ["-DMEMORY"] : []),
    ...(harness === "card" ? ["-DCARD"] : []),
    ...(wideTables ? ["-DWIDE_TABLES"] : []),
  ];
}

/** Lists all SystemVerilog below a folder: shared modules, and top modules for a card. */
async function listSources(folder: string): Promise<string[]> {
  const all = await readdir(folder, { recursive: true });
  return all.filter((name) => name.endsWith(".sv")).map((name) => name.replaceAll("\\", "/")).sort();
}

/**
 * Lints one top module.
 *
 * @param sources Folder of the SystemVerilog; it is only read.
 * @param top Name of the top module.
 * @param parameters Parameters that differ from the source's defaults.
 * @throws {Error} If Verilator warns or is missing.
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
 * Lints one top module and generates its C++ in a temporary folder, which is removed after `use`.
 *
 * @param sources Folder of the SystemVerilog and of `harness`; it is only read.
 * @param build Build to make.
 * @param flags Additional options of Verilator.
 * @param use Receives the folder, with the C++ in `made` and the sources in `rtl`.
 * @returns The result of `use`.
 * @throws {Error} If a tool is missing or fails.
 */
export async function withVerilated<T>(
  sources: string,
  { top, parameters }: RtlBuild,
  flags: readonly string[],
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-rtl-"));
  try {
    // Verilator writes the sources' paths into its output; relative ones are equal on every machine.
    const filter = (path: string) => basename(path) !== "generated";
    await cp(sources, join(folder, "rtl"), { recursive: true, filter });
    const files = (await listSources(sources)).map((file) => `rtl/${file}`);
    const verilator = ["-Wall", "--top-module", top, ...parameterFlags(parameters), ...files];
    const warnings = flags.filter((flag) => flag.startsWith("-W"));
    if (!warnings.includes("-Wno-fatal")) {
      await runTool("verilator", ["--lint-only", ...warnings, ...verilator], folder);
    }
    const made = ["--cc", ...VERILATOR_FLAGS, ...flags, "--Mdir", "made", ...verilator];
    await runTool("verilator", made, folder);
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Maximum compilers that run at the same time. */
const WORKERS = 2;

/** Lists the C++ that Verilator generated, sorted so that builds are equal on every machine. */
export async function listMade(folder: string): Promise<string[]> {
  const all = await readdir(join(folder, "made"));
  return all.filter((name) => name.endsWith(".cpp")).sort().map((name) => join("made", name));
}

/** Checksum of the headers of a build and of a compiler's arguments, before a source is added. */
async function headersOf(folder: string, args: readonly string[]): Promise<Hash> {
  const hash = createHash("sha256").update(JSON.stringify(args));
  for (const inner of ["made", "rtl/harness"]) {
    const names = (await readdir(join(folder, inner), { recursive: true })).filter((name) =>
      name.endsWith(".h")
    );
    for (const name of names.sort()) hash.update(name).update(await readFile(join(folder, inner, name)));
  }
  return hash;
}

/** Makes an object, or copies it from a cache. The folder of a build is not part of its objects' checksums. */
async function makeObject(
  [source, object]: readonly [source: string, object: string],
  folder: string,
  args: readonly string[],
  cache: ObjectCache | undefined,
  headers: Hash | undefined,
): Promise<void> {
  const sum = headers?.copy().update(source).update(await readFile(join(folder, source))).digest("hex");
  const kept = cache === undefined ? undefined : join(cache.folder, `${sum}.o`);
  if (kept !== undefined && await copyFile(kept, join(folder, object)).then(() => true, () => false)) return;
  await runTool("clang++", [...args, `-ffile-prefix-map=${folder}=.`, "-o", object, source], folder);
  if (kept !== undefined && cache?.isKept) await copyFile(join(folder, object), kept);
}

/**
 * Compiles Verilator's C++ and the harness to WebAssembly.
 *
 * @param folder The folder of {@linkcode withVerilated}.
 * @param options Options of this build.
 * @throws {Error} If a tool is missing or fails.
 */
export async function compileWasm(
  folder: string,
  { optimize, more, harness, objects: cache }: WasmOptions,
): Promise<Uint8Array> {
  const beside = [`${harness === undefined ? "packets" : "host"}.cpp`, "verilated.cpp"].map((name) =>
    `rtl/harness/${name}`
  );
  const sources = [...await listMade(folder), ...beside];
  const objects = sources.map((source) => `${basename(source, ".cpp")}.o`);
  const args = [
    ...`--target=wasm32-wasi -std=c++17 ${optimize} -msimd128 -fno-exceptions -fno-rtti -w -c`.split(" "),
    ..."-ffunction-sections -fdata-sections -DVL_IGNORE_UNKNOWN_ARCH".split(" "),
    ...["-DVM_COVERAGE=0", "-DVM_SC=0", ...more],
    ...["-Irtl/harness/shim", `-I${VERILATOR}`, `-I${VERILATOR}/vltstd`, "-Imade"],
  ];
  const headers = cache === undefined ? undefined : await headersOf(folder, args);
  await mapWithWorkers(sources, WORKERS, async (source, at) => {
    await makeObject([source, objects[at]!], folder, args, cache, headers);
  });
  await runTool("wasm-ld", [
    ..."--no-entry --gc-sections --strip-all -z stack-size=65536 --export=__wasm_call_ctors".split(" "),
    ...["-L/usr/lib/wasm32-wasi", "-o", "top.wasm", ...objects, "-lc", RUNTIME],
  ], folder);
  return new Uint8Array(await readFile(join(folder, "top.wasm")));
}

/**
 * Lints and builds one top module with its harness.
 *
 * @param sources Folder of the SystemVerilog and of `harness`; it is only read.
 * @param build Build to make.
 * @param flags Additional options of Verilator; `-Wno-fatal` leaves the lint out. Default none.
 * @param objects Objects of an earlier build. Default none.
 * @returns The WebAssembly.
 * @throws {Error} If a tool is missing or fails.
 */
export function buildTop(
  sources: string,
  build: RtlBuild,
  flags: readonly string[] = [],
  objects?: ObjectCache,
): Promise<Uint8Array> {
  return withVerilated(sources, build, flags, async (folder) => {
    await dropSettling(folder);
    // The linker drops these functions; a mutant need not compile them.
    for (const name of objects === undefined ? [] : await listMade(folder)) {
      const path = join(folder, name);
      await writeFile(path, withoutSettling(await readFile(path, "utf8")));
    }
    return await compileWasm(folder, {
      optimize: build.effort ?? "-O3",
      more: ["-DVM_TRACE=0", ...harnessOf(build)],
      harness: build.harness,
      objects,
    });
  });
}

/**
 * Lints and builds one top module that can write a waveform of its signals.
 *
 * @param sources Folder of the SystemVerilog and of `harness`; it is only read.
 * @param build Build to make.
 * @returns The WebAssembly.
 * @throws {Error} If a tool is missing or fails.
 */
export function buildWave(sources: string, build: RtlBuild): Promise<Uint8Array> {
  // No edge computes some of the traced signals, so settling before the first edge is kept.
  return withVerilated(sources, build, ["--trace", "--no-trace-params"], (folder) =>
    compileWasm(folder, {
      optimize: "-O1",
      // Scopes are std::string, which must come from the header because libc++ is not linked.
      more: ["-DVM_TRACE=1", ...harnessOf(build), "-D_LIBCPP_DISABLE_EXTERN_TEMPLATE", "-Irtl/harness/wave"],
      harness: build.harness,
    }));
}
