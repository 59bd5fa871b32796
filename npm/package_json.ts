/**
 * The package.json of the npm package, made from deno.json so that no fact stands twice.
 *
 * @module
 */

/** What of deno.json the package takes over. */
export interface DenoConfig {
  /** The package's version. */
  readonly version: string;
  /** The SPDX name of its licence. */
  readonly license: string;
  /** Entries by subpath, as `.` and `./serialize`. */
  readonly exports: Readonly<Record<string, string>>;
  /** The import map. */
  readonly imports: Readonly<Record<string, string>>;
}

/** An entry of the package. */
export interface Entry {
  /** The subpath that users import, as `.` or `./serialize`. */
  readonly subpath: string;
  /** The name of the built files, without an ending. */
  readonly name: string;
  /** The source, relative to the repository. */
  readonly source: string;
}

/** What the library needs at run time. */
export const DEPENDENCIES: readonly string[] = ["@msgpack/msgpack", "zod"];

/** What the command uses where it is there. */
export const OPTIONAL_DEPENDENCIES: readonly string[] = ["sharp"];

/** What users install beside it where they want what needs it: koffi drives XRT from Node. */
export const OPTIONAL_PEERS: readonly string[] = ["koffi"];

/** The package's name on npm. */
export const PACKAGE_NAME = "onpath";

/**
 * Lists the entries of the package.
 *
 * @param config The parsed deno.json.
 * @returns One entry a subpath; `.` is named `index`.
 */
export function listEntries(config: Pick<DenoConfig, "exports">): Entry[] {
  return Object.entries(config.exports).map(([subpath, source]) => ({
    subpath,
    name: subpath === "." ? "index" : subpath.replace("./", ""),
    source: source.replace("./", ""),
  }));
}

/**
 * Makes the content of package.json.
 *
 * @param config The parsed deno.json.
 * @returns Plain data, to be written as JSON.
 * @throws {Error} When a dependency is no `npm:` specifier with a range in the import map.
 */
export function packageJson(config: DenoConfig): Record<string, unknown> {
  const entries = listEntries(config).map(({ subpath, name }) => [subpath, {
    import: { types: `./${name}.d.ts`, default: `./${name}.js` },
    require: { types: `./${name}.d.cts`, default: `./${name}.cjs` },
  }]);
  return {
    name: PACKAGE_NAME,
    version: config.version,
    description: "Offload the data processing around AI models onto FPGA NICs: " +
      "compile image pipelines into plans, serialize tensors into packets, and run them on a device.",
    keywords: [
      "ai",
      "fpga",
      "image",
      "inference",
      "nic",
      "normalize",
      "offload",
      "packets",
      "resize",
      "tensor",
    ],
    license: config.license,
    type: "module",
    sideEffects: false,
    engines: { node: ">=20" },
    exports: { ...Object.fromEntries(entries), "./package.json": "./package.json" },
    main: "./index.cjs",
    types: "./index.d.cts",
    bin: { onpath: "./bin/onpath.js" },
    files: [
      "*.js",
      "*.cjs",
      "*.d.ts",
      "*.d.cts",
      "chunks",
      "types",
      "bin",
      "docs",
      "THIRD_PARTY.txt",
      "CHANGELOG.md",
    ],
    dependencies: ranges(config, DEPENDENCIES),
    optionalDependencies: ranges(config, OPTIONAL_DEPENDENCIES),
    peerDependencies: ranges(config, OPTIONAL_PEERS),
    peerDependenciesMeta: Object.fromEntries(OPTIONAL_PEERS.map((name) => [name, { optional: true }])),
  };
}

/** The version ranges of packages, from the import map. */
function ranges(config: DenoConfig, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => {
    const specifier = config.imports[name];
    const prefix = `npm:${name}@`;
    if (!specifier?.startsWith(prefix)) {
      throw new Error(
        `Cannot find the range of "${name}" in deno.json: expected "${prefix}…", got ${specifier}`,
      );
    }
    return [name, specifier.slice(prefix.length)];
  }));
}
