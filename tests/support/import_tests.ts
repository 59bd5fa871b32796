/**
 * Test files of a folder in one worker. A worker loads the library in about 0.4 s, more than most files take, so
 * the quick suite joins files that share nothing outside themselves. The long suite runs each in its own.
 *
 * @module
 */

import { readdir } from "node:fs/promises";

/**
 * Registers the tests of the files `*_test.ts` of a folder, without its subfolders.
 *
 * @param folder Folder in tests/.
 * @param part Number of this part, from 0.
 * @param parts Parts among which the files are dealt out.
 */
export async function importTests(folder: string, part = 0, parts = 1): Promise<void> {
  const url = new URL(`../${folder}/`, import.meta.url);
  const files = (await readdir(url)).filter((name) => name.endsWith("_test.ts")).sort();
  for (const [at, name] of files.entries()) {
    if (at % parts === part) await import(new URL(name, url).href);
  }
}
