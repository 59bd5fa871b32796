/**
 * Bundles the JavaScript: one file for each entry and format, and the command.
 *
 * Entries import each other as files instead of containing copies. So a class has one identity, whichever
 * entry it is imported from.
 *
 * @module
 */

import * as esbuild from "esbuild";
import { readFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { type Entry, OPTIONAL_DEPENDENCIES, PACKAGE_NAME } from "./package_json.ts";

/** Formats of the library, with their file extensions. */
export const FORMATS = { esm: ".js", cjs: ".cjs" } as const;

const OPTIONS = {
  bundle: true,
  write: true,
  metafile: true,
  charset: "utf8",
  target: ["es2022", "node20"],
  logLevel: "warning",
} as const satisfies esbuild.BuildOptions;

/**
 * Builds the library in both formats.
 *
 * @param root Folder of the repository.
 * @param entries Entries of the package.
 * @param out Output folder.
 * @throws {Error} If a source would be in two files.
 */
export async function bundleLibrary(root: string, entries: readonly Entry[], out: string): Promise<void> {
  for (const [format, ending] of Object.entries(FORMATS)) {
    const { metafile } = await esbuild.build({
      ...OPTIONS,
      absWorkingDir: root,
      entryPoints: entries.map(({ name, source }) => ({ in: source, out: name })),
      outdir: out,
      outExtension: { ".js": ending },
      format: format as keyof typeof FORMATS,
      platform: "neutral",
      packages: "external",
      plugins: [linkEntries(root, entries, (name) => `./${name}${ending}`)],
    });
    const holders = new Map<string, string>();
    for (const [file, { inputs }] of Object.entries(metafile.outputs)) {
      for (const source of Object.keys(inputs)) {
        const other = holders.get(source);
        if (other !== undefined) {
          throw new Error(`Cannot bundle ${source}: it would be in both ${other} and ${file}`);
        }
        holders.set(source, file);
      }
    }
  }
}

/**
 * Builds the command as one file that includes its own dependencies, but not the library.
 *
 * @param root Folder of the repository.
 * @param source Source of the command.
 * @param entries Entries of the package.
 * @param out File to write.
 * @returns Bundled sources, relative to the repository.
 * @throws {Error} If the command imports a library source that is not an entry.
 */
export async function bundleCommand(
  root: string,
  source: string,
  entries: readonly Entry[],
  out: string,
): Promise<string[]> {
  const { metafile } = await esbuild.build({
    ...OPTIONS,
    absWorkingDir: root,
    entryPoints: [source],
    outfile: out,
    format: "esm",
    platform: "node",
    external: [...OPTIONAL_DEPENDENCIES],
    // Parts of the bundle are CommonJS and load Node's modules with `require`.
    banner: {
      js: 'import { createRequire as createRequireHere } from "node:module";\n' +
        "const require = createRequireHere(import.meta.url);",
    },
    plugins: [linkEntries(root, entries, (name) => `../${name}.js`), dropHashbang(join(root, source))],
  });
  const inputs = Object.keys(metafile.inputs);
  const folders = entries.map(({ source }) => dirname(source)).filter((folder) => folder !== ".");
  const deep = inputs.find((input) => folders.some((folder) => input.startsWith(`${folder}/`)));
  if (deep !== undefined) {
    throw new Error(`Cannot bundle ${source}: it imports ${deep}, which is not an entry of the library`);
  }
  return inputs;
}

/** Ends esbuild's service process. */
export async function stopBundler(): Promise<void> {
  await esbuild.stop();
}

/** Keeps imports of the package's entries as imports of the built files. */
function linkEntries(
  root: string,
  entries: readonly Entry[],
  pathOf: (name: string) => string,
): esbuild.Plugin {
  const bySource = new Map(entries.map(({ source, name }) => [source, name]));
  const bySubpath = new Map(entries.map(({ subpath, name }) => [PACKAGE_NAME + subpath.slice(1), name]));
  return {
    name: "link-entries",
    setup: (build) => {
      build.onResolve({ filter: /^(\.|onpath(\/|$))/ }, ({ path, kind, resolveDir }) => {
        if (kind === "entry-point") return undefined;
        const source = relative(root, join(resolveDir, path)).split(sep).join("/");
        const name = path.startsWith(".") ? bySource.get(source) : bySubpath.get(path);
        return name === undefined ? undefined : { path: pathOf(name), external: true, sideEffects: false };
      });
    },
  };
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
