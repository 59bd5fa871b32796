/**
 * The README's code, run as it is written.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Code blocks of one section that `deno test --doc` does not run. */
export async function readmeCode(section: string): Promise<string[]> {
  const readme = await readFile(join(ROOT, "README.md"), "utf8");
  const text = readme.split("\n## ").find((part) => part.startsWith(section))!;
  return [...text.matchAll(/```ts ignore\n([\s\S]*?)```/g)].map(([, code]) => code!);
}

/** Runs a module in a folder, with the library's names; what it prints. */
export async function runCode(folder: string, code: string): Promise<string> {
  const path = join(folder, "main.ts");
  await writeFile(path, code);
  const { code: status, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", "--config", join(ROOT, "deno.json"), path],
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  assert.equal(status, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
