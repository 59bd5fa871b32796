/**
 * Checks that the cpu device of the installed package computes in Deno, Node, Bun and a browser, with a worker thread.
 *
 * @module
 */

import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { isDeepStrictEqual } from "node:util";
import { hashPipelines } from "./check_install.ts";
import { findBrowser, runPage } from "./browser.ts";
import { run } from "./run.ts";

/** Version of Bun, installed by npx. */
export const BUN = "bun@1.4.5";

/** Files of this check only; the check of runs has copied the photograph and its pipelines. */
const FILES = ["cpu.mjs", "cpu_files.mjs", "cpu.html"];

/** Images of a batch in `cpu.mjs`. */
const BATCH = 6;

/**
 * Runs the cpu device on every platform.
 *
 * @param root Folder of the repository.
 * @param folder Folder of the installed package, with the files of `checkRuns`.
 * @returns A summary of the platforms. Outside CI, a missing browser is reported as skipped.
 * @throws {Error} If a platform's bytes differ.
 */
export async function checkCpu(root: string, folder: string): Promise<string> {
  for (const file of FILES) await copyFile(join(root, "npm/consumer", file), join(folder, file));
  const { hashes } = await hashPipelines(root);
  const expected = hashes.map((hash) => ({ hashes: Array<string>(BATCH).fill(hash), direct: BATCH }));
  const same = (where: string, found: unknown) => {
    if (isDeepStrictEqual(found, expected)) return;
    const [text, wanted] = [found, expected].map((each) => JSON.stringify(each));
    throw new Error(`Cannot accept the cpu device in ${where}: found ${text}, expected ${wanted}`);
  };
  const commands = [
    // Reading is for the photograph; the thread's code needs no file.
    ["Deno", process.execPath, "run", "--no-lock", "--allow-read=.", "cpu_files.mjs"],
    ["Node", "node", "cpu_files.mjs"],
    ["Bun", "npx", "--yes", BUN, "cpu_files.mjs"],
  ] as const;
  for (const [name, command, ...args] of commands) {
    same(name, JSON.parse(await run(command, args, folder)));
  }
  const platforms = commands.map(([name]): string => name);
  const browser = await findBrowser();
  if (browser !== null) {
    platforms.push("Chromium");
    same("Chromium", await runPage(browser, folder, "/cpu.html"));
  } else if (process.env.CI !== undefined) {
    throw new Error("Cannot check the cpu device: CI requires a browser, Debian's chromium");
  }
  return `the cpu device gives the model's bytes on two threads in ${platforms.join(", ")}` +
    (browser === null ? "; skipped: a browser (Debian's chromium is missing)" : "");
}
