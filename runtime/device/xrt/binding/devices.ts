/**
 * Which devices this machine has: XRT's C interface does not say.
 *
 * @module
 */

import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { emulatedDevices, emulationMode } from "./environment.ts";
import { permitted } from "./permissions.ts";

/** A device that can be opened. */
export interface ListedDevice {
  /** Its number for `XrtDevice.open`; null for a card, which is opened by its address. */
  readonly index: number | null;
  /** Its PCIe address; null in emulation. */
  readonly bdf: string | null;
  /** Its platform or PCIe device number. */
  readonly name: string;
  /** Its driver, or the kind of emulation; null for a card that no driver has taken. */
  readonly driver: string | null;
}

/** Xilinx's number among PCIe vendors. */
const VENDOR = "0x10ee";

/**
 * Lists the devices: those of the emulation that this process is set up for, or the cards.
 *
 * @param pci Where the system shows PCIe devices.
 * @returns The devices; an emulation without an emconfig.json has one.
 * @throws {OnpathError} `device` and `file` as `emulationMode` and `emulatedDevices`.
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
    // xocl has the platform in a folder whose name ends in a number of its own.
    const rom = readdirSync(folder).find((name) => name.startsWith("rom."));
    const name = (rom === undefined ? "" : read(join(rom, "VBNV"))) || `PCIe device ${read("device")}`;
    return [{ index: null, bdf, name, driver }];
  });
}
