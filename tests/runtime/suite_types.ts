/**
 * Types that the suites of devices and workloads share with their parts.
 *
 * @module
 */

import type { Device } from "../../runtime/device/device.ts";

/** Libraries that a resize may equal. */
export const MATCHES = ["exact", "opencv", "torchvision", "pillow"] as const;

/** One of {@linkcode MATCHES}. */
export type Match = (typeof MATCHES)[number];

/** What a device's suite is told. */
export interface SuiteOptions {
  /** Random pipelines to try; default 60. A slow device takes fewer. */
  readonly runs?: number;
  /** Whether the photograph is sent (672 packets); default true. */
  readonly photo?: boolean;
  /** Whether sessions compute without packets; default false. */
  readonly isDirect?: boolean;
  /** Matches of a resize that the device runs; default all. */
  readonly matches?: readonly Match[];
}

/** Registers a test that opens a device and closes it. */
export type Register = (name: string, run: (device: Device) => Promise<void>) => void;

/** Opens a device. */
export type Open = () => Promise<Device> | Device;
