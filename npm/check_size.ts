/**
 * Checks what the library costs to install: its part of the package, and the packages that it depends on.
 *
 * @module
 */

import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { gzipSync } from "node:zlib";

/** Maximum bytes to download for the library with its dependencies, without the command. */
export const MAX_LIBRARY_BYTES = 3e6;

/** Folder of the command and its photograph, which is no part of the library. */
const COMMAND_FOLDER = "bin";

/** Block of a tar archive: each file has one for its header, and is padded to a whole number. */
const BLOCK = 512;

/** Bytes of packages. */
export interface PackageSize {
  /** Bytes to download: a compressed archive. */
  readonly packed: number;
  /** Bytes of the files. */
  readonly unpacked: number;
}

/**
 * Measures a package and all packages that it depends on, without optional ones.
 *
 * @param folder Folder of the package. Its command is left out.
 * @param modules Folder `node_modules` that holds the dependencies.
 * @returns Bytes by name of the package.
 */
export async function librarySizes(folder: string, modules: string): Promise<Map<string, PackageSize>> {
  const sizes = new Map<string, PackageSize>();
  const add = async (at: string) => {
    const { name, dependencies = {} } = JSON.parse(await readFile(join(at, "package.json"), "utf8"));
    sizes.set(name, await folderSize(at, at === folder ? [COMMAND_FOLDER] : []));
    for (const each of Object.keys(dependencies)) {
      if (!sizes.has(each)) await add(join(modules, each));
    }
  };
  await add(folder);
  return sizes;
}

/**
 * Checks the download of the library against {@linkcode MAX_LIBRARY_BYTES}.
 *
 * @param folder Folder of the package.
 * @param modules Folder `node_modules` that holds the dependencies.
 * @throws {Error} If it is larger; the message lists the packages.
 */
export async function checkSize(folder: string, modules: string): Promise<string> {
  const sizes = await librarySizes(folder, modules);
  const sum = (key: keyof PackageSize) => [...sizes.values()].reduce((total, size) => total + size[key], 0);
  const list = [...sizes].map(([name, { packed }]) => `${name} ${megabytes(packed)}`).join(", ");
  const text = `${megabytes(sum("packed"))} MB to download (${list}), ${
    megabytes(sum("unpacked"))
  } MB unpacked`;
  if (sum("packed") > MAX_LIBRARY_BYTES) {
    throw new Error(
      `Cannot accept the package: the library has ${text}, expected at most ${
        megabytes(MAX_LIBRARY_BYTES)
      } MB to download`,
    );
  }
  return `the library without the command has ${text}`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}

/** Bytes of a folder, as npm packs it: files in a tar archive, compressed. */
async function folderSize(folder: string, without: readonly string[]): Promise<PackageSize> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !["node_modules", ...without].includes(path.split(sep)[0]!)).sort();
  const blocks: Uint8Array[] = [];
  let unpacked = 0;
  for (const path of files) {
    const bytes = await readFile(join(folder, path));
    unpacked += bytes.length;
    const padded = new Uint8Array(BLOCK * (1 + Math.ceil(bytes.length / BLOCK)));
    new TextEncoder().encodeInto(path, padded.subarray(0, BLOCK));
    padded.set(bytes, BLOCK);
    blocks.push(padded);
  }
  return { packed: gzipSync(await new Blob(blocks as BlobPart[]).bytes(), { level: 9 }).length, unpacked };
}
