/**
 * `deno task coverage`: builds the RTL with Verilator's counters of lines and toggles, runs the RTL's tests on
 * it and writes `docs/rtl_coverage.md`. `--bits` also prints the bits that never change, `--json` prints all
 * results as JSON. `--mark` measures nothing: it adds a row without numbers for each new module.
 *
 * @module
 */

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { COMMITTED_BUILDS } from "../kernels/rtl/builds.ts";
import { buildCoverage, type CoveragePoint } from "./rtl/coverage_build.ts";
import { coverageDocument, coverageTable, markUnmeasured } from "./rtl/coverage_document.ts";
import { type Counted, coverageByModule, joinBits } from "./rtl/coverage_report.ts";
import { writeBuild } from "./rtl/generated.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const RTL = join(ROOT, "kernels", "rtl");
const DOCUMENT = join(ROOT, "docs", "rtl_coverage.md");
/** Time limit of the tests: about ten minutes with counters, one minute without. */
const TIMEOUT_MS = 60 * 60_000;

/** Runs the RTL's tests on builds with counters; rejects if a test fails. */
function runTests(builds: string, counts: string): Promise<void> {
  const env = {
    ...process.env,
    ONPATH_RTL: builds,
    ONPATH_TESTS: "all",
    ONPATH_COVERAGE: counts,
    NO_COLOR: "1",
  };
  const options = { cwd: ROOT, env, timeout: TIMEOUT_MS, maxBuffer: 2 ** 26 };
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      "test -A --no-check tests/rtl".split(" "),
      options,
      (error, stdout, stderr) => {
        if (error === null) resolve();
        else reject(new Error(`Cannot measure coverage: the tests fail\n${stdout}${stderr}`));
      },
    );
  });
}

/** Adds up the counts of all instances of a build. */
async function sumCounts(folder: string, build: string, points: readonly CoveragePoint[]): Promise<Counted> {
  const counters = points.reduce((max, { counter }) => Math.max(max, counter), 0) + 1;
  const counts = new Float64Array(counters);
  const files = (await readdir(folder)).filter((name) => name.startsWith(`${build}.`));
  if (files.length === 0) throw new Error(`Cannot measure coverage: no test opens ${build}`);
  for (const file of files) {
    const bytes = await readFile(join(folder, file));
    const found = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    if (found.length < counters) throw new Error(`Cannot measure coverage: ${file} is of another build`);
    for (let at = 0; at < counters; at++) counts[at]! += found[at]!;
  }
  return { points, counts };
}

async function main(bits: boolean, json: boolean): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-coverage-"));
  try {
    const [builds, counts] = [join(folder, "builds"), join(folder, "counts")];
    await mkdir(builds);
    await mkdir(counts);
    const points = new Map<string, readonly CoveragePoint[]>();
    for (const build of COMMITTED_BUILDS) {
      const made = await buildCoverage(RTL, build);
      await writeBuild(builds, build.name, made.wasm);
      points.set(build.name, made.points);
      console.error(`${build.name}: ${made.points.length} points`);
    }
    await runTests(builds, counts);
    const all = await Promise.all([...points].map(([name, each]) => sumCounts(counts, name, each)));
    const modules = coverageByModule(all);
    await writeFile(
      DOCUMENT,
      coverageDocument(modules, await readSources(modules.flatMap((m) => m.unreached))),
    );
    if (json) return console.log(JSON.stringify(modules, null, 2));
    console.log(coverageTable(modules));
    if (!bits) return;
    for (const { module, still } of modules) {
      if (still.length > 0) console.log(`${module}: ${joinBits(still).join(", ")}`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Adds rows for modules that were never measured. */
async function mark(): Promise<void> {
  const modules: string[] = [];
  for (const file of (await readdir(RTL)).filter((name) => name.endsWith(".sv"))) {
    const source = await readFile(join(RTL, file), "utf8");
    for (const [, module] of source.matchAll(/^module (\w+)/gm)) modules.push(module!);
  }
  await writeFile(DOCUMENT, markUnmeasured(await readFile(DOCUMENT, "utf8"), modules));
}

/** Reads the files of some blocks, as lines by file. */
async function readSources(blocks: readonly { readonly file: string }[]): Promise<Map<string, string[]>> {
  const files = [...new Set(blocks.map(({ file }) => file))];
  return new Map(
    await Promise.all(
      files.map(async (file) => [file, (await readFile(join(RTL, file), "utf8")).split("\n")] as const),
    ),
  );
}

const { values } = parseArgs({
  options: {
    bits: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    mark: { type: "boolean", default: false },
  },
});
try {
  await (values.mark ? mark() : main(values.bits, values.json));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
