/**
 * The suite that every device passes. A device's own test registers it with {@linkcode deviceSuite}.
 *
 * @module
 */

import type { Device } from "../../runtime/device/device.ts";
import { registerLife } from "./device_life.ts";
import { registerOutputs } from "./device_outputs.ts";
import { registerRefusals } from "./device_refusals.ts";
import { test } from "./helpers.ts";

/** What a device's suite is told. */
export interface SuiteOptions {
  /** Random pipelines to try; default 60. A slow device takes fewer. */
  readonly runs?: number;
  /** Whether the photograph is sent (672 packets); default true. */
  readonly photo?: boolean;
}

/** Registers a test that opens a device and closes it. */
export type Register = (name: string, run: (device: Device) => Promise<void>) => void;

/** Opens a device. */
export type Open = () => Promise<Device> | Device;

/**
 * Registers the suite.
 *
 * @param name Name of the device, as it stands in front of the tests' names.
 * @param open Opens a device; the suite closes it.
 * @param options How much is tried.
 */
export function deviceSuite(name: string, open: Open, options: SuiteOptions = {}): void {
  const register: Register = (criterion, run) =>
    test(`${name} device: ${criterion}`, async () => {
      const device = await open();
      try {
        await run(device);
      } finally {
        await device.close();
      }
    });
  registerOutputs(register, options);
  registerRefusals(register, options);
  registerLife(register);
}
