/**
 * A root directory of Debian trixie with yosys and nextpnr-ecp5, which bookworm does not have in a version that fits
 * these sources. It comes from the mirror that this machine's apt is configured for.
 *
 * @module
 */

import { execFile } from "node:child_process";
import { access, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";

/** Folder in the root for the files of this process, so that two can run. */
export const FOLDER = `srv/timing-${process.pid}`;

/** Maximum minutes of one run in the root. */
const MAX_MINUTES = 60;

function run(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: MAX_MINUTES * 60_000, maxBuffer: 2 ** 24 };
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const missing = (error as { code?: unknown }).code === "ENOENT";
      const why = missing ? `${program} is missing` : `${program} failed\n${stderr}${stdout}`.slice(-3000);
      reject(new Error(`Cannot place and route: ${why}`));
    });
  });
}

/**
 * Makes the root if it is missing; minutes, 1 GB, with root rights.
 *
 * @param root Folder of the root.
 * @throws {Error} If debootstrap is missing or fails.
 */
export async function ensureRoot(root: string): Promise<void> {
  try {
    return await access(join(root, "usr/bin/nextpnr-ecp5"));
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ENOENT") throw error;
  }
  const targets = await run("apt-get", ["indextargets", "--format", "$(SITE) $(SUITE) $(COMPONENT)"]);
  const mirror = targets.split("\n").map((line) => line.split(" "))
    .find(([, , component]) => component === "main")?.[0];
  if (mirror === undefined) throw new Error("Cannot place and route: apt has no mirror of Debian");
  // A root that was not finished must not be mistaken for one.
  const part = `${root}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  const flags = ["--variant=minbase", "--include=yosys,nextpnr-ecp5"];
  await run("debootstrap", [...flags, "trixie", part, mirror]);
  await rename(part, root);
}

/**
 * Runs a script in the root, in its folder {@linkcode FOLDER}. Its mount of `/proc` ends with it.
 *
 * @param root Folder of the root.
 * @param files Files to write into the folder, by name.
 * @param script Commands of the shell; the first that fails ends it.
 * @returns Standard output.
 * @throws {Error} If a command fails, or takes more than an hour.
 */
export async function runInRoot(
  root: string,
  files: Readonly<Record<string, string>>,
  script: string,
): Promise<string> {
  await mkdir(join(root, FOLDER), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, FOLDER, name), text);
  await writeFile(join(root, FOLDER, "run.sh"), `set -e\ncd /${FOLDER}\n${script}\n`);
  const enter = 'mount -t proc proc "$0/proc" && exec chroot "$0" sh "/$1/run.sh"';
  return await run("unshare", ["--mount", "sh", "-c", enter, root, FOLDER]);
}
