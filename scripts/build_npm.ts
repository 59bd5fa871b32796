/**
 * Builds the npm package into `npm/dist`, packs it, installs it in a temporary folder, and runs it there.
 * `deno task npm --keep` keeps that folder.
 *
 * @module
 */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildPackage } from "../npm/build.ts";
import {
  checkCommand,
  checkEmulated,
  checkNetwork,
  checkProgram,
  checkRuns,
  install,
} from "../npm/check_install.ts";
import { checkSize } from "../npm/check_size.ts";
import { PACKAGE_NAME } from "../npm/package_json.ts";
import { checkCpu } from "../npm/check_cpu.ts";
import { checkRtl } from "../npm/check_rtl.ts";
import { checkPublint, checkSources, checkTypes } from "../npm/check_package.ts";
import { run } from "../npm/run.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url)).replace(/[/\\]$/, "");
const DIST = join(ROOT, "npm/dist");

/** Builds and checks the package; packs and installs it in `folder`. */
async function main(folder: string): Promise<void> {
  await buildPackage(ROOT, DIST, (line) => console.log(`built    ${line}`));
  const packed = await run("npm", ["pack", "--json", "--pack-destination", folder], DIST);
  const { filename, size, entryCount } = firstOf(JSON.parse(packed));
  console.log(`packed   ${filename}: ${entryCount} files, ${Math.ceil(size / 1000)} kB`);
  const path = join(folder, filename);
  const tarball = new Uint8Array(await readFile(path));
  const checks = [
    () => checkSources(DIST, ROOT),
    () => checkPublint(tarball),
    () => checkTypes(tarball),
    () => install(ROOT, path, folder),
    () => checkSize(join(folder, "node_modules", PACKAGE_NAME), join(folder, "node_modules")),
    () => checkRuns(ROOT, folder),
    () => checkRtl(ROOT, folder),
    () => checkCpu(ROOT, folder),
    () => checkProgram(ROOT, folder),
    () => checkCommand(ROOT, folder),
    () => checkNetwork(folder),
    () => checkEmulated(ROOT, folder),
  ];
  for (const check of checks) console.log(`checked  ${await check()}`);
}

/** Reads npm's report of a packed package: a list in older versions, an object by name in newer ones. */
function firstOf(packed: unknown): { filename: string; size: number; entryCount: number } {
  return Object.values(packed as Record<string, { filename: string; size: number; entryCount: number }>)[0]!;
}

const { values: { keep } } = parseArgs({ options: { keep: { type: "boolean", default: false } } });
const folder = await mkdtemp(join(tmpdir(), "onpath-npm-"));
try {
  await main(folder);
} catch (error) {
  console.error(`failed   ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  if (keep) console.log(`kept     ${folder}`);
  else await rm(folder, { recursive: true, force: true });
}
