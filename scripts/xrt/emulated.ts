/**
 * Devices on emulated cards, each on a card of its own.
 *
 * @module
 */

import type { Device } from "../../runtime/device/device.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import { createXrtOffload, XRT_PROFILE } from "../../runtime/device/xrt/device/card_device.ts";
import { type Emulation, startEmulation } from "../emulation/emulation.ts";
import { emulationProgram } from "./open.ts";

/**
 * A device that is opened on a new card every time.
 *
 * @param emulation The emulation.
 * @param faults What goes wrong, as `parseFaults` reads it. What goes wrong by chance does so elsewhere on
 * every card: one that always fails at its first run would never be done with it.
 * @param timeoutMs Longest wait for a card to open.
 */
export function emulatedDevice(
  emulation: Emulation,
  faults: string | undefined,
  timeoutMs: number | undefined,
): { readonly profile: DeviceProfile; readonly open: () => Promise<Device> } {
  let opened = 0;
  return {
    profile: XRT_PROFILE,
    open: async () => {
      const number = opened++;
      const plan = faults?.replace(
        /(random:[a-z+]+:[\d.]+:)(\d+)/,
        (_, kinds, seed) => kinds + (+seed + number),
      );
      const { device, gone, giveUp, close } = await emulation.open({ faults: plan, timeoutMs });
      return createXrtOffload({ device, gone, giveUp, close });
    },
  };
}

/**
 * Opens a device on an emulated card, and prepares this process for it. Closing it takes everything away.
 *
 * @throws {OnpathError} `device` when XRT's emulation is not installed.
 */
export async function openEmulated(): Promise<Device> {
  const emulation = await startEmulation({ program: emulationProgram() });
  try {
    const { device, gone, giveUp, close } = await emulation.open();
    return createXrtOffload({
      device,
      gone,
      giveUp,
      close: async () => {
        await close();
        await emulation.close();
      },
    });
  } catch (error) {
    await emulation.close();
    throw error;
  }
}
