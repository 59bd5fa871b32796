/**
 * Builds the npm package into a folder.
 *
 * @module
 */

import { chmod, copyFile, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bundleCommand, bundleLibrary, stopBundler } from "./bundle.ts";
import { writeDeclarations } from "./declarations.ts";
import { collectNotices } from "./notices.ts";
import { type DenoConfig, listEntries, packageJson } from "./package_json.ts";

/** Source of the command. */
export const COMMAND = "scripts/offload.ts";

/** Source of the command's emulated card, which runs in other threads and processes. */
export const EMULATION = "scripts/emulate.ts";

/** Files that are copied unchanged: source and target. */
const COPIES = [
  ["README.md", "README.md"],
  ["LICENSE", "LICENSE"],
  ["CHANGELOG.md", "CHANGELOG.md"],
  ["scripts/photos/coffee.png", "bin/photos/coffee.png"],
] as const;

/**
 * Builds the package.
 *
 * @param root Folder of the repository.
 * @param out Output folder; its contents are removed first.
 * @param report Receives one line for every completed step.
 */
export async function buildPackage(
  root: string,
  out: string,
  report: (line: string) => void,
): Promise<void> {
  const config: DenoConfig = JSON.parse(await readFile(join(root, "deno.json"), "utf8"));
  const entries = listEntries(config);
  await rm(out, { recursive: true, force: true });
  await mkdir(join(out, "bin"), { recursive: true });
  try {
    await bundleLibrary(root, entries, out);
    report(`${entries.length} entries as ESM and CommonJS: ${entries.map(({ name }) => name).join(", ")}`);
    const bin = join(out, "bin/onpath.js");
    const sources = await bundleCommand(root, COMMAND, bin);
    await bundleCommand(root, EMULATION, join(out, "bin/emulate.js"));
    await chmod(bin, 0o755);
    const { text, names } = await collectNotices(root, sources);
    await writeFile(join(out, "THIRD_PARTY.txt"), text);
    report(`command with ${names.join(", ")}`);
  } finally {
    await stopBundler();
  }
  const declared = await writeDeclarations(root, entries, out);
  report(`declarations of ${declared} sources for both formats`);
  await writeFile(join(out, "package.json"), JSON.stringify(packageJson(config), null, 2) + "\n");
  for (const [from, to] of COPIES) {
    await mkdir(dirname(join(out, to)), { recursive: true });
    await copyFile(join(root, from), join(out, to));
  }
  // The README links to these pages. Their data, from which some are generated, stay in the repository.
  const filter = (path: string) => !path.endsWith(".json");
  await cp(join(root, "docs"), join(out, "docs"), { recursive: true, filter });
}
