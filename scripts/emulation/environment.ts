/**
 * The environment that XRT's software emulation wants, in a folder of its own.
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

/** The variables that are set, and what stood there before. */
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
  /** The folder that holds all of it. */
  readonly folder: string;
  /** The socket that XRT connects to. */
  readonly socket: string;
  /** Puts the variables back and removes the folder. */
  readonly restore: () => void;
}

/** XRT looks for sockets in `$USER/$EMULATION_SOCKETID` of the root's own `tmp`, whatever TMPDIR says. */
export const SOCKETS: string = join("/", "tmp");

/** A path of a socket has at most so many bytes. */
const MAX_PATH = 106;

/**
 * Makes the folder and sets the variables of this process. XRT reads them once, at its first call.
 *
 * @param devices Number of devices.
 * @param spawned The program of device processes, where XRT itself is to start them: they connect to it, and
 * no guard stands between. Default: they are there before XRT asks.
 * @returns The environment.
 * @throws {OnpathError} `device` when XRT's parts are not installed, the socket's path is too long, or the
 * temporary folder is full.
 */
export function prepareEnvironment(devices: number, spawned?: URL): EmulationEnvironment {
  removeAbandoned();
  checkRoom(tmpdir());
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
  // A process that ends without closing its cards leaves nothing behind either.
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

/** Free bytes that the temporary folder must have: XRT writes the xclbin's parts there and reads them again. */
const MIN_FREE_BYTES = 2 ** 17;

/**
 * Refuses a temporary folder that is full: XRT reports nothing, and fails later for other reasons.
 *
 * @param folder The folder.
 * @throws {OnpathError} `device`, with the free bytes and what to do.
 */
export function checkRoom(folder: string): void {
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

/** Folders of emulations begin so. */
const PREFIX = "onpath-xrt-";
/** The file in such a folder that has the number of the process that made it. */
const OWNER = "owner";

/**
 * Removes the folder of an emulation whose host is gone; anything else is left alone.
 *
 * @param folder Its path.
 * @returns Whether it is removed.
 */
export function removeIfAbandoned(folder: string): boolean {
  if (!basename(folder).startsWith(PREFIX)) return false;
  const owner = ownerOf(folder);
  if (owner === undefined || isAlive(owner)) return false;
  rmSync(folder, { recursive: true, force: true });
  return true;
}

/** Removes what processes have left that were killed before they could. */
function removeAbandoned(): void {
  for (const name of readdirSync(tmpdir())) removeIfAbandoned(join(tmpdir(), name));
}

/** The process that made a folder; undefined where that is not said, or is another user's. */
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
    // One that has ended stays in the list until its own parent has asked for it.
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch (error) {
    // Another user's process is alive too.
    return !["ESRCH", "ENOENT"].includes((error as { code?: string }).code ?? "");
  }
}

/** Where XRT looks for the program of a device, in XILINX_VITIS. */
const MODEL = "data/emulation/unified/cpu_em/generic_pcie/model/genericpciemodel";

/**
 * Command that runs a program in this runtime.
 *
 * @param program The program's file. Deno looks for the import map beside it and above it. In a checkout the
 * lock file decides the versions, which are installed by then, so that nothing is asked of the network.
 */
export function commandOf(program: URL): string[] {
  // The lock beside deno.json decides the versions, which are installed by then. A checkout may lack node_modules.
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

/** What XRT is told of the devices that there are. */
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
