/**
 * Devices on emulated cards.
 *
 * @module
 */

import type { Device } from "../../runtime/device/device.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import { createXrtOffload, XRT_PROFILE } from "../../runtime/device/xrt/device/card_device.ts";
import { type CardWaveFile, type Emulation, startEmulation } from "../emulation/emulation.ts";
import { emulationProgram } from "./open.ts";

/**
 * Creates a device opener. Each open starts a new device process.
 *
 * @param emulation Running emulation. Each device must be closed before the next open.
 * @param faults Faults, in the syntax of `parseFaults`. Each open adds 1 to the seed of random faults. With one
 * seed, a card that fails at its first run would fail there again after each reopening.
 * @param timeoutMs Timeout of each open, in milliseconds.
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
 * Starts an emulation and opens a device on its card. Closing the device ends the emulation.
 *
 * @param wave Waveform that the card writes. Default none.
 * @throws {OnpathError} `device` when XRT's emulation is not installed.
 */
export async function openEmulated(wave?: CardWaveFile): Promise<Device> {
  const emulation = await startEmulation({ program: emulationProgram() });
  try {
    const { device, gone, giveUp, close } = await emulation.open({ wave });
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
