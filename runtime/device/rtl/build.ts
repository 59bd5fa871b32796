/**
 * The RTL's builds as compiled WebAssembly.
 *
 * @module
 */

import { deviceBuild, type PlanBuild } from "../../../kernels/rtl/builds.ts";

/** Builds by name. Each is compiled once a process. */
const compiled = new Map<PlanBuild, Promise<WebAssembly.Module>>();

/**
 * Compiles a build, or returns the one compiled before.
 *
 * @param build Name of the build, as plans request it.
 */
export function compileBuild(build: PlanBuild): Promise<WebAssembly.Module> {
  let module = compiled.get(build);
  if (module === undefined) {
    module = load(build);
    compiled.set(build, module);
  }
  return module;
}

async function load(build: PlanBuild): Promise<WebAssembly.Module> {
  const { WASM } = await deviceBuild(build).device.load();
  return await WebAssembly.compile(Uint8Array.from(atob(WASM), (char) => char.charCodeAt(0)));
}
