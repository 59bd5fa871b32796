/**
 * Programs of the tests in Node.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as esbuild from "esbuild";

/** Puts the URL of each source in the place of `import.meta.url`, which would be the bundle's. */
const keepUrls: esbuild.Plugin = {
  name: "keep-urls",
  setup: (build) => {
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replaceAll(
        /\bimport\.meta\.url\b/g,
        JSON.stringify(pathToFileURL(path).href),
      ),
      loader: "ts",
    }));
  },
};

const ROOT = new URL("../../", import.meta.url);

/**
 * Bundles a program for Node. Packages stay outside.
 *
 * @param url URL of the program. Modules keep their own URLs, by which they find files.
 * @returns Path of the bundle, beside the packages; the caller removes it.
 */
export async function bundleForNode(url: URL | string): Promise<string> {
  const folder = new URL("node_modules/.cache/onpath/", ROOT);
  mkdirSync(folder, { recursive: true });
  const bundle = fileURLToPath(new URL(`${crypto.randomUUID()}.mjs`, folder));
  await esbuild.build({
    absWorkingDir: fileURLToPath(ROOT),
    entryPoints: [fileURLToPath(url)],
    outfile: bundle,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    alias: { "onpath/kernels": fileURLToPath(new URL("kernels/mod.ts", ROOT)) },
    logLevel: "warning",
    plugins: [keepUrls],
  });
  await esbuild.stop();
  return bundle;
}

/**
 * Runs a program in Node, with the streams of this process.
 *
 * @param url URL of the program.
 * @param args Arguments.
 * @returns Exit code; 1 if a signal ended it.
 */
export async function runInNode(url: string, args: readonly string[]): Promise<number> {
  const bundle = await bundleForNode(url);
  try {
    const [code] = await once(spawn("node", [bundle, ...args], { stdio: "inherit" }), "close");
    return code ?? 1;
  } finally {
    rmSync(bundle, { force: true });
  }
}
