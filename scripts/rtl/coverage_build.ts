/**
 * Builds of the RTL with coverage: Verilator's points, and their counters in the WebAssembly.
 *
 * @module
 */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RtlBuild } from "../../kernels/rtl/builds.ts";
import { compileWasm, dropSettling, harnessOf, listMade, withoutSettling, withVerilated } from "./build.ts";

/** A branch or a bit whose coverage is counted. Plain data. */
export interface CoveragePoint {
  /** Index of the counter. */
  readonly counter: number;
  /** Name of the file, such as `packet_in.sv`. */
  readonly file: string;
  /** Line in the file, from 1. */
  readonly line: number;
  /** Column in the line, as Verilator counts it. */
  readonly column: number;
  /** `toggle` counts changes of a bit, `line` counts entries into a block. */
  readonly kind: "toggle" | "line";
  /** Name of the module, without Verilator's suffix for parameters. */
  readonly module: string;
  /** Name of the bit, or kind of the block: `if`, `else`, `block`, `case`, `elsif`. */
  readonly what: string;
}

/** A build with coverage. */
export interface CoverageBuild {
  /** Module with the harness, which holds the counters. */
  readonly wasm: Uint8Array;
  /** All points; several may share a counter. */
  readonly points: readonly CoveragePoint[];
}

const POINT = new RegExp(
  String
    .raw`vlSelf->__vlCoverInsert\(&\(vlSymsp->__Vcoverage\[(\d+)\]\), first, "rtl/([^"]+)", (\d+), (\d+), ` +
    String.raw`"[^"]*", "v_(\w+?)/(\w+?)(?:__[^"]*)?", "([^"]*)", "[^"]*"\);`,
  "g",
);

/**
 * Extracts the points from Verilator's C++, because registering them there requires a run-time that writes files.
 *
 * @param source C++ of one file.
 * @returns The points, and the C++ without their registration.
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
 * @param sources Folder of the SystemVerilog and of `harness`; it is only read.
 * @param build Build to make.
 * @throws {Error} If a tool is missing or fails, or a point has an unknown form.
 */
export function buildCoverage(sources: string, build: RtlBuild): Promise<CoverageBuild> {
  return withVerilated(sources, build, ["--coverage-line", "--coverage-toggle"], async (folder) => {
    const points: CoveragePoint[] = [];
    for (const name of await listMade(folder)) {
      const path = join(folder, name);
      const taken = takePoints(await readFile(path, "utf8"));
      if (taken.rest.includes("vlSelf->__vlCoverInsert(")) {
        throw new Error(`Cannot measure coverage: a point in ${name} has an unknown form`);
      }
      points.push(...taken.points);
      await writeFile(path, withoutSettling(taken.rest));
    }
    await dropSettling(folder);
    if (points.length === 0) throw new Error(`Cannot measure coverage: ${build.name} has no points`);
    const more = ["-DVM_TRACE=0", "-DONPATH_COVERAGE", "-DVL_COVER_INSERT(...)=", ...harnessOf(build)];
    return { wasm: await compileWasm(folder, { optimize: "-O1", more, harness: build.harness }), points };
  });
}
