/**
 * Mutants that `deno task mutate:ts` runs: a few of each file, the same ones in every run.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32c } from "../../serialize/crc32c.ts";
import { listMutants, type Mutant } from "./mutants.ts";
import { EXCLUDED, type Target, TARGETS } from "./targets.ts";

/** Maximum mutants of each file. */
export const SAMPLE_COUNT = 12;

/** Start of the checksums by which the mutants of a file are sorted. */
const SEED = "onpath";

/** A file, its tests and its mutants. */
export interface Subject {
  /** Path of the file. */
  readonly file: string;
  /** Name of its group. */
  readonly group: string;
  /** Paths of its tests; those that share the file's name come first. */
  readonly tests: readonly string[];
  /** All mutants of the file. */
  readonly mutants: readonly Mutant[];
}

/**
 * Lists the files that are mutated.
 *
 * @param root Folder of the repository.
 * @returns The files, in the order of the groups.
 */
export function listSubjects(root: string): Subject[] {
  const seen = new Set<string>();
  return TARGETS.flatMap((target) =>
    target.paths.flatMap((path) => expand(root, path, ".ts")).flatMap((file): Subject[] => {
      if (EXCLUDED.test(file) || seen.has(file)) return [];
      seen.add(file);
      const mutants = listMutants(file, readFileSync(join(root, file), "utf8"));
      if (mutants.length === 0) return [];
      return [{ file, group: target.group, tests: testsOf(root, file, target), mutants }];
    })
  );
}

/**
 * Selects a few mutants of a file. An edit elsewhere in the file does not change the selection.
 *
 * @param mutants All mutants of the file.
 * @param count Maximum mutants to select.
 * @returns The sample, in the order of the file.
 */
export function sample(mutants: readonly Mutant[], count: number): Mutant[] {
  const ranked = mutants.map((mutant) => ({ mutant, rank: rankOf(mutant) }));
  ranked.sort((a, b) => a.rank - b.rank);
  return ranked.slice(0, count).map(({ mutant }) => mutant).sort((a, b) => a.start - b.start);
}

function rankOf({ file, scope, text, replacement, nth }: Mutant): number {
  return crc32c(new TextEncoder().encode(JSON.stringify([SEED, file, scope, text, replacement, nth])));
}

function testsOf(root: string, file: string, { tests }: Target): string[] {
  const name = /(\w+)\.ts$/.exec(file)![1]!;
  const all = [...new Set(tests.flatMap((path) => expand(root, path, "_test.ts")))];
  const isNear = (test: string) => test.includes(`/${name}`);
  return [...all.filter(isNear), ...all.filter((test) => !isNear(test))];
}

/** Files of a folder, without those of inner folders. */
function expand(root: string, path: string, suffix: string): string[] {
  if (!path.endsWith("/")) return [path];
  return readdirSync(join(root, path)).filter((name) => name.endsWith(suffix)).sort().map((name) =>
    `${path}${name}`
  );
}
