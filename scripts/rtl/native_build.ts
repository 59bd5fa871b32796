/**
 * Native builds of the RTL: the same C++ and harness as in WebAssembly, with Verilator's own run-time.
 *
 * @module
 */

import { copyFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { RtlBuild } from "../../kernels/rtl/builds.ts";
import { harnessOf, listMade, runTool, VERILATOR, withVerilated } from "./build.ts";

/** Debian packages that native builds require. */
const PACKAGES = "verilator clang";

/**
 * Builds one top module with the harness as a library for this machine.
 *
 * @param sources Folder of the SystemVerilog and of `harness`; it is only read.
 * @param build Build to make.
 * @param path Path of the library to write.
 * @throws {Error} If a tool is missing or fails.
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
