/**
 * XRT device: the RTL's kernels on a card or an emulated card.
 *
 * @module
 */

import type { DeviceProfile } from "../../../../kernels/target/profile.ts";
import { checkInteger, OnpathError } from "../../../../serialize/errors.ts";
import { checkOptions } from "../../../option_checks.ts";
import { createCardDevice } from "../../card_device.ts";
import type { Device } from "../../device.ts";
import { RTL_PROFILE } from "../../rtl/profile.ts";
import { type OpenOptions, XrtDevice } from "../binding/device.ts";
import { type EndWork, openCardPort } from "./card_port.ts";

/**
 * Profile of the XRT device. The card runs the RTL, so all numbers are the RTL's.
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

/** Open card and the callbacks of its owner. */
export interface XrtOffloadOptions {
  /** Device with a loaded xclbin that has the RTL's kernels and their movers. Closed with the result. */
  readonly device: XrtDevice;
  /**
   * Index of the instance that runs plans, where the xclbin has several of a kernel; 0 to 63. Default 0. Devices of
   * other instances may run at the same time, each from a `lend()` of one `XrtDevice`.
   */
  readonly instance?: number | undefined;
  /** Reason the card was lost, if no call reports it; undefined while the card is usable. */
  readonly gone?: (() => string | undefined) | undefined;
  /** Abandons the card, so that every wait in XRT ends. Default: `XrtDevice.abandon`. */
  readonly giveUp?: ((why: string) => void) | undefined;
  /** Frees the card, after the ports are closed. Default: closes `device`. */
  readonly close?: (() => Promise<void>) | undefined;
}

/** Maximum wait in milliseconds for work in flight when the device closes. */
const SETTLE_MS = 500;

/**
 * Opens a card and loads its xclbin.
 *
 * @param options Card to open, the path or bytes of the xclbin, and the index of the instance that runs plans.
 * @returns Device that closes the card with itself.
 * @throws {OnpathError} `device` when the card is absent or XRT is not installed; `file` when the xclbin is
 * unreadable or invalid; `size` when the options are none, or the index is out of range.
 */
export async function openXrtOffload(
  options: OpenOptions & { readonly xclbin: string | Uint8Array } & Pick<XrtOffloadOptions, "instance">,
): Promise<Device> {
  checkOptions("open a card", options, {});
  checkInstance(options.instance);
  const device = await XrtDevice.open(options);
  try {
    await device.load(options.xclbin, options);
  } catch (error) {
    device.close();
    throw error;
  }
  return createXrtOffload({ device, instance: options.instance });
}

/** Maximum index of an instance. */
const MAX_INSTANCE = 63;

/** Checks the index of an instance. */
function checkInstance(instance = 0): number {
  return checkInteger("kernel instance", instance, 0, MAX_INSTANCE);
}

/**
 * Creates a device from an open card.
 *
 * @param options Open card and the callbacks of its owner.
 * @returns Device; its cycle and drop counts are read from the kernels' counters.
 * @throws {OnpathError} `size` when the options are none, or the index is out of range.
 */
export function createXrtOffload(options: XrtOffloadOptions): Device {
  checkOptions("run plans on a card", options, { device: { kind: "object", isRequired: true } });
  const { device } = options;
  const instance = checkInstance(options.instance);
  // Reason that the card is no longer used.
  let broken: string | undefined;

  const giveUp = (why: string) => {
    if (broken !== undefined) return;
    broken = why;
    if (options.giveUp !== undefined) options.giveUp(why);
    else device.abandon();
  };

  /** Waits for work in flight. A page load whose epoch never starts does not end; then the card is abandoned. */
  const end: EndWork = async (settle) => {
    if (broken === undefined) {
      try {
        await settle({ timeoutMs: SETTLE_MS });
      } catch (error) {
        giveUp(`it was closed with work in flight: ${(error as Error).message}`);
      }
    }
    // After `options.giveUp` every wait in XRT ends, so the buffers in use can be freed.
    if (broken !== undefined && options.giveUp !== undefined) await settle({});
  };

  return createCardDevice({
    profile: XRT_PROFILE,
    open: (build, wait) => openCardPort(device, build, wait, end, instance),
    lost: () => {
      const why = broken ?? options.gone?.();
      if (why !== undefined) giveUp(why);
      return why;
    },
    // After a timeout the state of the card is unknown.
    failed: (error) => {
      if (error instanceof OnpathError && error.code === "timeout") giveUp(error.message);
    },
    close: async () => {
      if (broken === undefined || options.giveUp !== undefined) await (options.close?.() ?? device.close());
    },
  });
}
