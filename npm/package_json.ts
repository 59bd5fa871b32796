/**
 * The package.json of the npm package, generated from deno.json so that no fact is repeated.
 *
 * @module
 */

/** Fields of deno.json that the package uses. */
export interface DenoConfig {
  /** Version of the package. */
  readonly version: string;
  /** SPDX identifier of the licence. */
  readonly license: string;
  /** Entries by subpath, such as `.` and `./serialize`. */
  readonly exports: Readonly<Record<string, string>>;
  /** Import map. */
  readonly imports: Readonly<Record<string, string>>;
}

/** Entry of the package. */
export interface Entry {
  /** Subpath that users import, such as `.` or `./serialize`. */
  readonly subpath: string;
  /** Name of the built files, without extension. */
  readonly name: string;
  /** Source of the entry, relative to the repository. */
  readonly source: string;
}

/** Packages that the library needs at run time. */
export const DEPENDENCIES: readonly string[] = ["@msgpack/msgpack", "zod"];

/**
 * Packages that single features load when they are used: sharp reads photographs for the command, sketches-js fits
 * streams of records, and protobufjs reads ONNX.
 */
export const OPTIONAL_DEPENDENCIES: readonly string[] = ["sharp", "@datadog/sketches-js", "protobufjs"];

/** Optional dependency with native code, which a bundle cannot contain. */
export const NATIVE_DEPENDENCY = "sharp";

/** Packages that users install for additional features: koffi drives XRT from Node, grpc-js serves tokenizers. */
export const OPTIONAL_PEERS: readonly string[] = ["koffi", "@grpc/grpc-js"];

/** Name of the package on npm. */
export const PACKAGE_NAME = "onpath";

/**
 * Lists the entries of the package.
 *
 * @param config Parsed deno.json.
 * @returns One entry for each subpath; `.` is named `index`.
 */
export function listEntries(config: Pick<DenoConfig, "exports">): Entry[] {
  return Object.entries(config.exports).map(([subpath, source]) => ({
    subpath,
    name: subpath === "." ? "index" : subpath.replace("./", ""),
    source: source.replace("./", ""),
  }));
}

/**
 * Generates the contents of package.json.
 *
 * @param config Parsed deno.json.
 * @returns Plain data, to be written as JSON.
 * @throws {Error} If a dependency is not an `npm:` specifier with a range in the import map.
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
      "rtl",
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

/** Version ranges of packages, from the import map. */
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
