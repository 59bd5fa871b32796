/**
 * Turns of sessions that share a device. One session at a time uses the device, in order of request. Its turn ends when
 * it has nothing to send, or after some exchanges if other sessions wait.
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
   * @param work Receives a function that returns whether other sessions wait for a turn.
   */
  readonly run: <T>(work: (hasWaiters: () => boolean) => Promise<T>) => Promise<T>;
}

// Keyed by device, so that sessions opened independently share one queue.
const turnsOf = new WeakMap<Device, Turns>();

/** Returns the turns of a device. */
export function turns(device: Device): Turns {
  let found = turnsOf.get(device);
  if (found === undefined) turnsOf.set(device, found = createTurns());
  return found;
}

function createTurns(): Turns {
  const serial = createSerial();
  let waiting = 0;
  return {
    run: <T>(work: (hasWaiters: () => boolean) => Promise<T>): Promise<T> => {
      waiting++;
      return serial(() => {
        waiting--;
        return work(() => waiting > 0);
      });
    },
  };
}
