/**
 * The XRT device: the RTL's kernels on a card, or on an emulated one.
 *
 * @module
 */

import type { DeviceProfile } from "../../../../kernels/target/profile.ts";
import { OnpathError } from "../../../../serialize/errors.ts";
import { createCardDevice } from "../../card_device.ts";
import type { Device } from "../../device.ts";
import { RTL_PROFILE } from "../../rtl/profile.ts";
import { type OpenOptions, XrtDevice } from "../binding/device.ts";
import { type EndWork, openCardPort } from "./card_port.ts";

/**
 * The XRT device's numbers: those of the RTL, which it runs.
 *
 * @example
 * ```ts
 * import { XRT_PROFILE } from "onpath/xrt";
 * import assert from "node:assert/strict";
 *
 * assert.equal(XRT_PROFILE.name, "xrt");
 * ```
 */
export const XRT_PROFILE: DeviceProfile = {
  ...RTL_PROFILE,
  name: "xrt",
  summary: "the NIC's RTL on a card through XRT, or on an emulated one",
};

/** What an XRT device is made of. */
export interface XrtOffloadOptions {
  /** A device with an xclbin that has the RTL's kernels and their movers. It is closed with the result. */
  readonly device: XrtDevice;
  /** Says why the card is gone, where that shows by no call; undefined while it is there. */
  readonly gone?: (() => string | undefined) | undefined;
  /** Gives the card up, so that every wait in XRT ends. Default: what is open on it is forgotten. */
  readonly giveUp?: ((why: string) => void) | undefined;
  /** Closes what is below, after the device's own things. Default: closes the device. */
  readonly close?: (() => Promise<void>) | undefined;
}

/** Milliseconds that work under way has to end when the device is closed. */
const SETTLE_MS = 500;

/**
 * Opens a card and loads its xclbin.
 *
 * @param options Which card, and the path or bytes of the xclbin.
 * @returns The device.
 * @throws {OnpathError} `device` when there is no card, or XRT is not installed; `file` when the xclbin is none.
 */
export async function openXrtOffload(
  options: OpenOptions & { readonly xclbin: string | Uint8Array },
): Promise<Device> {
  const device = await XrtDevice.open(options);
  try {
    await device.load(options.xclbin, options);
  } catch (error) {
    device.close();
    throw error;
  }
  return createXrtOffload({ device });
}

/**
 * Makes a device of an open card.
 *
 * @param options The card.
 * @returns The device. Its cycles and drops are the kernels' own counters.
 */
export function createXrtOffload(options: XrtOffloadOptions): Device {
  const { device } = options;
  // Reason that the card is used no more.
  let broken: string | undefined;

  const giveUp = (why: string) => {
    if (broken !== undefined) return;
    broken = why;
    if (options.giveUp !== undefined) options.giveUp(why);
    else device.abandon();
  };

  /** Lets work under way end before it is closed: loads for an epoch that never came do not. */
  const end: EndWork = async (settle) => {
    if (broken === undefined) {
      try {
        await settle({ timeoutMs: SETTLE_MS });
      } catch (error) {
        giveUp(`it was closed with work under way: ${(error as Error).message}`);
      }
    }
    // A card that was given up ends every wait, so what it held can be freed.
    if (broken !== undefined && options.giveUp !== undefined) await settle({});
  };

  return createCardDevice({
    profile: XRT_PROFILE,
    open: (build, wait) => openCardPort(device, build, wait, end),
    lost: () => {
      const why = broken ?? options.gone?.();
      if (why !== undefined) giveUp(why);
      return why;
    },
    // A card that did not answer is not used again.
    failed: (error) => {
      if (error instanceof OnpathError && error.code === "timeout") giveUp(error.message);
    },
    close: async () => {
      if (broken === undefined || options.giveUp !== undefined) await (options.close?.() ?? device.close());
    },
  });
}
