/**
 * Checks that the machine has all programs, headers and libraries to build the RTL.
 *
 * @module
 */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RTL_PACKAGES, RUNTIME, runTool, VERILATOR } from "./build.ts";

/** Source that includes headers of wasi-libc, libc++ and Verilator, as builds do. */
const PROBE = "#include <cstdlib>\n#include <string>\n#include <verilatedos.h>\n" +
  'extern "C" void* probe() { return std::malloc(1); }\n';

let found: Promise<string | null> | undefined;

async function probe(): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-tools-"));
  try {
    await writeFile(join(folder, "probe.cpp"), PROBE);
    await runTool("verilator", ["--version"], folder);
    const flags = `--target=wasm32-wasi -std=c++17 -w -c -DVL_IGNORE_UNKNOWN_ARCH -I${VERILATOR}`;
    await runTool("clang++", [...flags.split(" "), "-o", "probe.o", "probe.cpp"], folder);
    const link = "--no-entry --export=probe -L/usr/lib/wasm32-wasi -o probe.wasm probe.o -lc";
    await runTool("wasm-ld", [...link.split(" "), RUNTIME], folder);
    return null;
  } catch (error) {
    const [why] = (error instanceof Error ? error.message : String(error)).split("\n");
    return why!.includes(RTL_PACKAGES) ? why! : `${why}; install Debian's ${RTL_PACKAGES}`;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * Compiles and links a probe; later calls in the process return the first result.
 *
 * @returns The reason why the RTL cannot be built here; null if it can be.
 */
export function missingRtlTools(): Promise<string | null> {
  return found ??= probe();
}
