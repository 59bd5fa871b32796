/**
 * Turns of sessions that share a device. One session at a time reaches it, first come first served; a session gives
 * the device back when it has nothing to send, or after some exchanges if others wait.
 *
 * @module
 */

import type { Device } from "./device/device.ts";
import { createSerial } from "./device/serial.ts";

/** Turns on one device. */
export interface Turns {
  /**
   * Runs work alone on the device.
   *
   * @param work Given a function that tells whether others wait.
   */
  readonly run: <T>(work: (othersWait: () => boolean) => Promise<T>) => Promise<T>;
}

// A device is the key, so that sessions that were opened apart still find each other.
const turnsOf = new WeakMap<Device, Turns>();

/** Finds the turns of a device. */
export function turns(device: Device): Turns {
  let found = turnsOf.get(device);
  if (found === undefined) turnsOf.set(device, found = createTurns());
  return found;
}

function createTurns(): Turns {
  const serial = createSerial();
  let waiting = 0;
  return {
    run: <T>(work: (othersWait: () => boolean) => Promise<T>): Promise<T> => {
      waiting++;
      return serial(() => {
        waiting--;
        return work(() => waiting > 0);
      });
    },
  };
}
