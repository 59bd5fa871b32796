/**
 * `deno task mutate`: breaks the RTL in one place at a time and names the test that notices. If no test notices,
 * the tests have a gap and the run fails. `--only 9,100-129` selects mutations by number, `--json` prints JSON,
 * `--workers <n>` run at the same time. `--write` puts the results into docs/mutations.md and
 * docs/mutations.json; without `--only` it runs only mutations that are not there yet. `--near` runs the quick tests
 * that are nearest to a build alone, on the committed builds, in seconds a mutation: it leaves those that these tests
 * do not notice, without a reason in the list, to a whole run.
 *
 * @module
 */

import Table from "cli-table3";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { COMMITTED_BUILDS, type RtlBuild } from "../kernels/rtl/builds.ts";
import { mapWithWorkers } from "./io/workers.ts";
import { buildTop } from "./rtl/build.ts";
import { GENERATED, writeBuild } from "./rtl/generated.ts";
import { MATRIX } from "./rtl/matrix.ts";
import { type JudgedMutation, mergeJudged, unjudged } from "./rtl/mutation_table.ts";
import { mutationPage, PAGE, readTables, RTL_TABLE } from "./mutate/page.ts";
import { applyMutation, listMutations, type Mutation } from "./rtl/mutations.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const RTL = join(ROOT, "kernels", "rtl");
/** Default number of mutations that are built and tested at the same time. */
const WORKERS = "2";
/** First test file to run for a build; most mutations are noticed before the others run. */
const NEAREST: readonly (readonly [build: RegExp, tests: string])[] = [
  [/^packet_tokenize/, "tokenize_test.ts"],
  [/^packet_rows/, "rows_test.ts"],
  [/^packet_lookup/, "lookup_test.ts"],
  [/^packet_rotate/, "rotate_test.ts"],
  [/^packet_(de)?quantize/, "groups_test.ts"],
  [/^packet_widths/, "widths_test.ts"],
  [/^packet_echo/, "packets_test.ts"],
  [/^host_echo/, "movers_test.ts"],
  [/^door_echo/, "door_test.ts"],
  [/^spread_echo/, "spread_test.ts"],
  [/^linked_image/, "page_fetch_test.ts"],
  [/./, "image_test.ts"],
];
/** Files of the tests of starts, tables, arguments and sockets, of several builds. */
const SHARED_TESTS = ["start_test.ts", "sockets_test.ts"];
/**
 * Time limit as a multiple of the tests' time on the unchanged RTL. They run alone there, and beside other
 * tests and builds for a mutation.
 */
const PATIENCE = 5;
/** Minimum time limit of the tests of a mutation, in milliseconds. */
const MIN_TIMEOUT_MS = 60_000;
/** Time limit of the tests on the unchanged RTL, in milliseconds; generous for a busy machine. */
const SOUND_MS = 1_800_000;

/** Result of one run of a mutation. */
interface Judgement extends JudgedMutation {
  readonly number: number;
  /** Reason why the tests could not run, such as a build that fails; null if they ran. */
  readonly error: string | null;
}

/** Copies the sources of builds, without generated files. */
async function copySources(folder: string): Promise<void> {
  await mkdir(folder);
  for (const name of await readdir(RTL)) {
    if (name.endsWith(".sv")) await cp(join(RTL, name), join(folder, name));
  }
  for (const inner of ["harness", "card"]) {
    await cp(join(RTL, inner), join(folder, inner), { recursive: true });
  }
}

/** Runs the RTL's tests on a folder of builds; returns the name of the first that fails, or null. */
function firstFailure(folder: string, timeout: number, tests = "", suite = "all"): Promise<string | null> {
  const env = { ...process.env, ONPATH_RTL: folder, ONPATH_TESTS: suite, NO_COLOR: "1" };
  const args = `test -A --no-check --fail-fast tests/rtl/${tests}`.split(" ");
  return new Promise((resolve) => {
    const options = {
      cwd: ROOT,
      env,
      timeout,
      killSignal: "SIGKILL",
      maxBuffer: 2 ** 26,
    } as const;
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(null);
      if (error.killed) return resolve("timeout");
      const test = /^(.+) \.\.\. FAILED/m.exec(stdout)?.[1];
      const file = /^\.\/(tests\/rtl\/\w+\.ts) \(uncaught error\)/m.exec(stdout)?.[1];
      resolve(
        test ?? (file === undefined ? `${stdout}${stderr}`.trim().slice(-200) : `${file}, at its start`),
      );
    });
  });
}

/** Finds a build by its name. */
function buildOf(name: string): RtlBuild {
  const build = [...COMMITTED_BUILDS, ...MATRIX].find((each) => each.name === name);
  if (build === undefined) throw new Error(`Cannot mutate the RTL: there is no build ${name}`);
  return build;
}

/** File of the tests that are nearest to a build. */
function nearestTo(build: string): string {
  return NEAREST.find(([builds]) => builds.test(build))![1];
}

