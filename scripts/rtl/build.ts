/**
 * SystemVerilog to WebAssembly without imports: Verilator makes C++ of it, clang and wasm-ld the rest.
 *
 * @module
 */

import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/** What is built of a top module. */
export interface RtlBuild {
  /** Name of the file, without its end. */
  readonly name: string;
  /** The top module. */
  readonly top: string;
  /** Its parameters, as Verilator takes them. */
  readonly parameters: readonly string[];
  /** Whether it reads external memory, which the harness then has. */
  readonly memory?: boolean;
}

/** What Debian's clang and wasi-libc have, by the packages' own paths. */
const VERILATOR = "/usr/share/verilator/include";
const RUNTIME = "/usr/lib/llvm-14/lib/clang/14.0.6/lib/wasi/libclang_rt.builtins-wasm32.a";
const PACKAGES = "verilator clang lld wasi-libc libc++-dev-wasm32 libclang-rt-dev-wasm32";

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
  packages: string = PACKAGES,
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
 */
async function dropSettling(path: string): Promise<void> {
  const source = await readFile(path, "utf8");
  const call = "Vtop___024root___eval_settle(&(vlSymsp->TOP));";
  if (source.split(call).length !== 2) throw new Error(`Cannot build the RTL: no single ${call} in ${path}`);
  await writeFile(path, source.replace(call, ""));
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
 * @throws {Error} When there is a warning, or no Verilator.
 */
export async function lintTop(sources: string, top: string): Promise<void> {
  const files = await listSources(sources);
  await runTool("verilator", ["--lint-only", "-Wall", ...files, "--top-module", top], sources);
}

/**
 * Lints and builds one top module with the harness beside it.
 *
 * @param sources The folder of the SystemVerilog and of `harness`; it is only read.
 * @param build What is built.
 * @returns The WebAssembly.
 * @throws {Error} When a tool is missing or fails.
 */
export async function buildTop(
  sources: string,
  { name, top, parameters, memory = false }: RtlBuild,
): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-rtl-"));
  try {
    // Verilator writes the sources' paths into its messages: only relative ones are the same on every machine.
    await cp(sources, join(folder, "rtl"), { recursive: true });
    const files = (await listSources(sources)).map((file) => `rtl/${file}`);
    const verilator = ["-Wall", "--top-module", top, ...parameters, ...files];
    await runTool("verilator", ["--lint-only", ...verilator], folder);
    const flags = ["-O3", "--x-assign", "fast", "--x-initial", "fast", "--noassert", "--prefix", "Vtop"];
    await runTool("verilator", ["--cc", ...flags, "--Mdir", "made", ...verilator], folder);
    await dropSettling(join(folder, "made", "Vtop.cpp"));
    const made = (await readdir(join(folder, "made"))).filter((name) => name.endsWith(".cpp")).sort()
      .map((name) => join("made", name));
    const harness = ["packets.cpp", "verilated.cpp"].map((name) => `rtl/harness/${name}`);
    const objects: string[] = [];
    for (const source of [...made, ...harness]) {
      const object = `${basename(source, ".cpp")}.o`;
      await runTool("clang++", [
        ..."--target=wasm32-wasi -std=c++17 -O3 -fno-exceptions -fno-rtti -w -c".split(" "),
        ..."-ffunction-sections -fdata-sections -DVL_IGNORE_UNKNOWN_ARCH".split(" "),
        ..."-DVM_COVERAGE=0 -DVM_SC=0 -DVM_TRACE=0".split(" "),
        ...(memory ? ["-DMEMORY"] : []),
        ...["-Irtl/harness/shim", `-I${VERILATOR}`, `-I${VERILATOR}/vltstd`, "-Imade"],
        `-ffile-prefix-map=${folder}=.`,
        ...["-o", object, source],
      ], folder);
      objects.push(object);
    }
    await runTool("wasm-ld", [
      ..."--no-entry --gc-sections --strip-all -z stack-size=65536 --export=__wasm_call_ctors".split(" "),
      ...["-L/usr/lib/wasm32-wasi", "-o", `${name}.wasm`, ...objects, "-lc", RUNTIME],
    ], folder);
    return new Uint8Array(await readFile(join(folder, `${name}.wasm`)));
  } finally {
    await rm(folder, { recursive: true });
  }
}
