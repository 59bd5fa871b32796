/**
 * Bundles the JavaScript: the library's entries in both formats, and the commands.
 *
 * @module
 */

import * as esbuild from "esbuild";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { DEPENDENCIES, type Entry, NATIVE_DEPENDENCY, OPTIONAL_PEERS } from "./package_json.ts";

/** File with all entries in CommonJS, for which esbuild cannot share chunks. */
const LIBRARY = "library.cjs";

/** Folder of the RTL's WebAssembly, in the sources. */
const GENERATED = "kernels/rtl/generated";

/** Folder of the RTL's WebAssembly, in the package. All bundles load it from there, so that it exists once. */
const RTL = "rtl";

/** Folder of the kernels that the emulated card runs: they are loaded by the command, as nobody serves by them. */
const LINKED_RTL = "bin/rtl";

/** Folder of a build in the package, by its name. */
function rtlFolder(name: string): string {
  return name.startsWith("linked_") ? LINKED_RTL : RTL;
}

/** Module with the code of worker threads, and the module that it stands for. */
const WORKER_CODE = "runtime/device/cpu/worker_code.ts";
const WORKER = "runtime/device/cpu/worker.ts";

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
 * in all of them: ESM has shared chunks, and CommonJS has one file behind all entries. The RTL's WebAssembly is
 * ESM only, which CommonJS loads by `import()`.
 *
 * @param root Folder of the repository.
 * @param entries Entries of the package.
 * @param out Output folder.
 */
export async function bundleLibrary(root: string, entries: readonly Entry[], out: string): Promise<void> {
  const common = {
    ...OPTIONS,
    absWorkingDir: root,
    platform: "neutral",
    packages: "external",
    // The code exists twice: the package stays within its limit if both copies are small.
    minifyWhitespace: true,
    minifySyntax: true,
  } as const;
  const plugins = [embedWorker(root), packRtl];
  await esbuild.build({
    ...common,
    plugins,
    entryPoints: [
      ...entries.map(({ name, source }) => ({ in: source, out: name })),
      ...(await rtlModules(root)).map((name) => ({
        in: `${GENERATED}/${name}.ts`,
        out: `${rtlFolder(name)}/${name}`,
      })),
    ],
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
    // Names that are not exported become short. Stack traces of ESM keep theirs.
    minifyIdentifiers: true,
    plugins: [...plugins, shareRtl(".")],
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
      "globalThis.ONPATH_TOKENIZER_SERVE": JSON.stringify("./commands/tokenizer_serve.ts"),
    },
    external: [...DEPENDENCIES, NATIVE_DEPENDENCY, ...OPTIONAL_PEERS],
    // Some bundled packages are CommonJS and load Node's modules with `require`.
    banner: {
      js: 'import { createRequire as createRequireHere } from "node:module";\n' +
        "const require = createRequireHere(import.meta.url);",
    },
    plugins: [dropHashbang(join(root, source)), shareRtl(".."), embedWorker(root)],
  });
  return Object.keys(metafile.inputs);
}

/** Ends the service process of esbuild. */
export async function stopBundler(): Promise<void> {
  await esbuild.stop();
}

/** Names of the RTL's builds that the library loads. */
async function rtlModules(root: string): Promise<string[]> {
  const builds = await readFile(join(root, "kernels/rtl/builds.ts"), "utf8");
  const files = await readdir(join(root, GENERATED));
  return files.map((file) => basename(file, ".ts")).filter((name) =>
    builds.includes(`import("./generated/${name}.ts")`)
  );
}

/** Leaves the RTL's WebAssembly out of a bundle, which loads it from the package's folder, given as a relative path. */
function shareRtl(root: string): esbuild.Plugin {
  return {
    name: "share-rtl",
    setup: (build) => {
      build.onResolve(
        { filter: /\/generated\/\w+\.ts$/ },
        ({ path, kind }) =>
          kind === "dynamic-import"
            ? {
              path: `${root}/${rtlFolder(basename(path, ".ts"))}/${basename(path, ".ts")}.js`,
              external: true,
            }
            : undefined,
      );
    },
  };
}

/**
 * Turns the RTL's base64 into strings of bytes. Base64 hides repeated bytes from compression, and costs a sixth of the
 * download of each build.
 */
const packRtl: esbuild.Plugin = {
  name: "pack-rtl",
  setup: (build) => {
    build.onLoad({ filter: /\/generated\/\w+\.ts$/ }, async ({ path }) => {
      const lines = (await readFile(path, "utf8")).matchAll(/^ {2}"([A-Za-z0-9+/=]+)",$/gm);
      const bytes = atob([...lines].map(([, line]) => line).join(""));
      if (bytes === "") throw new Error(`Cannot bundle ${path}: it has no lines of base64`);
      return { contents: `export const WASM = ${JSON.stringify(bytes)}, IS_BINARY = true;`, loader: "js" };
    });
  },
};

/** Puts the code of worker threads, with all that it imports, into a string: it then needs no file at run time. */
function embedWorker(root: string): esbuild.Plugin {
  return {
    name: "embed-worker",
    setup: (build) => {
      build.onLoad({ filter: /worker_code\.ts$/ }, async ({ path }) => {
        if (path !== join(root, WORKER_CODE)) return undefined;
        const { outputFiles } = await esbuild.build({
          ...OPTIONS,
          absWorkingDir: root,
          entryPoints: [WORKER],
          platform: "neutral",
          mainFields: ["module", "main"],
          format: "iife",
          minify: true,
          write: false,
          plugins: [dropSchemas],
        });
        const script = JSON.stringify(outputFiles[0]!.text);
        return { contents: `export const WORKER_CODE = { script: ${script} };`, loader: "js" };
      });
    },
  };
}

/**
 * Leaves out zod, six sevenths of a thread's code: the device checks plans before a thread sees them. Schemas are then
 * made of a value that takes every call but a check.
 */
const dropSchemas: esbuild.Plugin = {
  name: "drop-schemas",
  setup: (build) => {
    build.onResolve({ filter: /^zod$/ }, () => ({ path: "zod", namespace: "drop-schemas" }));
    build.onLoad({ filter: /^/, namespace: "drop-schemas" }, () => ({
      contents: `
        const get = (_, name) => {
          if (/parse/i.test(String(name))) throw new Error("Cannot check a plan in a worker thread");
          return z;
        };
        export const z = new Proxy(() => z, { get });
      `,
    }));
  },
};

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
