/**
 * Finds and opens libxrt_coreutil, when it is first asked for.
 *
 * @module
 */

import { readFileSync, realpathSync } from "node:fs";
import process from "node:process";
import { OnpathError } from "../../../../serialize/errors.ts";
import { denoProvider } from "./deno_provider.ts";
import type { NativeLibrary, Provider } from "./native.ts";
import { nodeProvider } from "./node_provider.ts";
import { isNotPermitted, permitted } from "./permissions.ts";
import { SHIM_SYMBOLS, type ShimSymbols, XRT_SYMBOLS, type XrtSymbols } from "./symbols.ts";

/** XRT as it is loaded into this process. It is never unloaded: it has threads of its own. */
export interface Xrt extends NativeLibrary<XrtSymbols> {
  /** The foreign function interface that it is called through. */
  readonly provider: Provider;
  /** The path or name that was opened. */
  readonly path: string;
  /** Its version by the file's name, such as [2, 13, 0]; null where that does not say. */
  readonly version: readonly number[] | null;
}

/** How XRT is found. */
export interface XrtOptions {
  /** The library's path. Default: the variable ONPATH_XRT_LIBRARY, then the usual places. */
  readonly path?: string | undefined;
  /** The foreign function interface. Default: the one of this runtime. */
  readonly provider?: Provider | undefined;
}

const opened = new Map<string, Promise<Xrt>>();

/**
 * Opens XRT's library, once a process and path.
 *
 * @param options Where it is and what calls it.
 * @returns The library; its functions are not to be called before {@linkcode checkXrtEnvironment}.
 * @throws {OnpathError} `device` when it is not found, with the places that were tried, or lacks a
 * function, or when this is Node without koffi.
 */
export async function openXrt(options: XrtOptions = {}): Promise<Xrt> {
  const provider = options.provider ?? await runtimeProvider();
  const places = permitted("open XRT", () => libraryPlaces(options.path));
  const key = `${provider.name} ${places.join(" ")}`;
  let library = opened.get(key);
  if (library === undefined) {
    library = new Promise((resolve) => resolve(load(provider, places)));
    opened.set(key, library);
    // What is not there now may be installed later.
    library.catch(() => opened.delete(key));
  }
  return await library;
}

/**
 * Lists where the library is looked for.
 *
 * @param path A path that is given by name.
 * @returns That path alone; or that of ONPATH_XRT_LIBRARY alone; or the usual places.
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
 * Opens the device's own library, which libxrt_coreutil has in this process already.
 *
 * @param xrt XRT.
 * @param name Its file's name.
 * @throws {OnpathError} `device` when it is not found.
 */
export function openShim(xrt: Xrt, name: string): NativeLibrary<ShimSymbols> {
  const key = `${xrt.provider.name} ${name}`;
  let shim = shims.get(key);
  if (shim !== undefined) return shim;
  const root = process.env["XILINX_XRT"];
  const places = [...(root ? [`${root}/lib/${name}`] : []), name, `/opt/xilinx/xrt/lib/${name}`];
  shim = firstOf(
    places,
    `the library of XRT's device, ${name}`,
    (path) => xrt.provider.load(path, SHIM_SYMBOLS),
  );
  shims.set(key, shim);
  return shim;
}

async function runtimeProvider(): Promise<Provider> {
  return "Deno" in globalThis ? denoProvider : await nodeProvider();
}

function load(provider: Provider, places: readonly string[]): Xrt {
  return firstOf(places, "XRT", (path) => ({
    ...provider.load(path, XRT_SYMBOLS),
    provider,
    path,
    version: loadedVersion(),
  }));
}

/** Opens the first library that can be opened. */
function firstOf<T>(places: readonly string[], what: string, open: (path: string) => T): T {
  const tried: { path: string; error: string }[] = [];
  for (const path of places) {
    try {
      return open(path);
    } catch (error) {
      // Where this one is not permitted, none is.
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
      `a library elsewhere is named by ONPATH_XRT_LIBRARY`,
    { tried },
  );
}

/** The version in the name of the file that is mapped into this process. */
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
