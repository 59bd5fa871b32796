/**
 * Runs all checks of the repository: `deno task check:repo`.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { checkDocumentation } from "./documentation.ts";
import { checkExports } from "./exports.ts";
import { circles, imports } from "./imports.ts";
import { links } from "./links.ts";
import { denoNamespace, leftovers, newerNames } from "./names.ts";
import { places } from "./places.ts";
import { sizes } from "./sizes.ts";
import { tasks } from "./tasks.ts";
import { type Check, readTree } from "./tree.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/[/\\]$/, "");

/** Lists the public entries of deno.json. */
function entries(): string[] {
  const config: { exports: Record<string, string> } = JSON.parse(
    readFileSync(join(ROOT, "deno.json"), "utf8"),
  );
  return Object.values(config.exports);
}

/** All checks, in the order in which they run. */
export const CHECKS: readonly Check[] = [
  imports,
  circles,
  denoNamespace,
  leftovers,
  newerNames,
  sizes,
  places,
  tasks,
  links,
  {
    name: "docs",
    rule: "every export of the public entries is documented, with more than its name",
    run: () => checkDocumentation(ROOT, entries()),
  },
  {
    name: "exports",
    rule: "every public name has an example, or README, docs or another public name use it",
    run: (tree) => checkExports(ROOT, entries(), tree),
  },
];

/**
 * Runs the checks on this repository and prints their findings.
 *
 * @returns True if no check found an error.
 */
export function checkRepo(): boolean {
  const tree = readTree(ROOT);
  let errors = 0;
  let warnings = 0;
  for (const { name, rule, run } of CHECKS) {
    const findings = run(tree);
    const failed = findings.filter(({ level }) => level === "error").length;
    errors += failed;
    warnings += findings.length - failed;
    console.log(`${failed === 0 ? "ok  " : "FAIL"}  ${name.padEnd(10)} ${rule}`);
    for (const { level, at, message } of findings) console.log(`      ${level}  ${at}  ${message}`);
  }
  console.log(`\n${tree.paths.length} files: ${errors} errors, ${warnings} warnings`);
  return errors === 0;
}

if (import.meta.main) process.exitCode = checkRepo() ? 0 : 1;
