/**
 * What XRT wants of the environment. Versions before 2.16 end the whole process where it is missing, so
 * it is checked before the first call.
 *
 * @module
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { OnpathError } from "../../../../serialize/errors.ts";
import type { Xrt } from "./library.ts";
import { isThere, permitted } from "./permissions.ts";

/** What `XCL_EMULATION_MODE` says, or that a card is used. */
export type EmulationMode = "sw_emu" | "hw_emu" | "noop" | "card";

/** The library of the device that each mode loads from `$XILINX_XRT/lib`. */
export const SHIMS: Readonly<Record<EmulationMode, string>> = {
  sw_emu: "libxrt_swemu.so.2",
  hw_emu: "libxrt_hwemu.so.2",
  noop: "libxrt_noop.so.2",
  card: "libxrt_core.so.2",
};

/** The first version that finds its parts by itself. */
const SELF_SUFFICIENT: readonly number[] = [2, 16];

/**
 * Reads which kind of device XRT opens in this process.
 *
 * @returns The mode.
 * @throws {OnpathError} `device` when the variable XCL_EMULATION_MODE has another value: XRT would end the
 * process, for an empty one too; or when Deno may not read it.
 */
export function emulationMode(): EmulationMode {
  const value = permitted("use XRT", () => process.env["XCL_EMULATION_MODE"]);
  if (value === undefined) return "card";
  if (value === "sw_emu" || value === "hw_emu" || value === "noop") return value;
  throw new OnpathError(
    "device",
    `Cannot use XRT: XCL_EMULATION_MODE is "${value}", expected sw_emu, hw_emu or noop, or that it is not set`,
    { XCL_EMULATION_MODE: value },
  );
}

/**
 * Refuses an environment in which XRT would end this process.
 *
 * @param xrt The open library.
 * @throws {OnpathError} `device`, with what to set, when XILINX_XRT is missing or leads nowhere and the
 * version wants it.
 */
export function checkXrtEnvironment(xrt: Pick<Xrt, "version">): void {
  const mode = emulationMode();
  const { version } = xrt;
  if (version !== null && compare(version, SELF_SUFFICIENT) >= 0) return;
  const root = permitted("use XRT", () => process.env["XILINX_XRT"]);
  const part = join(root ?? "", "lib", SHIMS[mode]);
  if (root && isThere(part)) return;
  const found = version === null ? "of unknown version" : version.join(".");
  throw new OnpathError(
    "device",
    `Cannot use XRT ${found}: ${
      root ? `XILINX_XRT is ${root}, which has no lib/${SHIMS[mode]}` : "XILINX_XRT is not set"
    }` +
      `, and XRT before 2.16 would end the process. With AMD's package: . /opt/xilinx/xrt/setup.sh. ` +
      `With Debian's: mkdir -p ~/.xrt && ln -sfn /usr/lib/$(uname -m)-linux-gnu ~/.xrt/lib && export XILINX_XRT=~/.xrt`,
    { version, mode, XILINX_XRT: root ?? null, missing: part },
  );
}

/** Folders in which distributions and AMD have XRT's parts, in the order in which they are looked at. */
export function xrtPartPlaces(): string[] {
  const places = existsSync("/usr/lib")
    ? readdirSync("/usr/lib").filter((name) => name.endsWith("-linux-gnu"))
    : [];
  return [...places.map((name) => join("/usr/lib", name)), "/usr/lib64", "/opt/xilinx/xrt/lib"];
}

/**
 * Makes a folder that XILINX_XRT may name where a distribution has XRT's parts among all other libraries:
 * its `lib` is a link to them.
 *
 * @param folder The folder; it is made, and is the caller's to remove.
 * @returns Whether XRT's parts were found; without them nothing is made.
 */
export function linkXrtRoot(folder: string): boolean {
  const libraries = xrtPartPlaces().find((place) => existsSync(join(place, SHIMS.card)));
  if (libraries === undefined) return false;
  mkdirSync(folder, { recursive: true });
  symlinkSync(libraries, join(folder, "lib"));
  return true;
}

/** A device that an emulation has. */
export interface EmulatedDevice {
  /** Its platform's name. */
  readonly name: string;
}

/**
 * Lists the devices of an emulation: XRT takes any index, and works with devices that are not there.
 *
 * @returns The devices that `emconfig.json` names, in their order; null where no file is found.
 * @throws {OnpathError} `file` when the file is no such document.
 */
export function emulatedDevices(): EmulatedDevice[] | null {
  const folder = permitted("list emulated devices", () => process.env["EMCONFIG_PATH"]);
  // Where the variable is missing, XRT looks beside the executable and in the current folder.
  const path = join(folder ?? ".", "emconfig.json");
  if (!isThere(path)) return null;
  try {
    const boards: { Devices: { Name: string; NumDevices?: string | number }[] }[] =
      JSON.parse(readFileSync(path, "utf8")).Platform.Boards;
    return boards.flatMap(({ Devices }) =>
      Devices.flatMap(({ Name, NumDevices = 1 }) =>
        Array.from({ length: Math.min(64, +NumDevices) }, () => ({ name: Name }))
      )
    );
  } catch (cause) {
    throw new OnpathError("file", `Cannot read ${path}: it is no emconfig.json`, { path }, { cause });
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < b.length; i++) {
    const difference = (a[i] ?? 0) - b[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
