/**
 * `deno task mutate:ts`: makes one mistake at a time in the TypeScript and lists those that the tests do not
 * notice. `--only serialize/text` selects files by the start of their path. `--known` runs only the listed mistakes,
 * `--all` every mutant in place of a sample. `--write` puts the result into docs/mutations_ts.json and
 * docs/mutations.md.
 *
 * @module
 */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { mapWithWorkers } from "./io/workers.ts";
import { KNOWN } from "./mutate/known.ts";
import { applyMutant, type Mutant } from "./mutate/mutants.ts";
import { mutationPage, PAGE, readTables, TS_TABLE } from "./mutate/page.ts";
import { firstFailure, stopBundler } from "./mutate/run_tests.ts";
import { listSubjects, sample, SAMPLE_COUNT, type Subject } from "./mutate/sample.ts";
import { type FileRow, type KnownRow, mergeRows, type UnnoticedRow } from "./mutate/table.ts";
import { reasonOf } from "./mutate/reasons.ts";
import { applyMutation } from "./rtl/mutations.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Time limit of a test file: `PATIENCE` times the time of all files on unchanged code, plus `MIN_MS`. */
const PATIENCE = 1;
const MIN_MS = 10_000;
/** Time limit of the tests on unchanged code, in milliseconds. */
const SOUND_MS = 600_000;

interface Options {
  readonly only: string;
  readonly known: boolean;
  readonly all: boolean;
  readonly write: boolean;
  readonly workers: number;
}

/** Checks once for each list of tests that they pass on unchanged code; returns the time limit of a file. */
function createLimits(): (file: string, tests: readonly string[]) => Promise<number> {
  const limits = new Map<string, Promise<number>>();
  const measure = async (file: string, tests: readonly string[]) => {
    const start = performance.now();
    const failure = await firstFailure(ROOT, file, await sourceOf(file), tests, SOUND_MS);
    if (failure !== null) {
      throw new Error(`Cannot judge mutants of ${file}: without any, this fails: ${failure}`);
    }
    return MIN_MS + Math.ceil(PATIENCE * (performance.now() - start));
  };
  return (file, tests) => {
    const key = [...tests].sort().join();
    const limit = limits.get(key) ?? measure(file, tests);
    limits.set(key, limit);
    return limit;
  };
}

function sourceOf(file: string): Promise<string> {
  return readFile(join(ROOT, file), "utf8");
}

/** Runs the test file of each listed mistake. */
async function judgeKnown(workers: number, only: string): Promise<KnownRow[]> {
  const rows: KnownRow[] = [];
  const limitOf = createLimits();
  const taken = KNOWN.filter(({ file }) => file.startsWith(only));
  await mapWithWorkers(taken, workers, async (mutant) => {
    const { file, test, wrong } = mutant;
    const limit = await limitOf(file, [test]);
    const caughtBy = await firstFailure(
      ROOT,
      file,
      applyMutation(mutant, await sourceOf(file)),
      [test],
      limit,
    );
    rows.push({ file, wrong, caughtBy });
    console.error(`${file}: ${wrong}: ${caughtBy ?? "NOBODY"}`);
  });
  return taken.map(({ wrong }) => rows.find((row) => row.wrong === wrong)!);
}

/** Runs the tests on the mutants of the files. */
async function judgeFiles(
  workers: number,
  subjects: readonly Subject[],
  all: boolean,
): Promise<FileRow[]> {
  const limitOf = createLimits();
  const work = subjects.flatMap((subject) =>
    sample(subject.mutants, all ? Infinity : SAMPLE_COUNT).map((mutant) => ({ subject, mutant }))
  );
  const unnoticed: Mutant[] = [];
  let done = 0;
  await mapWithWorkers(work, workers, async ({ subject: { file, tests }, mutant }) => {
    const limit = await limitOf(file, tests);
    const caughtBy = await firstFailure(ROOT, file, applyMutant(mutant, await sourceOf(file)), tests, limit);
    if (caughtBy === null) unnoticed.push(mutant);
    const { line, scope, text, replacement } = mutant;
    const verdict = caughtBy ?? (reasonOf(mutant) === undefined ? "NOBODY" : "nobody, as explained");
    console.error(`${++done}/${work.length} ${file}:${line} ${scope}: ${text} → ${replacement}: ${verdict}`);
  });
  return subjects.map(({ file, group, mutants }): FileRow => ({
    group,
    file,
    mutants: mutants.length,
    tried: work.filter(({ subject }) => subject.file === file).length,
    unnoticed: unnoticed.filter((mutant) => mutant.file === file).sort((a, b) => a.start - b.start).map(
      (mutant): UnnoticedRow => {
        const { scope, text, replacement, nth } = mutant;
        return { scope, text, replacement, nth, reason: reasonOf(mutant) ?? null };
      },
    ),
  }));
}

/** Runs the mutants; returns true if each is noticed or has a reason. */
async function main({ only, known, all, write, workers }: Options): Promise<boolean> {
  try {
    const knownRows = await judgeKnown(workers, only);
    const subjects = known ? [] : listSubjects(ROOT).filter(({ file }) => file.startsWith(only));
    const rows = await judgeFiles(workers, subjects, all);
    const tried = rows.reduce((sum, row) => sum + row.tried, 0);
    const missed = rows.reduce((sum, row) => sum + row.unnoticed.length, 0);
    console.log(
      `${tried - missed} of ${tried} mutants and ${
        knownRows.filter(({ caughtBy }) => caughtBy !== null).length
      } of ${knownRows.length} listed mistakes noticed`,
    );
    if (write) {
      const { rtl, ts } = await readTables(ROOT);
      const files = listSubjects(ROOT).map(({ file }) => file);
      const mistakes = KNOWN.map(({ wrong }) => wrong);
      const merged = mergeRows(ts, { known: knownRows, files: rows }, files, mistakes);
      await writeFile(join(ROOT, TS_TABLE), `${JSON.stringify(merged, null, 1)}\n`);
      await writeFile(join(ROOT, PAGE), mutationPage(rtl, merged));
    }
    return knownRows.every(({ caughtBy }) => caughtBy !== null) &&
      rows.every((row) => row.unnoticed.every(({ reason }) => reason !== null));
  } finally {
    await stopBundler();
  }
}

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    known: { type: "boolean", default: false },
    all: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    workers: { type: "string", default: "2" },
  },
});
try {
  const isFine = await main({ ...values, workers: Number(values.workers) });
  // A mutant may loop in a worker that no call can end; it must not outlive the judgement.
  process.exit(isFine ? 0 : 1);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
