/**
 * RTL that counts what of it is reached: Verilator's points, and the counters in the WebAssembly.
 *
 * @module
 */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RtlBuild } from "../../kernels/rtl/builds.ts";
import { compileWasm, dropSettling, harnessOf, listMade, withVerilated } from "./build.ts";

/** A point that is reached or not: a branch, or a bit that changes. Plain data. */
export interface CoveragePoint {
  /** The counter. */
  readonly counter: number;
  /** The file, as `packet_in.sv`. */
  readonly file: string;
  /** Its line. */
  readonly line: number;
  /** Its column. */
  readonly column: number;
  /** Whether a bit toggles, or a block of lines is entered. */
  readonly kind: "toggle" | "line";
  /** The module, without what Verilator appends for its parameters. */
  readonly module: string;
  /** The bit, or the kind of block: `if`, `else`, `block`, `case`, `elsif`. */
  readonly what: string;
}

/** A build that counts. */
export interface CoverageBuild {
  /** The WebAssembly. */
  readonly wasm: Uint8Array;
  /** Its points; several may share a counter. */
  readonly points: readonly CoveragePoint[];
}

const POINT = new RegExp(
  String
    .raw`vlSelf->__vlCoverInsert\(&\(vlSymsp->__Vcoverage\[(\d+)\]\), first, "rtl/([^"]+)", (\d+), (\d+), ` +
    String.raw`"[^"]*", "v_(\w+?)/(\w+?)(?:__[^"]*)?", "([^"]*)", "[^"]*"\);`,
  "g",
);

/** Functions that are called no more without settling; they are half of what would be compiled. */
const SETTLING = /^(VL_ATTR_COLD void Vtop___024root___stl_\w+\([^;{]*\) \{\n).*?^\}\n/gms;

/**
 * Takes the points out of Verilator's C++: what registers them would want a run-time that writes files.
 *
 * @param source The C++.
 * @returns The points, and the C++ without them.
 */
export function takePoints(source: string): { points: CoveragePoint[]; rest: string } {
  const points: CoveragePoint[] = [];
  const rest = source.replaceAll(POINT, (_, counter, file, line, column, page, module, what) => {
    const kind = page === "toggle" ? "toggle" : "line";
    points.push({
      counter: Number(counter),
      file,
      line: Number(line),
      column: Number(column),
      kind,
      module,
      what,
    });
    return "";
  });
  return { points, rest };
}

/**
 * Builds one top module with Verilator's counters of lines and toggles.
 *
 * @param sources The folder of the SystemVerilog and of `harness`; it is only read.
 * @param build What is built.
 * @throws {Error} When a tool is missing or fails, or a point is not understood.
 */
export function buildCoverage(sources: string, build: RtlBuild): Promise<CoverageBuild> {
  return withVerilated(sources, build, ["--coverage-line", "--coverage-toggle"], async (folder) => {
    const points: CoveragePoint[] = [];
    for (const name of await listMade(folder)) {
      const path = join(folder, name);
      const taken = takePoints(await readFile(path, "utf8"));
      if (taken.rest.includes("vlSelf->__vlCoverInsert(")) {
        throw new Error(`Cannot count what is reached: a point in ${name} is not understood`);
      }
      points.push(...taken.points);
      await writeFile(path, taken.rest.replace(SETTLING, "$1}\n"));
    }
    await dropSettling(folder);
    if (points.length === 0) throw new Error(`Cannot count what is reached: ${build.name} has no points`);
    const more = ["-DVM_TRACE=0", "-DONPATH_COVERAGE", "-DVL_COVER_INSERT(...)=", ...harnessOf(build)];
    return { wasm: await compileWasm(folder, { optimize: "-O1", more, harness: build.harness }), points };
  });
}
