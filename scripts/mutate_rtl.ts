/**
 * `deno task mutate`: breaks the RTL in one place at a time and names the test that notices. If no test notices,
 * the tests have a gap and the run fails. `--only 9,100-129` selects mutations by number, `--json` prints JSON,
 * `--workers <n>` run at the same time. `--write` puts each result into docs/mutations.md and docs/mutations.json
 * at once; without `--only` it runs only mutations that are not there yet, so a run that was ended goes on. `--near`
 * runs only the test files that open the build, beside committed builds, in seconds a mutation: first the quick tests,
 * then the long ones of the nearest files. It leaves what they do not notice, without a reason in the list, to a whole
 * run.
 * `--last <files>` puts the mutations of files at the end. `--mark` judges nothing: it drops rows of mutations that are
 * no longer listed and writes the page again.
 *
 * @module
 */

import Table from "cli-table3";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { COMMITTED_BUILDS } from "../kernels/rtl/builds.ts";
import { mapWithWorkers } from "./io/workers.ts";
import { mutationPage, PAGE, readTables, RTL_TABLE } from "./mutate/page.ts";
import { GENERATED } from "./rtl/generated.ts";
import { limitOf, nearestTests, nearTests, runTests, type TestRun } from "./rtl/mutant_tests.ts";
import { openTimes } from "./rtl/mutant_times.ts";
import { buildSound, withMutant } from "./rtl/mutants.ts";
import { type JudgedMutation, mergeJudged, unjudged } from "./rtl/mutation_table.ts";
import { listMutations, type Mutation } from "./rtl/mutations.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Objects of the unchanged builds, of all runs. */
const OBJECTS = join(ROOT, "out", "mutate");
/** Default number of mutations that are built and tested at the same time. */
const WORKERS = "2";

/** Result of one run of a mutation. */
interface Judgement extends JudgedMutation {
  readonly number: number;
  /** Reason why the tests could not run, such as a build that fails; null if they ran. */
  readonly error: string | null;
}

/** Runs a test file on a mutant, within the limit that the unchanged RTL gives. */
type Check = (folder: string) => Promise<TestRun>;

/** The unchanged RTL: its builds, and what its tests take. */
interface Sound {
  readonly folder: string;
  /** Checks of a build, quickest first. Each is measured on first use, and fails if the unchanged RTL does. */
  checksOf(build: string): Iterable<Promise<Check>>;
}

/** Returns what was made for a key before, or makes it. */
function once<T>(kept: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  if (!kept.has(key)) kept.set(key, make());
  return kept.get(key)!;
}

/** Prepares the unchanged RTL. */
async function openSound(folder: string, isNear: boolean, workers: number): Promise<Sound> {
  await mkdir(OBJECTS, { recursive: true });
  await cp(GENERATED, folder, { recursive: true });
  // The sources may be newer than the committed builds, so a whole run builds all of them.
  if (!isNear) {
    await mapWithWorkers(COMMITTED_BUILDS, workers, ({ name }) => buildSound(name, folder, OBJECTS));
  }
  const times = await openTimes(OBJECTS);
  const checks = new Map<string, Promise<Check>>();
  const builds = new Map<string, Promise<void>>();
  const build = (name: string) => once(builds, name, () => buildSound(name, folder, OBJECTS));
  const measured = (name: string, tests: string, suite: "" | "all"): Promise<Check> =>
    once(checks, `${name} ${tests} ${suite}`, async () => {
      const cpuSeconds = await times.get(`${name} ${tests} ${suite}`, async () => {
        if (name !== "") await build(name);
        const { failure, cpuSeconds } = await runTests(ROOT, folder, tests, suite);
        if (failure !== null) throw new Error(`Cannot judge mutations: without any, this fails: ${failure}`);
        return cpuSeconds;
      });
      return (mutant) => runTests(ROOT, mutant, tests, suite, limitOf(cpuSeconds));
    });
  return {
    folder,
    *checksOf(build) {
      for (const tests of nearTests(build)) yield measured(build, tests, "");
      for (const tests of nearestTests(build)) yield measured(build, tests, "all");
      if (!isNear) yield measured("", "", "all");
    },
  };
}

/** Breaks a copy in one place, builds it and runs the tests; the other builds are unchanged. */
async function judge(mutation: Mutation, sound: Sound): Promise<Judgement> {
  try {
    const caughtBy = await withMutant(mutation, sound.folder, OBJECTS, async (folder) => {
      for (const check of sound.checksOf(mutation.build)) {
        const { failure } = await (await check)(folder);
        if (failure !== null) return failure;
      }
      return null;
    });
    return { ...mutation, caughtBy, error: null };
  } catch (error) {
    return { ...mutation, caughtBy: null, error: error instanceof Error ? error.message : String(error) };
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

/** Puts mutations of files at the end of a list. */
function withLast(mutations: readonly Mutation[], files: readonly string[]): Mutation[] {
  const isLast = ({ file }: Mutation) => files.includes(file);
  return [...mutations.filter((each) => !isLast(each)), ...mutations.filter(isLast)];
}

/** Judges mutations; returns true if all have the expected result. */
async function main(
  chosen: readonly Mutation[] | null,
  json: boolean,
  write: boolean,
  near: boolean,
  last: readonly string[],
  workers: number,
): Promise<boolean> {
  let table: readonly JudgedMutation[] = write ? (await readTables(ROOT)).rtl : [];
  const mutations = withLast(chosen ?? (write ? unjudged(table) : listMutations()), last);
  if (mutations.length === 0) throw new Error("Cannot mutate the RTL: every mutation is judged");
  const folder = await mkdtemp(join(tmpdir(), "onpath-sound-"));
  try {
    const sound = await openSound(folder, near, workers);
    let done = 0;
    const judgements = await mapWithWorkers(mutations, workers, async (mutation) => {
      const judgement = await judge(mutation, sound);
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
    last: { type: "string", default: "" },
    mark: { type: "boolean", default: false },
    workers: { type: "string", default: WORKERS },
  },
});
try {
  const { only, json, write, near, last, mark, workers } = values;
  if (mark) await writeTable(mergeJudged((await readTables(ROOT)).rtl, []));
  else {
    const chosen = only === undefined ? null : mutationsOf(only);
    const fine = await main(chosen, json, write, near, last.split(","), Number(workers));
    process.exitCode = fine ? 0 : 1;
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
