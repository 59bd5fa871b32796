/**
 * `deno task coverage`: builds the RTL with Verilator's counters of lines and toggles, runs the tests that open each
 * build and writes `docs/rtl_coverage.md`. The counts of a build stay in `out/coverage` until its sources change, so a
 * run that was ended goes on with the builds that are missing; `--builds packet_rows,door_echo` measures those again,
 * and an empty list none.
 * Until all are measured, only rows of modules that no missing build has are written.
 * `--quick` runs the quick tests alone, in a tenth of the time: what they reach is a lower bound.
 * `--bits` also prints the bits that never change, `--json` prints all results as JSON. `--mark` measures nothing: it
 * adds a row without numbers for each new module.
 *
 * @module
 */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { COMMITTED_BUILDS, type RtlBuild } from "../kernels/rtl/builds.ts";
import { modulesOf } from "./card/ports.ts";
import { buildCoverage, type CoveragePoint } from "./rtl/coverage_build.ts";
import { coverageDocument, coverageTable, markUnmeasured, replaceRows } from "./rtl/coverage_document.ts";
import { type Counted, coverageByModule, joinBits } from "./rtl/coverage_report.ts";
import { GENERATED, writeBuild } from "./rtl/generated.ts";
import { nearTests } from "./rtl/mutant_tests.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const RTL = join(ROOT, "kernels", "rtl");
const DOCUMENT = join(ROOT, "docs", "rtl_coverage.md");
/** Counts of the builds that were measured. */
const KEPT = join(ROOT, "out", "coverage");
/** Time limit of the tests of a build: minutes with counters, and more on a busy machine. */
const TIMEOUT_MS = 120 * 60_000;

/** Builds that a test opens. */
const BUILDS = COMMITTED_BUILDS.filter(({ name }) => nearTests(name).length > 0);

/** Counts of a build, with the checksum of its sources. Plain data. */
interface Kept {
  readonly sources: string;
  readonly points: readonly CoveragePoint[];
  readonly counts: readonly number[];
}

/** Runs the tests that open a build; rejects if a test fails. */
function runTests(build: string, builds: string, counts: string, isQuick: boolean): Promise<void> {
  const env = {
    ...process.env,
    ONPATH_RTL: builds,
    ONPATH_TESTS: isQuick ? "" : "all",
    ONPATH_COVERAGE: counts,
    NO_COLOR: "1",
  };
  const options = { cwd: ROOT, env, timeout: TIMEOUT_MS, maxBuffer: 2 ** 26 };
  const files = nearTests(build).map((file) => `tests/rtl/${file}`);
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ["test", "-A", "--no-check", ...files], options, (error, stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`Cannot measure coverage: the tests fail\n${stdout}${stderr}`));
    });
  });
}

/** Adds up the counts of all instances of a build. */
async function sumCounts(folder: string, build: string, points: readonly CoveragePoint[]): Promise<number[]> {
  const counters = points.reduce((max, { counter }) => Math.max(max, counter), 0) + 1;
  const counts = new Array<number>(counters).fill(0);
  const files = (await readdir(folder)).filter((name) => name.startsWith(`${build}.`));
  if (files.length === 0) throw new Error(`Cannot measure coverage: no test opens ${build}`);
  for (const file of files) {
    const bytes = await readFile(join(folder, file));
    const found = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    if (found.length < counters) throw new Error(`Cannot measure coverage: ${file} is of another build`);
    for (let at = 0; at < counters; at++) counts[at]! += found[at]!;
  }
  return counts;
}

/** Checksum of the sources that a build's points name. */
async function checksumOf(points: readonly CoveragePoint[]): Promise<string> {
  const hash = createHash("sha256");
  for (const file of [...new Set(points.map(({ file }) => file))].sort()) {
    hash.update(file).update(await readFile(join(RTL, file)));
  }
  return hash.digest("hex");
}

/** Builds with counters, runs the tests, and keeps the counts. The other builds are the committed ones. */
async function measure(build: RtlBuild, isQuick: boolean): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-coverage-"));
  try {
    const [builds, counts] = [join(folder, "builds"), join(folder, "counts")];
    await cp(GENERATED, builds, { recursive: true });
    await mkdir(counts);
    const { wasm, points } = await buildCoverage(RTL, build);
    await writeBuild(builds, build.name, wasm);
    console.error(`${build.name}: ${points.length} points`);
    await runTests(build.name, builds, counts, isQuick);
    const kept: Kept = {
      sources: await checksumOf(points),
      points,
      counts: await sumCounts(counts, build.name, points),
    };
    await mkdir(KEPT, { recursive: true });
    await writeFile(join(KEPT, `${build.name}.json`), JSON.stringify(kept));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Reads the counts of a build; null if they are missing or of other sources. */
async function readKept(build: string): Promise<Counted | null> {
  try {
    const kept = JSON.parse(await readFile(join(KEPT, `${build}.json`), "utf8")) as Kept;
    if (kept.sources !== await checksumOf(kept.points)) return null;
    return { points: kept.points, counts: Float64Array.from(kept.counts) };
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ENOENT") throw error;
    return null;
  }
}

async function main(
  only: string | undefined,
  isQuick: boolean,
  bits: boolean,
  json: boolean,
): Promise<void> {
  const chosen = only?.split(",").filter((name) => name !== "") ?? null;
  const unknown = chosen?.filter((name) => !BUILDS.some((build) => build.name === name)) ?? [];
  if (unknown.length > 0) throw new Error(`Cannot measure coverage: no test opens ${unknown}`);
  for (const build of BUILDS) {
    const isWanted = chosen === null ? await readKept(build.name) === null : chosen.includes(build.name);
    if (isWanted) await measure(build, isQuick);
  }
  const all = await Promise.all(BUILDS.map(({ name }) => readKept(name)));
  const missing = BUILDS.filter((_, at) => all[at] === null).map(({ name }) => name);
  const modules = coverageByModule(all.filter((each) => each !== null));
  if (missing.length > 0) {
    // A module of a build that is missing may be reached further there.
    const later = await modulesBelow(
      BUILDS.filter(({ name }) => missing.includes(name)).map(({ top }) => top),
    );
    const whole = modules.filter(({ module }) => !later.has(module));
    const sources = await readSources(whole.flatMap((each) => each.unreached));
    await writeFile(DOCUMENT, replaceRows(await readFile(DOCUMENT, "utf8"), whole, sources));
    return console.log(
      `Rows of modules whose builds are all measured are written; not measured are ${missing.join(", ")}`,
    );
  }
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
}

/** Names of the modules below some tops. */
async function modulesBelow(tops: readonly string[]): Promise<Set<string>> {
  const sources: Record<string, string> = {};
  for (const path of await readdir(RTL, { recursive: true })) {
    if (path.endsWith(".sv")) sources[basename(path, ".sv")] = await readFile(join(RTL, path), "utf8");
  }
  return new Set(tops.flatMap((top) => modulesOf(sources, top)));
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
    quick: { type: "boolean", default: false },
    builds: { type: "string" },
  },
});
try {
  await (values.mark ? mark() : main(values.builds, values.quick, values.bits, values.json));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
