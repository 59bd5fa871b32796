/**
 * Chromium without a window.
 *
 * @module
 */

import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** Path of the program chromium on PATH; undefined if it is missing. */
export async function findChromium(): Promise<string | undefined> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(delimiter)) {
    const path = join(folder, "chromium");
    if (folder !== "" && await stat(path).then((info) => info.isFile(), () => false)) return path;
  }
  return undefined;
}

/** Runs the browser to its end with a profile of its own; what it prints. */
export function browse(chromium: string, folder: string, ...args: string[]): Promise<string> {
  const command = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--disable-background-networking",
    `--user-data-dir=${join(folder, "profile")}`,
    ...args,
  ];
  return new Promise((resolve, reject) => {
    const options = { encoding: "utf8", timeout: 60_000, maxBuffer: 2 ** 26 } as const;
    execFile(
      chromium,
      command,
      options,
      (error, stdout) => error === null ? resolve(stdout) : reject(error),
    );
  });
}
