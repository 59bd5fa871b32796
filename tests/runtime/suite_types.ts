/**
 * Types that the suites of devices and workloads share with their parts.
 *
 * @module
 */

import type { Device } from "../../runtime/device/device.ts";

/** What a device's suite is told. */
export interface SuiteOptions {
  /** Random pipelines to try; default 60. A slow device takes fewer. */
  readonly runs?: number;
  /** Whether the photograph is sent (672 packets); default true. */
  readonly photo?: boolean;
  /** Whether sessions compute without packets; default false. */
  readonly isDirect?: boolean;
}

/** Registers a test that opens a device and closes it. */
export type Register = (name: string, run: (device: Device) => Promise<void>) => void;

/** Opens a device. */
export type Open = () => Promise<Device> | Device;
