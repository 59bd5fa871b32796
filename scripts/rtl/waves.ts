/**
 * Builds of the RTL that write waveforms. They are four times as large as the others, so they are not committed
 * but built on demand and cached, with a hash of their sources in the file name.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type PlanBuild, RTL_BUILDS } from "../../kernels/rtl/builds.ts";
import type { BuildForm } from "../../runtime/device/rtl/build.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { buildWave } from "./build.ts";
import { RTL_FOLDER } from "./generated.ts";
import { missingRtlTools } from "./tools.ts";

/** Folder of the cached builds. */
const FOLDER = fileURLToPath(new URL("../../out/waves", import.meta.url));

/** A build that writes waveforms. */
export interface WaveBuild {
  /** Path of the cached file. */
  readonly path: string;
  /** Contents of that file. */
  readonly wasm: Uint8Array<ArrayBuffer>;
}

/** Start of the SHA-256 of all sources of builds, and of the script that builds them. */
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
 * Returns the cached build of the same sources, or makes a build that writes waveforms.
 *
 * @param plan Name by which plans request the build.
 * @param print Receives a line to print before a build, which takes minutes.
 * @param form The kernel alone, or linked with its movers as the emulated card has it. Default the kernel alone.
 * @throws {OnpathError} `device` if the build cannot have waveforms, or a tool is missing; the message names its
 * packages.
 */
export async function makeWave(
  plan: PlanBuild,
  print: (line: string) => void,
  form: BuildForm = "device",
): Promise<WaveBuild> {
  const kernel = RTL_BUILDS.find(({ device }) => device?.plan === plan)!;
  if (!kernel.device!.hasWaves) {
    throw new OnpathError("device", `Cannot write a waveform: ${kernel.name} has no build with waveforms`);
  }
  const build = RTL_BUILDS.find((each) => each[form]?.plan === plan)!;
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
      `Cannot write a waveform: its build of the RTL must be made on this machine. ${missing}`,
      { build: build.name },
    );
  }
  print(`Building ${build.name} with waveforms, which takes some minutes the first time`);
  const wasm = Uint8Array.from(await buildWave(RTL_FOLDER, build));
  await mkdir(FOLDER, { recursive: true });
  // Renamed when complete, so that an interrupted build leaves no file of this name.
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, wasm);
  await rename(draft, path);
  return { path, wasm };
}
