/**
 * The RTL's builds as compiled WebAssembly.
 *
 * @module
 */

import { IMAGE_PRODUCTS_WASM } from "../../../kernels/rtl/packet_image_products_wasm.ts";
import { IMAGE_WASM } from "../../../kernels/rtl/packet_image_wasm.ts";
import { ROWS_WASM } from "../../../kernels/rtl/packet_rows_wasm.ts";
import type { RtlProgram } from "../../../kernels/image/rtl/program.ts";

/** The name of a build: what a plan is made for. */
export type RtlBuildName = RtlProgram["build"];

const WASM: Readonly<Record<RtlBuildName, string>> = {
  terms: IMAGE_WASM,
  products: IMAGE_PRODUCTS_WASM,
  rows: ROWS_WASM,
};

/** Builds that write waveforms are four times as large, and loaded only where one is asked for. */
const WAVE_WASM: Readonly<Record<RtlBuildName, () => Promise<string>>> = {
  terms: async () => (await import("../../../kernels/rtl/packet_image_wave_wasm.ts")).IMAGE_WAVE_WASM,
  products: async () =>
    (await import("../../../kernels/rtl/packet_image_products_wave_wasm.ts")).IMAGE_PRODUCTS_WAVE_WASM,
  rows: async () => (await import("../../../kernels/rtl/packet_rows_wave_wasm.ts")).ROWS_WAVE_WASM,
};

/** Compiled once a process. */
const compiled = new Map<RtlBuildName, Promise<WebAssembly.Module>>();

function compileText(base64: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
}

/**
 * Compiles a build.
 *
 * @param build Its name.
 */
export function compileBuild(build: RtlBuildName): Promise<WebAssembly.Module> {
  let module = compiled.get(build);
  if (module === undefined) {
    module = compileText(WASM[build]);
    compiled.set(build, module);
  }
  return module;
}

/**
 * Loads and compiles a build that can write a waveform.
 *
 * @param build Its name.
 */
export async function compileWaveBuild(build: RtlBuildName): Promise<WebAssembly.Module> {
  return await compileText(await WAVE_WASM[build]());
}
