/**
 * Folders and sources for tests of records.
 *
 * @module
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Records } from "../../../kernels/tabular/table.ts";
import type { RecordSource } from "../../../scripts/records/source.ts";

/** Runs a test in a folder of its own. */
export async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-records-"));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Reads all batches of a source. */
export async function readAll(source: RecordSource): Promise<Records[]> {
  const batches: Records[] = [];
  for await (const batch of source.batches()) batches.push(batch);
  return batches;
}
