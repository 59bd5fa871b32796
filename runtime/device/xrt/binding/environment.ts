/**
 * Environment that XRT requires. XRT before 2.16 ends the whole process if it is missing, so it is checked
 * before the first call.
 *
 * @module
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { OnpathError } from "../../../../serialize/errors.ts";
import type { Xrt } from "./library.ts";
import { isThere, permitted } from "./permissions.ts";

/** Value of `XCL_EMULATION_MODE`, or `card` if the variable is not set. */
export type EmulationMode = "sw_emu" | "hw_emu" | "noop" | "card";

/** Device library that XRT loads from `$XILINX_XRT/lib` in each mode. */
export const SHIMS: Readonly<Record<EmulationMode, string>> = {
  sw_emu: "libxrt_swemu.so.2",
  hw_emu: "libxrt_hwemu.so.2",
  noop: "libxrt_noop.so.2",
  card: "libxrt_core.so.2",
};

/** First XRT version that finds its libraries without XILINX_XRT. */
const SELF_SUFFICIENT: readonly number[] = [2, 16];

/**
 * Reads the kind of device that XRT opens in this process.
 *
 * @returns Emulation mode, or `card`.
 * @throws {OnpathError} `device` when XCL_EMULATION_MODE is empty or has another value, because XRT would end
 * the process; or when Deno has no permission to read it.
 */
export function emulationMode(): EmulationMode {
  const value = permitted("use XRT", () => process.env["XCL_EMULATION_MODE"]);
  if (value === undefined) return "card";
  if (value === "sw_emu" || value === "hw_emu" || value === "noop") return value;
  throw new OnpathError(
    "device",
    `Cannot use XRT: XCL_EMULATION_MODE is "${value}", expected sw_emu, hw_emu, noop, or no such variable`,
    { XCL_EMULATION_MODE: value },
  );
}

/**
 * Checks that the environment does not make XRT end this process.
 *
 * @param xrt Open XRT library.
 * @throws {OnpathError} `device` when this version requires XILINX_XRT and it is missing or has no device
 * library; the message gives the remedy.
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

/** Folders where distributions and AMD install XRT's libraries, in search order. */
export function xrtPartPlaces(): string[] {
  const folders = existsSync("/usr/lib")
    ? readdirSync("/usr/lib").filter((name) => name.endsWith("-linux-gnu"))
    : [];
  return [...folders.map((name) => join("/usr/lib", name)), "/usr/lib64", "/opt/xilinx/xrt/lib"];
}

/**
 * Creates a folder for XILINX_XRT with a link `lib` to XRT's libraries. Distributions install these among all
 * other libraries, without such a folder.
 *
 * @param folder Folder to create; the caller removes it.
 * @returns Whether XRT's libraries were found; if not, no folder is created.
 */
export function linkXrtRoot(folder: string): boolean {
  const libraries = xrtPartPlaces().find((each) => existsSync(join(each, SHIMS.card)));
  if (libraries === undefined) return false;
  mkdirSync(folder, { recursive: true });
  symlinkSync(libraries, join(folder, "lib"));
  return true;
}

/** An emulated device. */
export interface EmulatedDevice {
  /** Platform name. */
  readonly name: string;
}

/**
 * Lists the emulated devices. XRT itself accepts any index, even of an absent device.
 *
 * @returns Devices in the order of `emconfig.json`; null if the file is absent.
 * @throws {OnpathError} `file` when the file is invalid.
 */
export function emulatedDevices(): EmulatedDevice[] | null {
  const folder = permitted("list emulated devices", () => process.env["EMCONFIG_PATH"]);
  // Without the variable, XRT looks beside the executable and in the current folder.
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
    throw new OnpathError("file", `Cannot read ${path}: its contents are no emconfig.json`, { path }, {
      cause,
    });
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < b.length; i++) {
    const difference = (a[i] ?? 0) - b[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
