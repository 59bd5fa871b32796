/**
 * Environment that XRT's software emulation requires: variables, and a temporary folder.
 *
 * @module
 */

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { PLATFORM } from "../../runtime/device/emulation/image.ts";
import { linkXrtRoot, xrtPartPlaces } from "../../runtime/device/xrt/binding/environment.ts";
import { OnpathError } from "../../serialize/errors.ts";

/** Environment variables that are set, and restored at the end. */
const VARIABLES = [
  "XCL_EMULATION_MODE",
  "XILINX_XRT",
  "EMCONFIG_PATH",
  "XRT_INI_PATH",
  "SDACCEL_EM_RUN_DIR",
  "XILINX_VITIS",
  "USER",
  "EMULATION_SOCKETID",
] as const;

/** A prepared environment. */
export interface EmulationEnvironment {
  /** Temporary folder with all files. */
  readonly folder: string;
  /** Path of the socket that XRT connects to. */
  readonly socket: string;
  /** Restores the variables and removes the folder. */
  readonly restore: () => void;
}

/** Folder in which XRT opens the socket `$USER/$EMULATION_SOCKETID`. XRT ignores TMPDIR. */
export const SOCKETS: string = join("/", "tmp");

/** Maximum bytes of a socket's path on Linux (`sun_path`, less the NUL). */
const MAX_PATH = 106;

/**
 * Creates the folder and sets the variables of this process. XRT reads them once, at its first call.
 *
 * @param devices Number of devices.
 * @param spawned Program that XRT starts as device processes. They connect to XRT without a guard. Default: the
 * caller starts them before XRT connects.
 * @returns Paths, and a function that restores the variables.
 * @throws {OnpathError} `device` when XRT's emulation is not installed, the socket's path is too long, or the
 * temporary folder is full.
 */
export function prepareEnvironment(devices: number, spawned?: URL): EmulationEnvironment {
  removeAbandoned();
  checkFreeSpace(tmpdir());
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
  const user = relative(SOCKETS, folder);
  const socket = join(folder, "xrt");
  const before = new Map(VARIABLES.map((name) => [name, process.env[name]]));
  const restore = () => {
    process.off("exit", restore);
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  // Removes the folder even if the process ends without closing its cards.
  process.on("exit", restore);
  try {
    writeFileSync(join(folder, OWNER), String(process.pid));
    const seen = `${SOCKETS}/${user}/xrt`;
    if (Math.max(seen.length, socket.length) > MAX_PATH) {
      throw new OnpathError(
        "device",
        `Cannot emulate a card: the path ${seen} is too long for a socket, set TMPDIR to a shorter folder`,
        { socket: seen, most: MAX_PATH },
      );
    }
    const root = join(folder, "root");
    if (process.env["XILINX_XRT"] === undefined && !linkXrtRoot(root)) {
      throw new OnpathError(
        "device",
        `Cannot emulate a card: XRT's emulation is not installed, tried libxrt_swemu.so.2 in ${
          xrtPartPlaces().join(", ")
        }. Install it with: apt-get install libxrt1`,
        { package: "libxrt1", tried: xrtPartPlaces() },
      );
    }
    const run = join(folder, "run");
    mkdirSync(run);
    writeFileSync(join(folder, "emconfig.json"), JSON.stringify(emconfig(devices)));
    const ini = join(folder, "xrt.ini");
    writeFileSync(ini, `[Emulation]\ndont_run=${spawned === undefined}\n[Runtime]\nruntime_log=null\n`);
    if (spawned !== undefined) writeModel(join(folder, "vitis"), spawned);
    Object.assign(process.env, {
      XCL_EMULATION_MODE: "sw_emu",
      XILINX_XRT: process.env["XILINX_XRT"] ?? root,
      EMCONFIG_PATH: folder,
      XRT_INI_PATH: ini,
      SDACCEL_EM_RUN_DIR: run,
      USER: user,
      ...(spawned === undefined ? { EMULATION_SOCKETID: "xrt" } : { XILINX_VITIS: join(folder, "vitis") }),
    });
    return { folder, socket, restore };
  } catch (error) {
    restore();
    throw error;
  }
}

/** Minimum free bytes of the temporary folder: XRT writes the xclbin's parts there and reads them back. */
const MIN_FREE_BYTES = 2 ** 17;

/**
 * Refuses a temporary folder that is full. XRT does not report it, and fails later with another error.
 *
 * @param folder Path of the folder.
 * @throws {OnpathError} `device`; the message has the free bytes and the remedy.
 */
export function checkFreeSpace(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free >= MIN_FREE_BYTES) return;
  throw new OnpathError(
    "device",
    `Cannot emulate a card: ${folder} has ${free} bytes free, expected ${MIN_FREE_BYTES}, ` +
      `set TMPDIR to another folder`,
    { folder, free, least: MIN_FREE_BYTES },
  );
}

