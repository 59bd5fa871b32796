/**
 * `deno task rtl`: lints the SystemVerilog, has Verilator turn it into C++ and clang into WebAssembly without
 * imports. With --check it builds beside and compares, byte for byte.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { CARD_KERNELS } from "./card/kernels.ts";
import { CARD_MOVERS } from "./card/movers.ts";
import { buildTop, buildWave, lintTop, type RtlBuild } from "./rtl/build.ts";

const RTL = fileURLToPath(new URL("../kernels/rtl/", import.meta.url));

/** A build that is committed. */
export interface CommittedBuild extends RtlBuild {
  /** Name of the constant in the generated module; the library carries those that have one. */
  readonly constant: string | null;
}

/** Builds that the library carries. */
const CARRIED: readonly (CommittedBuild & { readonly constant: string })[] = [
  { name: "packet_image", top: "packet_image", parameters: [], constant: "IMAGE_WASM" },
  {
    name: "packet_image_products",
    top: "packet_image",
    parameters: ["-GPRODUCTS=1"],
    constant: "IMAGE_PRODUCTS_WASM",
  },
  { name: "packet_rows", top: "packet_rows", parameters: [], constant: "ROWS_WASM" },
  {
    name: "packet_tokenize",
    top: "packet_tokenize",
    parameters: [],
    memory: true,
    constant: "TOKENIZE_WASM",
  },
];

/** Everything that is built and committed. */
export const BUILDS: readonly CommittedBuild[] = [
  { name: "packet_echo", top: "packet_echo", parameters: [], constant: null },
  { name: "packet_widths", top: "packet_widths", parameters: [], constant: null },
  { name: "host_echo", top: "host_echo", parameters: [], harness: "host", constant: null },
  { name: "onpath_image", top: "onpath_image", parameters: [], constant: null },
  ...CARRIED,
];

/**
 * Those that the library carries once more, with waveforms; only the module is committed. The tokenizer's state
 * of every flow is too much to look at.
 */
const WAVE_BUILDS = CARRIED.filter(({ memory }) => memory !== true).map((build) => ({
  ...build,
  name: `${build.name}_wave`,
  constant: build.constant.replace("_WASM", "_WAVE_WASM"),
}));

/** A kernel that the library carries is to be loaded within a moment. */
const MOST_BYTES = 100_000;

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

/** Writes a file, or fails where it is only to be compared and differs. */
async function settle(name: string, bytes: Uint8Array, check: boolean): Promise<void> {
  const path = join(RTL, name);
  if (!check) return await writeFile(path, bytes);
  if (Buffer.compare(bytes, await readFile(path)) === 0) return;
  throw new Error(`Cannot accept kernels/rtl/${name}: a rebuild differs, run deno task rtl`);
}

async function main(check: boolean): Promise<void> {
  // The other kernels for a card are only linted: they are these with other cores. Movers are built in a top.
  for (const { name } of [...CARD_KERNELS, ...CARD_MOVERS]) await lintTop(RTL, name);
  for (const build of BUILDS) {
    const { name, constant } = build;
    const wasm = await buildTop(RTL, build);
    if (constant !== null && wasm.length > MOST_BYTES) {
      throw new Error(`Cannot accept ${name}.wasm: ${wasm.length} bytes, at most ${MOST_BYTES} are wanted`);
    }
    await settle(`${name}.wasm`, wasm, check);
    if (constant !== null) {
      await settle(`${name}_wasm.ts`, new TextEncoder().encode(moduleOf(name, constant, wasm)), check);
    }
    console.log(`${name}: ${wasm.length} bytes${check ? ", as committed" : ""}`);
  }
  for (const build of WAVE_BUILDS) {
    const { name, constant } = build;
    const wasm = await buildWave(RTL, build);
    await settle(`${name}_wasm.ts`, new TextEncoder().encode(moduleOf(name, constant, wasm)), check);
    console.log(`${name}: ${wasm.length} bytes${check ? ", as committed" : ""}`);
  }
}

if (import.meta.main) await main(process.argv.includes("--check"));
