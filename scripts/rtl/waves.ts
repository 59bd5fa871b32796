/**
 * Builds of the RTL that write waveforms, four times as large as the others: made when they are asked for, and
 * kept for the next time under the name of what they were made of.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { deviceBuild, type PlanBuild } from "../../kernels/rtl/builds.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { buildWave } from "./build.ts";
import { RTL_FOLDER } from "./generated.ts";
import { missingRtlTools } from "./tools.ts";

/** The folder that they are kept in; it is not committed. */
const FOLDER = fileURLToPath(new URL("../../out/waves", import.meta.url));

/** A build that writes waveforms. */
export interface WaveBuild {
  /** The file. */
  readonly path: string;
  /** The WebAssembly. */
  readonly wasm: Uint8Array<ArrayBuffer>;
}

/** SHA-256 of all sources that a build may be made of, and of what makes it. */
async function hashSources(): Promise<string> {
  const hash = createHash("sha256");
  const own = fileURLToPath(new URL("build.ts", import.meta.url));
  const names = (await readdir(RTL_FOLDER, { recursive: true })).filter((name) => /\.(sv|cpp|h)$/.test(name));
  for (const path of [own, ...names.sort().map((name) => join(RTL_FOLDER, name))]) {
    hash.update(await readFile(path)).update("\0");
  }
  return hash.digest("hex").slice(0, 16);
}

/**
 * Makes a build that writes waveforms, or takes the one that was made of the same sources.
 *
 * @param plan What plans ask for.
 * @param tell Takes a line before something that takes minutes.
 * @throws {OnpathError} `device` when the build has no waveforms, or a tool is missing, with how to get it.
 */
export async function makeWave(plan: PlanBuild, tell: (line: string) => void): Promise<WaveBuild> {
  const build = deviceBuild(plan);
  if (!build.device.hasWaves) {
    throw new OnpathError("device", `Cannot write a waveform: ${build.name} is not built with waveforms`);
  }
  const path = join(FOLDER, `${build.name}-${await hashSources()}.wasm`);
  try {
    return { path, wasm: Uint8Array.from(await readFile(path)) };
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ENOENT") throw error;
  }
  const missing = await missingRtlTools();
  if (missing !== null) {
    throw new OnpathError(
      "device",
      `Cannot write a waveform: its build of the RTL is made here, by deno task rtl --wave too. ${missing}`,
      { build: build.name },
    );
  }
  tell(`Building ${build.name} with waveforms, once: some minutes`);
  const wasm = Uint8Array.from(await buildWave(RTL_FOLDER, build));
  await mkdir(FOLDER, { recursive: true });
  // A build that is interrupted leaves no file of its name.
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, wasm);
  await rename(draft, path);
  return { path, wasm };
}
