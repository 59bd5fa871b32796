/**
 * Checks the package after installation: npm installs it into an empty folder, and Node runs it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { isDeepStrictEqual } from "node:util";
import sharp from "sharp";
import { compile } from "../kernels/compile.ts";
import { createModelDevice } from "../runtime/device/model.ts";
import { offload } from "../runtime/offload.ts";
import type { ImagePipeline } from "../kernels/image/pipeline.ts";
import { type Tensor, tensor } from "../serialize/tensor.ts";
import { COMMAND } from "./build.ts";
import type { DenoConfig } from "./package_json.ts";
import { run } from "./run.ts";

const PHOTO = "scripts/photos/coffee.png";

const PIPELINES: readonly ImagePipeline[] = [
  { steps: [{ op: "resize", size: [224, 224], match: "opencv" }] },
  {
    steps: [
      { op: "resize", size: [224, 224], match: "torchvision" },
      {
        op: "normalize",
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
        range: "0-1",
        dtype: "f32",
        layout: "CHW",
      },
    ],
  },
];

/**
 * Installs the packed package and copies the files of the checks.
 *
 * @param root Folder of the repository.
 * @param tarball Path of the packed package.
 * @param folder Empty folder.
 */
export async function install(root: string, tarball: string, folder: string): Promise<string> {
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true }));
  await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", tarball], folder);
  for (const file of ["run.mjs", "run.cjs"]) {
    await copyFile(join(root, "npm/consumer", file), join(folder, file));
  }
  for (const file of ["types.mts", "types.cts"]) {
    await copyFile(join(root, "npm/consumer/types.ts"), join(folder, file));
  }
  return "npm installs the package into an empty folder";
}

/**
 * Runs pipelines on the test photograph, from source and on Node as ESM and CommonJS.
 *
 * @param root Folder of the repository.
 * @param folder Folder in which the package is installed.
 * @throws {Error} If an output differs, or two entries export different classes.
 */
export async function checkRuns(root: string, folder: string): Promise<string> {
  const { shape, data, hashes } = await hashPipelines(root);
  await writeFile(join(folder, "samples.raw"), data);
  await writeFile(join(folder, "cases.json"), JSON.stringify({ shape, pipelines: PIPELINES }));
  for (const file of ["run.mjs", "run.cjs"]) {
    const found = JSON.parse(await run("node", [file], folder));
    if (!isDeepStrictEqual(found, { hashes, oneClass: true })) {
      throw new Error(
        `Cannot accept the package: ${file} prints ${JSON.stringify(found)}, expected hashes ${
          hashes.join(", ")
        } and one class`,
      );
    }
  }
  const version = (await run("node", ["--version"], folder)).trim();
  return `ESM and CommonJS on Node ${version} equal Deno: ${
    hashes.map((hash) => hash.slice(0, 12)).join(", ")
  }`;
}

/** Runs the pipelines on the photograph with the library's sources, and hashes their outputs. */
export async function hashPipelines(
  root: string,
): Promise<{ readonly shape: number[]; readonly data: Uint8Array; readonly hashes: string[] }> {
  const { data, info } = await sharp(join(root, PHOTO)).removeAlpha().raw().toBuffer({
    resolveWithObject: true,
  });
  const shape = [info.height, info.width, info.channels];
  const image = tensor(new Uint8Array(data), { dtype: "u8", shape, layout: "HWC" });
  const hashes: string[] = [];
  for (const pipeline of PIPELINES) hashes.push(await hashOutput(pipeline, image));
  return { shape, data, hashes };
}

/** Runs a pipeline with the library's sources. */
async function hashOutput(pipeline: ImagePipeline, image: Tensor): Promise<string> {
  await using device = createModelDevice();
  const { output } = await offload(compile(pipeline, { input: image, device }), image, device);
  const { buffer, byteOffset, byteLength } = output.data;
  return createHash("sha256").update(new Uint8Array(buffer, byteOffset, byteLength)).digest("hex");
}

/**
 * Type-checks a program against the installed declarations, as ESM and as CommonJS.
 *
 * @param root Folder of the repository.
 * @param folder Folder in which the package is installed.
 */
export async function checkProgram(root: string, folder: string): Promise<string> {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const options = [
    "--strict",
    "--exactOptionalPropertyTypes",
    "--noEmit",
    "--target",
    "es2022",
  ];
  // As in a Node project without the DOM: @types/node declares Node's globals.
  const types = ["--types", "node", "--typeRoots", join(root, "node_modules/@types")];
  const lib = ["--lib", "es2022", ...types, "--skipLibCheck", "false"];
  await run("node", [tsc, ...options, ...lib, "--module", "nodenext", "types.mts", "types.cts"], folder);
  await run("node", [
    tsc,
    ...options,
    ...lib,
    "--module",
    "esnext",
    "--moduleResolution",
    "bundler",
    "types.mts",
  ], folder);
  return "tsc accepts a typed program: nodenext from ESM and CommonJS, bundler";
}

/**
 * Runs the command's tour through npx and from its source, and compares printed numbers and written files.
 *
 * @param root Folder of the repository.
 * @param folder Folder in which the package is installed.
 * @throws {Error} If an output differs.
 */
