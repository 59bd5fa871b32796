/**
 * List of the devices of this machine, which XRT's C interface does not provide.
 *
 * @module
 */

import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { emulatedDevices, emulationMode } from "./environment.ts";
import { permitted } from "./permissions.ts";

/** A device that can be opened. */
export interface ListedDevice {
  /** Index for `XrtDevice.open`; null for a card, which is opened by its PCIe address. */
  readonly index: number | null;
  /** PCIe address; null in emulation. */
  readonly bdf: string | null;
  /** Platform name, or the PCIe device number. */
  readonly name: string;
  /** Driver name, or the emulation mode; null for a card without a driver. */
  readonly driver: string | null;
}

/** PCIe vendor number of Xilinx. */
const VENDOR = "0x10ee";

/**
 * Lists the emulated devices if this process uses emulation, the cards otherwise.
 *
 * @param pci Folder of PCIe devices in sysfs.
 * @returns Devices in order; an emulation without an emconfig.json has one.
 * @throws {OnpathError} `device` or `file`, as `emulationMode` and `emulatedDevices`.
 */
export function listXrtDevices(pci = "/sys/bus/pci/devices"): ListedDevice[] {
  const mode = emulationMode();
  if (mode !== "card") {
    const devices = emulatedDevices() ?? [{ name: "not named" }];
    return devices.map(({ name }, index) => ({ index, bdf: null, name, driver: mode }));
  }
  if (!existsSync(pci)) return [];
  return permitted("list the cards", () => listCards(pci));
}

function listCards(pci: string): ListedDevice[] {
  return readdirSync(pci).sort().flatMap((bdf): ListedDevice[] => {
    const folder = join(pci, bdf);
    const read = (name: string) =>
      existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8").trim() : "";
    if (read("vendor") !== VENDOR) return [];
    const driver = existsSync(join(folder, "driver")) ? basename(readlinkSync(join(folder, "driver"))) : null;
    // The xocl driver puts the platform name into a folder `rom.<number>`.
    const rom = readdirSync(folder).find((name) => name.startsWith("rom."));
    const name = (rom === undefined ? "" : read(join(rom, "VBNV"))) || `PCIe device ${read("device")}`;
    return [{ index: null, bdf, name, driver }];
  });
}
