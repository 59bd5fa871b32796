/**
 * The RTL's builds as compiled WebAssembly.
 *
 * @module
 */

import { deviceBuild, type PlanBuild, RTL_BUILDS } from "../../../kernels/rtl/builds.ts";
import type { RtlProgram } from "../../../kernels/image/rtl/program.ts";

/** The name of a build: what a plan of images is made for. */
export type RtlBuildName = RtlProgram["build"];

/** The kernel of a card for each build that plans ask for. */
export const CARD_KERNEL: Readonly<Record<RtlBuildName | "tokenize", string>> = Object.fromEntries(
  RTL_BUILDS.flatMap(({ device }) => device === null ? [] : [[device.plan, device.kernel]]),
) as Record<PlanBuild, string>;

/** Compiled once a process. */
const compiled = new Map<PlanBuild, Promise<WebAssembly.Module>>();

/**
 * Compiles a build.
 *
 * @param build What plans ask for.
 */
export function compileBuild(build: RtlBuildName | "tokenize"): Promise<WebAssembly.Module> {
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
