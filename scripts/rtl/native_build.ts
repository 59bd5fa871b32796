/**
 * The RTL as native code: the same C++ and the same harness as in WebAssembly, with Verilator's own run-time.
 *
 * @module
 */

import { copyFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { RtlBuild } from "../../kernels/rtl/builds.ts";
import { harnessOf, listMade, runTool, VERILATOR, withVerilated } from "./build.ts";

/** Debian's packages that it wants. */
const PACKAGES = "verilator clang";

/**
 * Builds one top module with the harness as a library for this machine.
 *
 * @param sources The folder of the SystemVerilog and of `harness`; it is only read.
 * @param build What is built.
 * @param path Where the library goes.
 * @throws {Error} When a tool is missing or fails.
 */
export function buildNative(sources: string, build: RtlBuild, path: string): Promise<void> {
  return withVerilated(sources, build, [], async (folder) => {
    const runtime = ["verilated.cpp", "verilated_threads.cpp"].map((name) => `${VERILATOR}/${name}`);
    const objects: string[] = [];
    for (const source of [...await listMade(folder), "rtl/harness/packets.cpp", ...runtime]) {
      const object = `${basename(source, ".cpp")}.o`;
      await runTool(
        "clang++",
        [
          ..."-std=c++17 -O3 -fPIC -w -c -pthread -DVM_COVERAGE=0 -DVM_SC=0 -DVM_TRACE=0".split(" "),
          ...harnessOf(build),
          ...[`-I${VERILATOR}`, `-I${VERILATOR}/vltstd`, "-Imade"],
          ...["-o", object, source],
        ],
        folder,
        PACKAGES,
      );
      objects.push(object);
    }
    await runTool(
      "clang++",
      ["-shared", "-pthread", "-o", "top.so", ...objects, "-latomic"],
      folder,
      PACKAGES,
    );
    await copyFile(join(folder, "top.so"), path);
  });
}
