/**
 * The devices that the command line knows.
 *
 * @module
 */

import { createModelDevice, type Device, type DeviceProfile, MODEL_PROFILE, OnpathError } from "../../mod.ts";
import { suggest } from "./suggest.ts";

/** A device that can be opened by name. */
export interface KnownDevice {
  /** Its numbers. */
  readonly profile: DeviceProfile;
  /** Opens it; the caller closes it. */
  readonly open: () => Promise<Device>;
}

/** The device that is used where none is named. */
export const DEFAULT_DEVICE = "model";

/** Every device by its name. */
export const DEVICES: ReadonlyMap<string, KnownDevice> = new Map([
  [MODEL_PROFILE.name, { profile: MODEL_PROFILE, open: () => Promise.resolve(createModelDevice()) }],
]);

/** Milliseconds of work after which other events, such as SIGINT, get their turn. */
const TURN_MS = 50;

/**
 * Finds a device.
 *
 * @param name Its name.
 * @returns The device.
 * @throws {OnpathError} `device` when it is unknown, with the nearest name.
 */
export function findDevice(name: string): KnownDevice {
  const device = DEVICES.get(name);
  if (device === undefined) {
    const known = [...DEVICES.keys()];
    throw new OnpathError(
      "device",
      `Cannot use device ${name}: it is unknown, expected one of ${known.join(", ")}${suggest(name, known)}`,
      { name, known },
    );
  }
  return device;
}

/**
 * Opens a device for as long as a function runs.
 *
 * @param name Its name.
 * @param use What is done with it.
 * @returns What the function returns.
 * @throws {OnpathError} As {@linkcode findDevice}; and whatever the function throws.
 */
export async function withDevice<T>(name: string, use: (device: Device) => Promise<T>): Promise<T> {
  const device = await findDevice(name).open();
  try {
    return await use(takeTurns(device));
  } finally {
    await device.close();
  }
}

/**
 * A device that computes within this thread keeps every other event waiting; this one lets them in
 * now and then, so that SIGINT ends long work.
 */
function takeTurns(device: Device): Device {
  let last = performance.now();
  return {
    profile: device.profile,
    load: (plan, options) => device.load(plan, options),
    stage: (pages, options) => device.stage(pages, options),
    exchange: async (exchange, options) => {
      if (performance.now() - last > TURN_MS) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        options?.signal?.throwIfAborted();
        last = performance.now();
      }
      return await device.exchange(exchange, options);
    },
    counters: () => device.counters(),
    close: () => device.close(),
    [Symbol.asyncDispose]: () => device.close(),
  };
}
