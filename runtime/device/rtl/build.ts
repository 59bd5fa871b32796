/**
 * The RTL's builds as compiled WebAssembly.
 *
 * @module
 */

import { type PlanBuild, RTL_BUILDS } from "../../../kernels/rtl/builds.ts";

/** Form of a build: the kernel alone, or linked with its movers before a card's memory. */
export type BuildForm = "device" | "linked";

/** Builds by form and name. Each is compiled once a process. */
const compiled = new Map<string, Promise<WebAssembly.Module>>();

/**
 * Compiles a build, or returns the one compiled before.
 *
 * @param build Name of the build, as plans request it.
 * @param form Form of the build. Default the kernel alone.
 */
export function compileBuild(build: PlanBuild, form: BuildForm = "device"): Promise<WebAssembly.Module> {
  const key = `${form} ${build}`;
  let module = compiled.get(key);
  if (module === undefined) {
    module = load(build, form);
    compiled.set(key, module);
  }
  return module;
}

async function load(build: PlanBuild, form: BuildForm): Promise<WebAssembly.Module> {
  const { WASM, IS_BINARY = false } = await RTL_BUILDS.find((each) => each[form]?.plan === build)![form]!
    .load();
  const text = IS_BINARY ? WASM : atob(WASM);
  return await WebAssembly.compile(Uint8Array.from(text, (char) => char.charCodeAt(0)));
}