/** Name prefix of an emulation's folder. */
const PREFIX = "onpath-xrt-";
/** File in an emulation's folder with the process id of its host. */
const OWNER = "owner";

/**
 * Removes the folder of an emulation whose host has ended. Other folders are kept.
 *
 * @param folder Path of the folder.
 * @returns Whether the folder was removed.
 */
export function removeIfAbandoned(folder: string): boolean {
  if (!basename(folder).startsWith(PREFIX)) return false;
  const owner = ownerOf(folder);
  if (owner === undefined || isAlive(owner)) return false;
  rmSync(folder, { recursive: true, force: true });
  return true;
}

/** Removes the folders of hosts that were killed before they could do so. */
function removeAbandoned(): void {
  for (const name of readdirSync(tmpdir())) removeIfAbandoned(join(tmpdir(), name));
}

/** Process id of a folder's host; undefined if the file is absent, invalid or another user's. */
function ownerOf(folder: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, OWNER), "utf8");
  } catch (error) {
    if (["ENOENT", "EACCES", "ENOTDIR"].includes((error as { code?: string }).code ?? "")) return undefined;
    throw error;
  }
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // An ended process stays listed as a zombie (Z) until its parent has collected its status.
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch (error) {
    // EPERM: the process is alive and belongs to another user.
    return !["ESRCH", "ENOENT"].includes((error as { code?: string }).code ?? "");
  }
}

/** Path of the device program that XRT starts, relative to XILINX_VITIS. */
const MODEL = "data/emulation/unified/cpu_em/generic_pcie/model/genericpciemodel";

/**
 * Returns the command that runs a program in this runtime.
 *
 * @param program File of the program. Deno finds the import map beside it or above it.
 * @returns Command and arguments. In a checkout they select the lock file's versions, which are already cached, so
 * that Deno needs no network.
 */
export function commandOf(program: URL): string[] {
  // A checkout may lack node_modules, so Deno uses its own cache.
  const path = fileURLToPath(program);
  if (!("Deno" in globalThis)) return [process.execPath, path];
  const isCheckout = existsSync(join(dirname(path), "..", "deno.lock"));
  const modules = isCheckout ? ["--frozen", "--node-modules-dir=none"] : ["--no-lock"];
  return [process.execPath, "run", "-A", "--quiet", "--no-check", ...modules, path];
}

/** Writes the script that XRT starts. */
function writeModel(root: string, program: URL): void {
  const path = join(root, MODEL);
  mkdirSync(dirname(path), { recursive: true });
  const words = commandOf(program).map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  writeFileSync(path, `#!/bin/sh\nexec ${words} --spawned\n`);
  chmodSync(path, 0o755);
}

/** Contents of emconfig.json, from which XRT reads the devices of an emulation. */
export function emconfig(devices: number): unknown {
  return {
    Version: { FileVersion: "2.0", ToolVersion: "2022.1" },
    Platform: {
      UnifiedPlatform: "true",
      ExpandedPR: "true",
      Boards: [{
        NumBoards: "1",
        Devices: [{
          Name: PLATFORM,
          HalMajorVersion: "1",
          HalMinorVersion: "0",
          VendorId: "4334",
          SubsystemVendorId: "0",
          DeviceVersion: "0",
          DataAlignment: "4096",
          NumDevices: String(devices),
          OclFreqency: "250",
          DdrBanks: [{ Size: "4G" }, { Size: "4G" }],
          FeatureRom: { Major_Version: "1", Minor_Version: "0" },
        }],
      }],
    },
  };
}
