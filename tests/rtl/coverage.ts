/**
 * What `deno task coverage` counts while the RTL's tests run on builds that count.
 *
 * @module
 */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** What a build exports that counts. */
export interface CoverageExports {
  readonly memory: WebAssembly.Memory;
  readonly coverage_at: () => number;
  readonly coverage_points: () => number;
}

/**
 * Writes the counts of an instance into the folder that ONPATH_COVERAGE names, when the file's tests are over.
 *
 * @param build The build that it is of.
 * @param rtl The instance.
 */
export function keepCoverage(build: string, rtl: CoverageExports): void {
  const folder = process.env.ONPATH_COVERAGE;
  assert(folder !== undefined, "a build counts, and ONPATH_COVERAGE names no folder");
  globalThis.addEventListener("unload", () => {
    const counts = new Uint8Array(rtl.memory.buffer, rtl.coverage_at(), 4 * rtl.coverage_points());
    writeFileSync(join(folder, `${build}.${randomUUID()}.counts`), counts);
  });
}
