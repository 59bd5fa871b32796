/**
 * `deno task rtl`: lints the SystemVerilog and builds WebAssembly without imports, by Verilator and clang. With
 * --check it writes nothing and compares byte for byte; with --wave it makes the builds that write waveforms,
 * which are not committed. Names of builds restrict it to those.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { COMMITTED_BUILDS, RTL_BUILDS } from "../kernels/rtl/builds.ts";
import { mapWithWorkers } from "./io/workers.ts";
import { buildTop, lintTop } from "./rtl/build.ts";
import { GENERATED, readBuild, RTL_FOLDER, writeBuild } from "./rtl/generated.ts";
import { makeWave } from "./rtl/waves.ts";

/** Maximum bytes of a kernel in the library, so that it loads without a noticeable delay. */
const MAX_BYTES = 200_000;
/** Maximum builds at the same time. */
const BUILDS = 2;

async function build(check: boolean, names: readonly string[]): Promise<void> {
  const isWanted = (name: string) => names.length === 0 || names.includes(name);
  // Only in host mode does the tokenizer have a top for a card, so its entry names the module that is held.
  for (const { name, top, parameters, isCommitted } of RTL_BUILDS) {
    if (!isCommitted && isWanted(name)) await lintTop(RTL_FOLDER, top, parameters);
  }
  // Verilator and the linker use one core each, so that two builds at a time fill two cores.
  await mapWithWorkers(COMMITTED_BUILDS.filter(({ name }) => isWanted(name)), BUILDS, async (entry) => {
    const { name, device } = entry;
    const wasm = await buildTop(RTL_FOLDER, entry);
    if (device !== null && wasm.length > MAX_BYTES) {
      throw new Error(`Cannot accept ${name}: it has ${wasm.length} bytes, expected at most ${MAX_BYTES}`);
    }
    if (!check) await writeBuild(GENERATED, name, wasm);
    else if (!isSame(wasm, await readBuild(GENERATED, name))) {
      throw new Error(`Cannot accept kernels/rtl/generated/${name}.ts: a rebuild differs, run deno task rtl`);
    }
    console.log(`${name}: ${wasm.length} bytes${check ? ", as committed" : ""}`);
  });
}

function isSame(made: Uint8Array, committed: Uint8Array | null): boolean {
  return made.length === committed?.length && made.every((byte, at) => byte === committed[at]);
}

async function buildWaves(): Promise<void> {
  for (const { device } of RTL_BUILDS) {
    if (device?.hasWaves) console.log((await makeWave(device.plan, console.error)).path);
  }
}

if (import.meta.main) {
  try {
    const flag = { type: "boolean", default: false } as const;
    const { values: { check, wave }, positionals } = parseArgs({
      options: { check: flag, wave: flag },
      allowPositionals: true,
    });
    const unknown = positionals.find((name) => !RTL_BUILDS.some((build) => build.name === name));
    if (unknown !== undefined) throw new Error(`Cannot build ${unknown}: no build has this name`);
    await (wave ? buildWaves() : build(check, positionals));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
