/**
 * Command lines for tests.
 *
 * @module
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Ended } from "./cli_child.ts";

const CHILD = fileURLToPath(new URL("cli_child.ts", import.meta.url));

/**
 * Runs command lines one after another. All share one process, because each start of a process takes a second.
 *
 * @param cwd Folder that they run in.
 * @param commands Arguments of each.
 * @returns Their ends, in order.
 */
export async function offloadAll(
  cwd: string,
  commands: readonly (readonly string[])[],
): Promise<readonly Ended[]> {
  const args = ["run", "-A", "--quiet", "--no-check", CHILD, JSON.stringify(commands)];
  const env = { ...Deno.env.toObject(), NO_COLOR: "1", COLUMNS: "120" };
  const printed = await new Promise<string>((resolve, reject) =>
    execFile(
      Deno.execPath(),
      args,
      { cwd, encoding: "utf8", timeout: 120_000, env, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(stderr, { cause: error })),
    )
  );
  const ends = JSON.parse(printed) as readonly Ended[];
  assert.equal(ends.length, commands.length);
  return ends;
}
