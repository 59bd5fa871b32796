/**
 * Search for libxrt_coreutil, which is opened on first use.
 *
 * @module
 */

import { readFileSync, realpathSync } from "node:fs";
import process from "node:process";
import { OnpathError } from "../../../../serialize/errors.ts";
import { requireObject } from "../../../../serialize/require.ts";
import { denoProvider } from "./deno_provider.ts";
import type { NativeLibrary, Provider } from "./native.ts";
import { nodeProvider } from "./node_provider.ts";
import { isNotPermitted, permitted } from "./permissions.ts";
import { SHIM_SYMBOLS, type ShimSymbols, XRT_SYMBOLS, type XrtSymbols } from "./symbols.ts";

/** XRT loaded into this process. XRT is never unloaded, because it runs threads. */
export interface Xrt extends NativeLibrary<XrtSymbols> {
  /** Foreign function interface that makes the calls. */
  readonly provider: Provider;
  /** Path or name of the opened library. */
  readonly path: string;
  /** Version in the file name, such as [2, 13, 0]; null if unknown. */
  readonly version: readonly number[] | null;
}

/** Search options for the XRT library. */
export interface XrtOptions {
  /** Path of the library. Default: the variable ONPATH_XRT_LIBRARY, then the standard paths. */
  readonly path?: string | undefined;
  /** Foreign function interface. Default: the one of Deno or Node, whichever runs. */
  readonly provider?: Provider | undefined;
}

const opened = new Map<string, Promise<Xrt>>();

/**
 * Opens XRT's library. Further calls with the same provider and paths share it.
 *
 * @param options Path and foreign function interface.
 * @returns Library. Call {@linkcode checkXrtEnvironment} before its functions.
 * @throws {OnpathError} `device` when the library is absent or lacks a function (the message lists the paths
 * tried), or when Node lacks koffi.
 */
export async function openXrt(options: XrtOptions = {}): Promise<Xrt> {
  requireObject("open XRT", "the options are", options);
  const provider = options.provider ?? await runtimeProvider();
  const paths = permitted("open XRT", () => libraryPlaces(options.path));
  const key = `${provider.name} ${paths.join(" ")}`;
  let library = opened.get(key);
  if (library === undefined) {
    library = new Promise((resolve) => resolve(load(provider, paths)));
    opened.set(key, library);
    // A library that is absent now may be installed later.
    library.catch(() => opened.delete(key));
  }
  return await library;
}

/**
 * Lists the paths and names to try for the library, in order.
 *
 * @param path Explicit path. Default: the variable ONPATH_XRT_LIBRARY.
 * @returns The path alone if it is set and not empty; otherwise the standard paths.
 */
export function libraryPlaces(path: string | undefined = process.env["ONPATH_XRT_LIBRARY"]): string[] {
  if (path !== undefined && path !== "") return [path];
  const root = process.env["XILINX_XRT"];
  return [
    ...(root ? [`${root}/lib/libxrt_coreutil.so.2`] : []),
    "libxrt_coreutil.so.2",
    "/opt/xilinx/xrt/lib/libxrt_coreutil.so.2",
    "libxrt_coreutil.so",
  ];
}

const shims = new Map<string, NativeLibrary<ShimSymbols>>();

/**
 * Opens the device library, which libxrt_coreutil has already loaded into this process.
 *
 * @param xrt Open XRT library.
 * @param name File name of the device library.
 * @throws {OnpathError} `device` when the library is absent.
 */
export function openShim(xrt: Xrt, name: string): NativeLibrary<ShimSymbols> {
  const key = `${xrt.provider.name} ${name}`;
  let shim = shims.get(key);
  if (shim !== undefined) return shim;
  const root = process.env["XILINX_XRT"];
  const paths = [...(root ? [`${root}/lib/${name}`] : []), name, `/opt/xilinx/xrt/lib/${name}`];
  shim = firstOf(
    paths,
    `the library of XRT's device, ${name}`,
    (path) => xrt.provider.load(path, SHIM_SYMBOLS),
  );
  shims.set(key, shim);
  return shim;
}

async function runtimeProvider(): Promise<Provider> {
  return "Deno" in globalThis ? denoProvider : await nodeProvider();
}

function load(provider: Provider, paths: readonly string[]): Xrt {
  return firstOf(paths, "XRT", (path) => ({
    ...provider.load(path, XRT_SYMBOLS),
    provider,
    path,
    version: loadedVersion(),
  }));
}

/** Opens the first path that opens without an error. */
function firstOf<T>(paths: readonly string[], what: string, open: (path: string) => T): T {
  const tried: { path: string; error: string }[] = [];
  for (const path of paths) {
    try {
      return open(path);
    } catch (error) {
      // A missing permission applies to all paths alike.
      if (isNotPermitted(error)) {
        permitted(`open ${what}`, () => {
          throw error;
        });
      }
      tried.push({ path, error: error instanceof Error ? error.message : String(error) });
    }
  }
  throw new OnpathError(
    "device",
    `Cannot open ${what}: tried ${tried.map(({ path, error }) => `${path} (${error})`).join(", ")}. ` +
      `Install it with: apt-get install libxrt1 (Debian), or AMD's package for your card; ` +
      `set ONPATH_XRT_LIBRARY to a library elsewhere`,
    { tried },
  );
}

/** Version in the name of the library file mapped into this process; null if unknown. */
function loadedVersion(): number[] | null {
  let maps: string;
  try {
    maps = readFileSync("/proc/self/maps", "utf8");
  } catch {
    // Not Linux, or not permitted: the version stays unknown, and the environment is checked in full.
    return null;
  }
  const path = /\S*\/libxrt_coreutil\.so\S*/.exec(maps)?.[0];
  if (path === undefined) return null;
  const version = /\.so\.(\d+)\.(\d+)\.(\d+)$/.exec(realpathSync(path));
  return version && version.slice(1).map(Number);
}
