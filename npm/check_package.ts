/**
 * Checks the packed package as resolvers see it: publint, are-the-types-wrong, and its contents.
 *
 * @module
 */

import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

/**
 * Runs publint on the packed package.
 *
 * @param tarball Packed package.
 * @throws {Error} If publint reports anything, including suggestions; the message lists it.
 */
export async function checkPublint(tarball: Uint8Array<ArrayBuffer>): Promise<string> {
  const { messages, pkg } = await publint({
    strict: true,
    pack: { tarball: tarball.buffer },
  });
  if (messages.length > 0) {
    const found = messages.map((message) => formatMessage(message, pkg, { color: false }));
    throw new Error(`Cannot accept the package: publint finds:\n${found.join("\n")}`);
  }
  return "publint finds nothing";
}

/**
 * Runs are-the-types-wrong on the packed package.
 *
 * @param tarball Packed package.
 * @throws {Error} If it reports problems; the message lists them.
 */
export async function checkTypes(tarball: Uint8Array): Promise<string> {
  const analysis = await checkPackage(createPackageFromTarballData(tarball));
  if (!analysis.types) throw new Error("Cannot accept the package: are-the-types-wrong finds no types");
  const problems = analysis.problems.map((problem) => JSON.stringify(problem));
  const entries = Object.entries(analysis.entrypoints).filter(([subpath]) => subpath !== "./package.json");
  for (const [subpath, { resolutions }] of entries) {
    for (const [kind, { resolution }] of Object.entries(resolutions)) {
      if (resolution === undefined) problems.push(`${subpath} resolves to nothing with ${kind}`);
    }
  }
  if (problems.length > 0) {
    throw new Error(`Cannot accept the package: are-the-types-wrong finds:\n${problems.join("\n")}`);
  }
  return `are-the-types-wrong finds nothing: ${entries.length} entries; node10, node16 from CJS and ESM, bundler`;
}

/** Marks the files with the XRT binding, which uses Deno's foreign function interface, or koffi elsewhere. */
const HAS_BINDING = /\bdlopen\b/;

/**
 * Checks that built code does not use Deno's namespace and contains no path of this machine.
 *
 * @param folder Folder of the built package.
 * @param root Folder of the repository.
 * @throws {Error} If a file does; the message names it.
 */
export async function checkSources(folder: string, root: string): Promise<string> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => /\.(c?js|d\.c?ts)$/.test(file));
  for (const file of files) {
    const text = await readFile(join(folder, file), "utf8");
    if (text.includes(root)) throw new Error(`Cannot accept ${file}: it names the folder of its build`);
    const call = /\.c?js$/.test(file) && !HAS_BINDING.test(text) ? findDeno(text) : undefined;
    if (call !== undefined) throw new Error(`Cannot accept ${file}: it uses ${call}, which only Deno has`);
  }
  return `${files.length} built files use no API of Deno and contain no folder of this machine`;
}

/**
 * Finds a use of Deno's namespace.
 *
 * @param text Source text.
 * @returns The use, such as `Deno.args`, or undefined.
 */
export function findDeno(text: string): string | undefined {
  return text.match(/\bDeno\s*(\?\.|\.|\[)\s*\w+/)?.[0];
}
