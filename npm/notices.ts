/**
 * Licence notices of the packages bundled into the command, and of the code in the RTL's WebAssembly.
 *
 * @module
 */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Libraries whose code is in the RTL's WebAssembly, with their notice files in `npm/licenses`. */
export const WASM_NOTICES: Readonly<Record<string, string>> = {
  "Verilator": "verilator.txt",
  "wasi-libc": "wasi-libc.txt",
  "libc++ and compiler-rt": "llvm.txt",
};

/**
 * Collects the licences of bundled packages and of the libraries in the WebAssembly.
 *
 * @param root Folder of the repository.
 * @param sources Bundled sources, relative to the repository.
 * @returns Text of THIRD_PARTY.txt, and names of the packages.
 * @throws {Error} If a package has no licence file.
 */
export async function collectNotices(
  root: string,
  sources: readonly string[],
): Promise<{ text: string; names: string[] }> {
  const folders = new Set(sources.map(packageFolder).filter((folder) => folder !== undefined));
  const notices = new Map<string, string>();
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(await readFile(join(root, folder, "package.json"), "utf8"));
    const file = (await readdir(join(root, folder))).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
    if (file === undefined) throw new Error(`Cannot bundle ${name} ${version}: its licence file is missing`);
    const text = (await readFile(join(root, folder, file), "utf8")).replaceAll("\r\n", "\n").trim();
    notices.set(name, `${"=".repeat(80)}\n${name} ${version} (${license})\n\n${text}\n`);
  }
  const names = [...notices.keys()].sort();
  const head = `The command in bin/onpath.js contains these packages: ${names.join(", ")}.\n`;
  const wasm = await Promise.all(
    Object.values(WASM_NOTICES).map(async (file) => {
      const text = (await readFile(join(root, "npm/licenses", file), "utf8")).trim();
      return `${"=".repeat(80)}\n${text}\n`;
    }),
  );
  const inside = `The WebAssembly of the RTL contains code of ${Object.keys(WASM_NOTICES).join(", ")}.\n`;
  return { text: [head, inside, ...names.map((name) => notices.get(name)!), ...wasm].join("\n"), names };
}

/**
 * Finds the package that contains a source.
 *
 * @param source Path of the source.
 * @returns Folder of the package, or undefined for a source of this repository.
 */
export function packageFolder(source: string): string | undefined {
  return source.match(/^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//)?.[1];
}
