/**
 * Compiles the library's AssemblyScript and writes it as base64.
 * `deno task engine` writes the files; `deno task engine --check` fails if a committed file is stale.
 *
 * @module
 */

import asc from "assemblyscript/asc";
import { readdir, readFile, writeFile } from "node:fs/promises";
import process from "node:process";

/** A module of WebAssembly. */
interface Module {
  /** Path of the entry in the repository. Its folder holds what it imports. */
  readonly source: string;
  /** Path of the generated file. */
  readonly target: string;
  /** Name of the exported constant. */
  readonly name: string;
  /** Subject of the constant's documentation. */
  readonly about: string;
  /** First address of its static data, behind that of another module in the same memory. */
  readonly base?: number;
}

const MODULES: readonly Module[] = [
  {
    source: "serialize/wasm/engine.ts",
    target: "serialize/engine_wasm.ts",
    name: "ENGINE_WASM",
    about: "The engine's WebAssembly module",
  },
  {
    source: "kernels/quantize/wasm/groups.ts",
    target: "kernels/quantize/groups_wasm.ts",
    name: "GROUPS_WASM",
    about: "WebAssembly module of the codecs of groups",
  },
  {
    source: "kernels/image/cpu/wasm/images.ts",
    target: "kernels/image/cpu/images_wasm.ts",
    name: "IMAGES_WASM",
    about: "WebAssembly module of images on the host",
  },
  {
    source: "kernels/tokenize/wasm/text.ts",
    target: "kernels/tokenize/text_wasm.ts",
    name: "TEXT_WASM",
    about: "WebAssembly module of byte pair encoding on the host",
    base: 21760,
  },
];

const FLAGS = [
  "--outFile=module.wasm",
  "-O3",
  "--runtime=stub",
  "--enable=simd",
  "--importMemory",
  "--use=abort=",
  "--noAssert",
];

/** Compiles a module's source to the text of the generated file. */
async function build({ source: path, name, about, base }: Module): Promise<string> {
  const entry = fileOf(path);
  const folder = new URL(".", entry);
  const sources = new Map<string, string>();
  for (const file of await readdir(folder)) sources.set(file, await readFile(new URL(file, folder), "utf8"));
  let binary: Uint8Array | undefined;
  const flags = base === undefined ? FLAGS : [...FLAGS, `--memoryBase=${base}`];
  const { error, stderr } = await asc.main([path.split("/").at(-1)!, ...flags], {
    readFile: (file) => sources.get(file) ?? null,
    writeFile: (file, contents) => {
      if (file === "module.wasm") binary = contents as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error !== null || binary === undefined) {
    throw new Error(`Cannot compile ${path}: ${stderr.toString()}`, { cause: error });
  }
  const lines = btoa(String.fromCharCode(...binary)).match(/.{1,96}/g)!;
  return [
    `// Generated from ${path.split("/").slice(-2).join("/")} by \`deno task engine\`. Do not edit.`,
    "",
    `/** ${about} (${binary.length} bytes) as base64. */`,
    `export const ${name}: string = [`,
    ...lines.map((line) => `  "${line}",`),
    `].join("");`,
    "",
  ].join("\n");
}

function fileOf(path: string): URL {
  return new URL(`../${path}`, import.meta.url);
}

for (const module of MODULES) {
  const text = await build(module);
  const { target } = module;
  if (!process.argv.includes("--check")) {
    await writeFile(fileOf(target), text);
    console.log(`Wrote ${target} (${text.length} characters)`);
    continue;
  }
  if (await readFile(fileOf(target), "utf8") !== text) {
    console.error(`${target} is stale: run \`deno task engine\``);
    process.exit(1);
  }
  console.log(`${target} is up to date`);
}