/** Breaks a copy in one place, builds it and runs the tests; the other builds are unchanged. */
async function judge(mutation: Mutation, sound: string, timeout: number, near: boolean): Promise<Judgement> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-mutate-"));
  try {
    const [sources, made] = [join(folder, "rtl"), join(folder, "made")];
    await copySources(sources);
    const path = join(sources, mutation.file);
    await writeFile(path, applyMutation(mutation, await readFile(path, "utf8")));
    await cp(sound, made, { recursive: true });
    // Less optimized code is made sooner, and the nearest tests are short. The lint warns of what a change leaves unused.
    const build = near ? { ...buildOf(mutation.build), effort: "-O1" as const } : buildOf(mutation.build);
    await writeBuild(made, mutation.build, await buildTop(sources, build, ["-Wno-fatal"]));
    const files = [nearestTo(mutation.build), ...SHARED_TESTS, ...(near ? [] : [""])];
    let caughtBy: string | null = null;
    for (const tests of files) caughtBy ??= await firstFailure(made, timeout, tests, near ? "" : "all");
    return { ...mutation, caughtBy, error: null };
  } catch (error) {
    return { ...mutation, caughtBy: null, error: error instanceof Error ? error.message : String(error) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Whether a mutation has the expected result: it is noticed, or listed as unnoticeable. */
function isFine({ caughtBy, error, unseen }: Judgement): boolean {
  return error === null && (caughtBy === null) === (unseen !== null);
}

function verdictOf({ caughtBy, error, unseen }: Judgement): string {
  if (error !== null) return `ERROR: ${error.slice(0, 300)}`;
  if (caughtBy === null) return unseen === null ? "NOBODY" : `nobody: ${unseen}`;
  return unseen === null ? caughtBy : `${caughtBy}, though the list says: ${unseen}`;
}

/** Selects mutations by number: `9,100-129` are thirty-one. */
function mutationsOf(numbers: string): Mutation[] {
  return numbers.split(",").flatMap((part) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    const some = listMutations().filter(({ number }) => number >= Number(first) && number <= Number(last));
    if (some.length === 0) throw new Error(`Cannot mutate the RTL: there is no mutation ${part}`);
    return some;
  });
}

/** Makes the builds that are unchanged, and returns the time limit of the tests of a mutation. */
async function prepare(
  folder: string,
  mutations: readonly Mutation[],
  near: boolean,
  workers: number,
): Promise<number> {
  const builds = new Set(mutations.map(({ build }) => build));
  if (near) await cp(GENERATED, folder, { recursive: true });
  else {
    // The sources may be newer than the committed builds, so the unchanged RTL is built from them too.
    const matrix = MATRIX.filter(({ name }) => builds.has(name));
    await mapWithWorkers([...COMMITTED_BUILDS, ...matrix], workers, async (build) => {
      await writeBuild(folder, build.name, await buildTop(RTL, build));
    });
  }
  const begun = performance.now();
  for (const tests of near ? new Set([...[...builds].map(nearestTo), ...SHARED_TESTS]) : [""]) {
    const failure = await firstFailure(folder, SOUND_MS, tests, near ? "" : "all");
    if (failure !== null) throw new Error(`Cannot judge mutations: without any, this fails: ${failure}`);
  }
  return Math.max(MIN_TIMEOUT_MS, Math.ceil(PATIENCE * (performance.now() - begun)));
}

/** Judges mutations; returns true if all have the expected result. */
async function main(
  only: string | undefined,
  json: boolean,
  write: boolean,
  near: boolean,
  workers: number,
): Promise<boolean> {
  let table: readonly JudgedMutation[] = write ? (await readTables(ROOT)).rtl : [];
  const mutations = only !== undefined ? mutationsOf(only) : write ? unjudged(table) : listMutations();
  if (mutations.length === 0) throw new Error("Cannot mutate the RTL: every mutation is judged");
  const folder = await mkdtemp(join(tmpdir(), "onpath-sound-"));
  try {
    const timeout = await prepare(folder, mutations, near, workers);
    let done = 0;
    const judgements = await mapWithWorkers(mutations, workers, async (mutation) => {
      const judgement = await judge(mutation, folder, timeout, near);
      const isOpen = near && judgement.caughtBy === null && judgement.unseen === null;
      const isJudged = judgement.error === null && !isOpen;
      if (write && isJudged) {
        const { number: _, error: __, ...row } = judgement;
        await writeTable(table = mergeJudged(table, [row]));
      }
      console.error(`${++done} of ${mutations.length}: #${mutation.number} ${verdictOf(judgement)}`);
      return judgement;
    });
    console.log(json ? JSON.stringify(judgements, null, 2) : tableOf(judgements));
    return judgements.every(isFine);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function writeTable(rows: readonly JudgedMutation[]): Promise<void> {
  await writeFile(join(ROOT, RTL_TABLE), `${JSON.stringify(rows, null, 1)}\n`);
  await writeFile(join(ROOT, PAGE), mutationPage(rows, (await readTables(ROOT)).ts));
}

function tableOf(judgements: readonly Judgement[]): string {
  const table = new Table({
    head: ["#", "mutation", "file", "caught by"],
    style: { head: [], border: [] },
    colWidths: [4, 46, 24, 60],
    wordWrap: true,
  });
  for (const judgement of judgements) {
    table.push([judgement.number, judgement.wrong, judgement.file, verdictOf(judgement)]);
  }
  const caught = judgements.filter(({ caughtBy }) => caughtBy !== null).length;
  return `${table.toString()}\n${caught} of ${judgements.length} mutations caught`;
}

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    near: { type: "boolean", default: false },
    workers: { type: "string", default: WORKERS },
  },
});
try {
  const { only, json, write, near, workers } = values;
  const fine = await main(only, json, write, near, Number(workers));
  process.exitCode = fine ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