export async function checkCommand(root: string, folder: string): Promise<string> {
  const elsewhere = join(folder, "source");
  await mkdir(elsewhere);
  const options = ["--json"];
  const source = ["run", "-A", "--config", join(root, "deno.json"), join(root, COMMAND), ...options];
  const [found, expected] = await Promise.all([
    run("npx", ["--no-install", "onpath", ...options], folder).then((json) => outcome(json, folder)),
    run(process.execPath, source, elsewhere).then((json) => outcome(json, elsewhere)),
  ]);
  if (!isDeepStrictEqual(found, expected)) {
    throw new Error(
      `Cannot accept the command: npx onpath ${options.join(" ")} prints ${JSON.stringify(found)}, expected ${
        JSON.stringify(expected)
      }`,
    );
  }
  const { facts, files } = expected;
  return `npx onpath ${
    options.join(" ")
  } equals its source in ${facts.length} numbers and ${files.length} written files`;
}

/**
 * Runs a sender, a NIC and a receiver as processes of Node, with losses between them. The command fails if a result
 * differs from the local one.
 *
 * @param folder Folder in which the package is installed.
 * @throws {Error} If it fails, or sends no input.
 */
export async function checkNetwork(folder: string): Promise<string> {
  const samples = ["photograph", "cache"];
  const options = ["--samples", samples.join(","), "--loss", "0.02", "--json"];
  const printed = await run("npx", ["--no-install", "onpath", "network", ...options], folder);
  const { inputs, hosts }: { inputs: { name: string; equal: number }[]; hosts: string } = JSON.parse(printed);
  const found = inputs.map(({ name, equal }) => `${name} ${equal}`).join(", ");
  const expected = samples.map((name) => `${name} 1`).join(", ");
  if (found !== expected) {
    throw new Error(`Cannot accept the network under Node: found ${found}, expected ${expected}`);
  }
  return `${samples.join(" and ")} cross a NIC of Node, with losses (${hosts})`;
}

/**
 * Runs the tour on an emulated card through AMD's own library, under Node and under Deno. The written files
 * must equal the model's.
 *
 * @param root Folder of the repository.
 * @param folder Folder in which the package is installed; koffi is installed there too.
 * @throws {Error} If an output differs.
 */
export async function checkEmulated(root: string, folder: string): Promise<string> {
  if (!existsSync("/usr/lib/x86_64-linux-gnu/libxrt_swemu.so.2")) {
    return "skipped: the emulated card (libxrt1 is not installed)";
  }
  const { imports }: DenoConfig = JSON.parse(await readFile(join(root, "deno.json"), "utf8"));
  const koffi = imports["koffi"]!.replace("npm:", "");
  await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", koffi], folder);
  const deno = ["run", "-A", "--config", join(root, "deno.json"), join(root, COMMAND), "--json"];
  const emulated = ["--device", "xrt", "--emulate"];
  const hashes = async (out: string, program: string, args: readonly string[]) => {
    const json = await run(program, [...args, "--out", out], folder);
    const { files, counters }: { files: Record<string, string>; counters: { packets: number } } = JSON.parse(
      json,
    );
    const list = await Promise.all(
      Object.values(files).map(async (file) =>
        createHash("sha256").update(await readFile(join(folder, file))).digest("hex")
      ),
    );
    return { list, packets: counters.packets };
  };
  const model = await hashes("model", process.execPath, [...deno, "--device", "model", "--match", "exact"]);
  const inNode = await hashes("node", "npx", ["--no-install", "onpath", "--json", ...emulated]);
  const inDeno = await hashes("deno", process.execPath, [...deno, ...emulated]);
  for (const [name, found] of [["Node", inNode], ["Deno", inDeno]] as const) {
    if (found.packets === 0 || !isDeepStrictEqual(found.list, model.list)) {
      throw new Error(
        `Cannot accept the emulated card under ${name}: it writes ${found.list}, expected ${model.list}`,
      );
    }
  }
  return `the photograph through libxrt and an emulated card equals the model under Node and Deno: ${
    model.list.map((hash) => hash.slice(0, 12)).join(", ")
  }`;
}

/** Numbers printed by a tour, without times, and hashes of the files it wrote. */
async function outcome(json: string, folder: string): Promise<{ facts: string[]; files: string[] }> {
  const report: { files: Record<string, string> } = JSON.parse(json);
  const files = await Promise.all(
    Object.values(report.files).map(async (file) => {
      const hash = createHash("sha256").update(await readFile(join(folder, file))).digest("hex");
      return `${file}: ${hash}`;
    }),
  );
  const facts = listFacts(report);
  if (facts.length === 0 || files.length === 0) {
    throw new Error("Cannot compare onpath --json: it names no numbers or no files");
  }
  return { facts, files };
}

/**
 * Lists the numbers of a document that are the same in every run: all except times.
 *
 * @param value JSON document.
 * @param path Path of `value` in the whole document.
 * @returns Lines of path and number.
 */
export function listFacts(value: unknown, path = ""): string[] {
  if (typeof value === "number") return [`${path}: ${value}`];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    /^milliseconds$|Ms$/.test(key) ? [] : listFacts(child, `${path}/${key}`)
  );
}
