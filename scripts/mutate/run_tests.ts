/**
 * Copies of the repository in which a file is changed and tests are run.
 *
 * @module
 */

import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** Folders and files that tests read. */
const COPIED = ["serialize", "kernels", "runtime", "tests", "scripts", "docs", "mod.ts", "README.md"];
const CONFIG = ["deno.json", "deno.lock"];

/** Memory of a test run in MiB: a loop without an end ends there. */
const HEAP_MIB = 1500;

/** A copy of the repository. */
export interface Copy {
  /**
   * Runs tests on a changed file, and restores it.
   *
   * @param file Path of the file.
   * @param change Changes its text.
   * @param tests Paths of test files, in the order in which they run.
   * @param timeoutMs Milliseconds after which the run is ended.
   * @returns Name of the first test that failed; null if all passed.
   */
  readonly run: (
    file: string,
    change: (source: string) => string,
    tests: readonly string[],
    timeoutMs: number,
  ) => Promise<string | null>;
  /** Deletes the copy. */
  readonly close: () => Promise<void>;
}

/**
 * Copies the repository.
 *
 * @param root Folder of the repository.
 */
export async function copyRepository(root: string): Promise<Copy> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-mutate-"));
  for (const name of [...COPIED, ...CONFIG]) {
    await cp(join(root, name), join(folder, name), { recursive: true });
  }
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  return {
    run: async (file, change, tests, timeoutMs) => {
      const path = join(folder, file);
      const source = await readFile(path, "utf8");
      await writeFile(path, change(source));
      try {
        return await firstFailure(folder, tests, timeoutMs);
      } finally {
        await writeFile(path, source);
      }
    },
    close: () => rm(folder, { recursive: true }),
  };
}

function firstFailure(folder: string, tests: readonly string[], timeout: number): Promise<string | null> {
  const heap = `--v8-flags=--max-old-space-size=${HEAP_MIB}`;
  const args = ["test", "-A", "--no-check", "--fail-fast", heap, ...tests];
  const env = { ...process.env, NO_COLOR: "1" };
  const options = { cwd: folder, env, timeout, killSignal: "SIGKILL", maxBuffer: 2 ** 26 } as const;
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, stdout) => {
      if (error === null) return resolve(null);
      if (error.killed) return resolve("timeout");
      const test = /^(.+) \.\.\. FAILED/m.exec(stdout)?.[1];
      const file = /^(?:\.\/)?(tests\/\S+\.ts) \(uncaught error\)/m.exec(stdout)?.[1];
      resolve(test ?? (file === undefined ? "the process ends" : `${file}, at its start`));
    });
  });
}
