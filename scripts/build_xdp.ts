/**
 * Compiles the XDP program for BPF and writes the object as base64.
 * `deno task xdp` writes the file; `deno task xdp --check` fails if the committed file is stale. Objects are compared
 * byte for byte if the same clang is installed; another clang makes other code.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import { XDP_COMPILER, XDP_OBJECT } from "../runtime/xdp/program_object.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SOURCE = "runtime/xdp/bpf/onpath.c";
const TARGET = "runtime/xdp/program_object.ts";

const FLAGS = [
  ..."-target bpfel -mcpu=v3 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter".split(" "),
  // Debug information names the sources, relative to the repository.
  "-fdebug-compilation-dir=.",
];

/** Compiles the program. libbpf needs its types, and nothing else of the debug information. */
function build(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "onpath-xdp-"));
  try {
    const object = join(folder, "onpath.o");
    execFileSync("clang", [...FLAGS, "-c", SOURCE, "-o", object], { cwd: ROOT, stdio: "inherit" });
    // libbpf reads no relocations of the extended types, which are for linkers and a third of the object.
    const unread = [".llvm_addrsig", ".rel.BTF.ext"].flatMap((name) => ["--remove-section", name]);
    execFileSync("llvm-objcopy", ["-g", ...unread, object], { stdio: "inherit" });
    return readFileSync(object);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function compiler(): string {
  return execFileSync("clang", ["--version"], { encoding: "utf8" }).split("\n")[0]!.trim();
}

function generated(object: Uint8Array): string {
  const lines = brotliCompressSync(object).toString("base64").match(/.{1,96}/g)!;
  return [
    "// Generated from bpf/onpath.c by `deno task xdp`. Do not edit.",
    "",
    "/** Compiler of the object. */",
    `export const XDP_COMPILER: string = ${JSON.stringify(compiler())};`,
    "",
    `/** The XDP program's object for BPF (${object.length} bytes), Brotli in base64. */`,
    "export const XDP_OBJECT: string = [",
    ...lines.map((line) => `  "${line}",`),
    `].join("");`,
    "",
  ].join("\n");
}

if (!process.argv.includes("--check")) {
  const text = generated(build());
  writeFileSync(join(ROOT, TARGET), text);
  console.log(`Wrote ${TARGET} (${text.length} characters)`);
} else if (compiler() !== XDP_COMPILER) {
  console.log(`${TARGET} is not compared: it was made by ${XDP_COMPILER}, here is ${compiler()}`);
} else if (brotliDecompressSync(Buffer.from(XDP_OBJECT, "base64")).equals(build())) {
  console.log(`${TARGET} is up to date`);
} else {
  console.error(`${TARGET} is stale: run \`deno task xdp\``);
  process.exitCode = 1;
}
