/**
 * The built JavaScript: the library's entries in both formats, and the commands.
 *
 * @module
 */

import * as esbuild from "esbuild";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DEPENDENCIES, type Entry, OPTIONAL_DEPENDENCIES, OPTIONAL_PEERS } from "./package_json.ts";

/** File that holds all entries in CommonJS, which knows no shared chunks. */
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
 * Builds the library in both formats. Code that several entries share stands once, so that a class has one identity
 * whatever entry it comes from: as chunks in ESM, as one file behind all entries in CommonJS.
 *
 * @param root The repository.
 * @param entries The package's entries.
 * @param out The folder to write to.
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
 * Builds a command as one file with the library and its dependencies in it.
 *
 * @param root The repository.
 * @param source The command's source.
 * @param out The file to write.
 * @returns The sources that went in, relative to the repository.
 */
export async function bundleCommand(root: string, source: string, out: string): Promise<string[]> {
  const { metafile } = await esbuild.build({
    ...OPTIONS,
    absWorkingDir: root,
    entryPoints: [source],
    outfile: out,
    format: "esm",
    platform: "node",
    external: [...DEPENDENCIES, ...OPTIONAL_DEPENDENCIES, ...OPTIONAL_PEERS],
    // What is bundled is CommonJS in part, and asks for Node's own modules with `require`.
    banner: {
      js: 'import { createRequire as createRequireHere } from "node:module";\n' +
        "const require = createRequireHere(import.meta.url);",
    },
    plugins: [dropHashbang(join(root, source))],
  });
  return Object.keys(metafile.inputs);
}

/** Ends esbuild's service process. */
export async function stopBundler(): Promise<void> {
  await esbuild.stop();
}

/** Replaces the command's first line, which may name Deno, by Node's. */
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
