/**
 * `deno task rtl`: lints the SystemVerilog, has Verilator turn it into C++ and clang into WebAssembly without
 * imports. With --check it builds beside and compares, byte for byte.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const RTL = fileURLToPath(new URL("../kernels/rtl/", import.meta.url));
/** What is built of the top modules; the library carries those that have the name of a constant. */
interface Build {
  /** Name of the files. */
  readonly name: string;
  /** The top module. */
  readonly top: string;
  /** Its parameters, as Verilator takes them. */
  readonly parameters: readonly string[];
  /** Name of the constant in the generated module. */
  readonly constant: string | null;
}

const BUILDS: readonly Build[] = [
  { name: "packet_echo", top: "packet_echo", parameters: [], constant: null },
  { name: "packet_image", top: "packet_image", parameters: [], constant: "IMAGE_WASM" },
  {
    name: "packet_image_products",
    top: "packet_image",
    parameters: ["-GPRODUCTS=1"],
    constant: "IMAGE_PRODUCTS_WASM",
  },
];
/** A kernel is to be loaded within a moment. */
const MOST_BYTES = 100_000;
/** What Debian's clang and wasi-libc have, by the packages' own paths. */
const VERILATOR = "/usr/share/verilator/include";
const RUNTIME = "/usr/lib/llvm-14/lib/clang/14.0.6/lib/wasi/libclang_rt.builtins-wasm32.a";
const PACKAGES = "verilator clang lld wasi-libc libc++-dev-wasm32 libclang-rt-dev-wasm32";

/** Runs a program to its end; what it says is the error's message. */
function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, timeout: 300_000, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const missing = (error as { code?: unknown }).code === "ENOENT";
      reject(
        new Error(
          missing
            ? `Cannot build the RTL: ${program} is not there; it wants Debian's ${PACKAGES}`
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

async function build({ name, top, parameters }: Build, folder: string): Promise<Uint8Array> {
  // Verilator writes the sources' paths into its messages: only relative ones are the same on every machine.
  await cp(RTL, join(folder, "rtl"), { recursive: true });
  const sources = (await readdir(RTL)).filter((name) => name.endsWith(".sv")).sort();
  const verilator = [
    "-Wall",
    "--top-module",
    top,
    ...parameters,
    ...sources.map((source) => `rtl/${source}`),
  ];
  await run("verilator", ["--lint-only", ...verilator], folder);
  const flags = ["-O3", "--x-assign", "fast", "--x-initial", "fast", "--noassert", "--prefix", "Vtop"];
  await run("verilator", ["--cc", ...flags, "--Mdir", "made", ...verilator], folder);
  await dropSettling(join(folder, "made", "Vtop.cpp"));
  const made = (await readdir(join(folder, "made"))).filter((name) => name.endsWith(".cpp")).sort()
    .map((name) => join("made", name));
  const harness = ["packets.cpp", "verilated.cpp"].map((name) => `rtl/harness/${name}`);
  const objects: string[] = [];
  for (const source of [...made, ...harness]) {
    const object = `${basename(source, ".cpp")}.o`;
    await run("clang++", [
      ..."--target=wasm32-wasi -std=c++17 -O3 -fno-exceptions -fno-rtti -w -c".split(" "),
      ..."-ffunction-sections -fdata-sections -DVL_IGNORE_UNKNOWN_ARCH".split(" "),
      ..."-DVM_COVERAGE=0 -DVM_SC=0 -DVM_TRACE=0".split(" "),
      ...["-Irtl/harness/shim", `-I${VERILATOR}`, `-I${VERILATOR}/vltstd`, "-Imade"],
      `-ffile-prefix-map=${folder}=.`,
      ...["-o", object, source],
    ], folder);
    objects.push(object);
  }
  await run("wasm-ld", [
    ..."--no-entry --gc-sections --strip-all -z stack-size=65536 --export=__wasm_call_ctors".split(" "),
    ...["-L/usr/lib/wasm32-wasi", "-o", `${name}.wasm`, ...objects, "-lc", RUNTIME],
  ], folder);
  return new Uint8Array(await readFile(join(folder, `${name}.wasm`)));
}

/** A module that holds the WebAssembly, for every place that code is loaded from. */
function moduleOf(name: string, constant: string, wasm: Uint8Array): string {
  const lines = Buffer.from(wasm).toString("base64").match(/.{1,96}/g)!;
  return [
    `// Generated from ${name}.wasm by \`deno task rtl\`. Do not edit.`,
    "",
    `/** \`${name}\` as WebAssembly (${wasm.length} bytes) in base64. */`,
    `export const ${constant}: string = [`,
    ...lines.map((line) => `  "${line}",`),
    `].join("");`,
    "",
  ].join("\n");
}

/** Writes a file, or fails where --check finds it different. */
async function settle(name: string, bytes: Uint8Array): Promise<void> {
  const path = join(RTL, name);
  if (!check) return await writeFile(path, bytes);
  if (Buffer.compare(bytes, await readFile(path)) === 0) return;
  throw new Error(`Cannot accept kernels/rtl/${name}: a rebuild differs, run deno task rtl`);
}

const check = process.argv.includes("--check");
for (const each of BUILDS) {
  const { name, constant } = each;
  const folder = await mkdtemp(join(tmpdir(), "onpath-rtl-"));
  try {
    const wasm = await build(each, folder);
    if (wasm.length > MOST_BYTES) {
      throw new Error(`Cannot accept ${name}.wasm: ${wasm.length} bytes, at most ${MOST_BYTES} are wanted`);
    }
    await settle(`${name}.wasm`, wasm);
    if (constant !== null) {
      await settle(`${name}_wasm.ts`, new TextEncoder().encode(moduleOf(name, constant, wasm)));
    }
    console.log(`${name}: ${wasm.length} bytes${check ? ", as committed" : ""}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}
