/**
 * Compiles `serialize/wasm/engine.ts` (AssemblyScript) and writes `serialize/engine_wasm.ts`.
 * `deno task engine` writes the file; `deno task engine --check` fails if the committed file is stale.
 *
 * @module
 */

import asc from "assemblyscript/asc";
import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";

const SOURCE = new URL("../serialize/wasm/engine.ts", import.meta.url);
const TARGET = new URL("../serialize/engine_wasm.ts", import.meta.url);

const FLAGS = [
  "engine.ts",
  "--outFile=engine.wasm",
  "-O3",
  "--runtime=stub",
  "--enable=simd",
  "--importMemory",
  "--use=abort=",
  "--noAssert",
];

/** Compiles the engine's source to the text of the generated module. */
async function build(): Promise<string> {
  const source = await readFile(SOURCE, "utf8");
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(FLAGS, {
    readFile: (name) => name === "engine.ts" ? source : null,
    writeFile: (name, contents) => {
      if (name === "engine.wasm") binary = contents as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error !== null || binary === undefined) {
    throw new Error(`Cannot compile ${SOURCE.pathname}: ${stderr.toString()}`, { cause: error });
  }
  const lines = btoa(String.fromCharCode(...binary)).match(/.{1,96}/g)!;
  return [
    "// Generated from wasm/engine.ts by `deno task engine`. Do not edit.",
    "",
    `/** The engine's WebAssembly module (${binary.length} bytes) as base64. */`,
    "export const ENGINE_WASM: string = [",
    ...lines.map((line) => `  "${line}",`),
    `].join("");`,
    "",
  ].join("\n");
}

const text = await build();
if (process.argv.includes("--check")) {
  if (await readFile(TARGET, "utf8") !== text) {
    console.error("serialize/engine_wasm.ts is stale: run `deno task engine`");
    process.exit(1);
  }
  console.log("serialize/engine_wasm.ts is up to date");
} else {
  await writeFile(TARGET, text);
  console.log(`Wrote serialize/engine_wasm.ts (${text.length} characters)`);
}
