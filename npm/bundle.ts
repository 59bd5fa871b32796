/**
 * Bundles the JavaScript: the library's entries in both formats, and the commands.
 *
 * @module
 */

import * as esbuild from "esbuild";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DEPENDENCIES, type Entry, NATIVE_DEPENDENCY, OPTIONAL_PEERS } from "./package_json.ts";

/** File with all entries in CommonJS, for which esbuild cannot share chunks. */
const LIBRARY = "library.cjs";

const OPTIONS = {
  bundle: true,
  write: true,
  metafile: true,
  charset: "utf8",
  target: ["es2022", "node20"],
  logLevel: "warning",
} as const satisfies esbuild.BuildOptions;

/**
 * Builds the library in both formats. Code that entries share is built once, so that a class has one identity
 * in all of them: ESM has shared chunks, and CommonJS has one file behind all entries.
 *
 * @param root Folder of the repository.
 * @param entries Entries of the package.
 * @param out Output folder.
 */
export async function bundleLibrary(root: string, entries: readonly Entry[], out: string): Promise<void> {
  const common = { ...OPTIONS, absWorkingDir: root, platform: "neutral", packages: "external" } as const;
  await esbuild.build({
    ...common,
    entryPoints: entries.map(({ name, source }) => ({ in: source, out: name })),
    outdir: out,
    format: "esm",
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
  });
  const spaces = entries.map(({ name, source }) => `export * as ${name} from "./${source}";`);
  await esbuild.build({
    ...common,
    stdin: { contents: spaces.join("\n"), resolveDir: root, loader: "ts" },
    outfile: join(out, LIBRARY),
    format: "cjs",
  });
  for (const { name } of entries) {
    await writeFile(join(out, `${name}.cjs`), `module.exports = require("./${LIBRARY}").${name};\n`);
  }
}

/**
 * Builds a command as one file, with the library and most dependencies.
 *
 * @param root Folder of the repository.
 * @param source Source of the command, relative to `root`.
 * @param out Output file.
 * @returns Bundled sources, relative to `root`.
 */
export async function bundleCommand(root: string, source: string, out: string): Promise<string[]> {
  const { metafile } = await esbuild.build({
    ...OPTIONS,
    absWorkingDir: root,
    entryPoints: [source],
    outfile: out,
    format: "esm",
    platform: "node",
    // One file imports its external packages at once, so optional ones must be inside or loaded by `import()`.
    define: {
      "globalThis.ONPATH_CLEAN": JSON.stringify("./commands/clean.ts"),
      "globalThis.ONPATH_SERVE": JSON.stringify("./commands/serve.ts"),
    },
    external: [...DEPENDENCIES, NATIVE_DEPENDENCY, ...OPTIONAL_PEERS],
    // Some bundled packages are CommonJS and load Node's modules with `require`.
    banner: {
      js: 'import { createRequire as createRequireHere } from "node:module";\n' +
        "const require = createRequireHere(import.meta.url);",
    },
    plugins: [dropHashbang(join(root, source))],
  });
  return Object.keys(metafile.inputs);
}

/** Ends the service process of esbuild. */
export async function stopBundler(): Promise<void> {
  await esbuild.stop();
}

/** Replaces the hashbang of the command, which may name Deno, by Node's. */
function dropHashbang(source: string): esbuild.Plugin {
  return {
    name: "node-hashbang",
    setup: (build) => {
      build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (path !== source) return undefined;
        const text = (await readFile(path, "utf8")).replace(/^#!.*/, "");
        return { contents: `#!/usr/bin/env node\n${text}`, loader: "ts" };
      });
    },
  };
}
