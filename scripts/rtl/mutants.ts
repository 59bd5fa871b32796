/**
 * Builds of broken RTL. A mutant changes little of the C++ that Verilator makes, so the objects of the unchanged
 * build are used again; the lint is left out.
 *
 * @module
 */

import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMITTED_BUILDS, type RtlBuild } from "../../kernels/rtl/builds.ts";
import { buildTop } from "./build.ts";
import { RTL_FOLDER, writeBuild } from "./generated.ts";
import { MATRIX } from "./matrix.ts";
import { applyMutation, type Mutation } from "./mutations.ts";

/** Verilator's option for mutants: a change may leave something unused. */
const FLAGS = ["-Wno-fatal"];

/** Finds a build by its name; less optimized code is made sooner, and its cycles are the same. */
function buildOf(name: string): RtlBuild {
  const build = [...COMMITTED_BUILDS, ...MATRIX].find((each) => each.name === name);
  if (build === undefined) throw new Error(`Cannot mutate the RTL: there is no build ${name}`);
  return { ...build, effort: "-O1" };
}

/** Copies the sources of builds, without generated files. */
async function copySources(folder: string): Promise<void> {
  await mkdir(folder);
  for (const name of await readdir(RTL_FOLDER)) {
    if (name.endsWith(".sv")) await cp(join(RTL_FOLDER, name), join(folder, name));
  }
  for (const inner of ["harness", "card"]) {
    await cp(join(RTL_FOLDER, inner), join(folder, inner), { recursive: true });
  }
}

/**
 * Builds the unchanged RTL as mutants are built, and keeps its objects.
 *
 * @param name Name of the build.
 * @param folder Folder of the builds to write to.
 * @param objects Folder of the objects.
 * @throws {Error} If a tool is missing or fails.
 */
export async function buildSound(name: string, folder: string, objects: string): Promise<void> {
  const cache = { folder: objects, isKept: true };
  await writeBuild(folder, name, await buildTop(RTL_FOLDER, buildOf(name), FLAGS, cache));
}

/**
 * Breaks a copy of the sources in one place and builds it.
 *
 * @param mutation Mutation to apply.
 * @param sound Folder of the unchanged builds.
 * @param objects Folder of the objects of {@linkcode buildSound}.
 * @param use Receives the folder of the builds, which is removed after it.
 * @returns The result of `use`.
 * @throws {Error} If the broken RTL cannot be built.
 */
export async function withMutant<T>(
  mutation: Mutation,
  sound: string,
  objects: string,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-mutate-"));
  try {
    const [sources, made] = [join(folder, "rtl"), join(folder, "made")];
    await copySources(sources);
    const path = join(sources, mutation.file);
    await writeFile(path, applyMutation(mutation, await readFile(path, "utf8")));
    await cp(sound, made, { recursive: true });
    const cache = { folder: objects, isKept: false };
    await writeBuild(made, mutation.build, await buildTop(sources, buildOf(mutation.build), FLAGS, cache));
    return await use(made);
  } finally {
    await rm(folder, { recursive: true });
  }
}
