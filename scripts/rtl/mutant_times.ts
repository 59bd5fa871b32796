/**
 * CPU time of the tests on the unchanged RTL, kept until the RTL or the tests change. So a run that goes on begins
 * with its first mutant.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Times that were measured. */
export interface Times {
  /** Returns the CPU seconds that were measured under a name, or measures them. */
  get(name: string, measure: () => Promise<number>): Promise<number>;
}

/** Checksum of the RTL, of its harness and of its tests. */
async function checksum(): Promise<string> {
  const hash = createHash("sha256");
  for (const folder of ["kernels/rtl", "tests/rtl"]) {
    for (const name of (await readdir(join(ROOT, folder), { recursive: true })).sort()) {
      if (!/\.(sv|cpp|h|ts)$/.test(name) || name.startsWith("generated")) continue;
      hash.update(name).update(await readFile(join(ROOT, folder, name)));
    }
  }
  return hash.digest("hex");
}

/**
 * Opens the times of the current RTL and tests.
 *
 * @param folder Folder that keeps them.
 */
export async function openTimes(folder: string): Promise<Times> {
  const path = join(folder, "times.json");
  const current = await checksum();
  let kept: { sum: string; times: Record<string, number> } = { sum: current, times: {} };
  try {
    const found = JSON.parse(await readFile(path, "utf8")) as typeof kept;
    if (found.sum === current) kept = found;
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ENOENT") throw error;
  }
  return {
    get: async (name, measure) => {
      if (kept.times[name] === undefined) {
        kept.times[name] = await measure();
        await writeFile(path, JSON.stringify(kept));
      }
      return kept.times[name];
    },
  };
}
