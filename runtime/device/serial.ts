/**
 * Call queue of a device, and yields to the event loop while a device computes in this process.
 *
 * @module
 */

import type { Exchange } from "../../kernels/program.ts";
import { checkInteger, OnpathError } from "../../serialize/errors.ts";

/** Runs a call after all earlier calls have ended. A failed call does not stop the later ones. */
export type Serial = <T>(call: () => Promise<T> | T) => Promise<T>;

/** Makes an empty call queue. */
export function createSerial(): Serial {
  let tail: Promise<unknown> = Promise.resolve();
  return <T>(call: () => Promise<T> | T): Promise<T> => {
    const result = tail.then(call);
    tail = result.catch(() => undefined);
    return result;
  };
}

/** Milliseconds of computing between two yields. An abort takes effect within about this time. */
const SLICE_MS = 10;

/** Divides a computation into slices with yields between them. */
export interface Slices {
  /** Returns whether the slice has lasted longer than its time. */
  readonly isDue: () => boolean;
  /** Lets other events run, and starts the next slice. */
  readonly yield: () => Promise<void>;
}

/** Starts the first slice. */
export function createSlices(): Slices {
  let start = performance.now();
  return {
    isDue: () => performance.now() - start > SLICE_MS,
    yield: async () => {
      await yieldToEventLoop();
      start = performance.now();
    },
  };
}

/** Undefined in browsers. */
const { setImmediate } = globalThis as { readonly setImmediate?: (run: () => void) => unknown };

/**
 * Lets timers, signals and network events run. Browsers delay timers by 4 ms, so a message is used there. In Deno,
 * consecutive messages would delay timers, so `setImmediate` is used where it exists.
 */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    if (setImmediate !== undefined) {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/**
 * Checks that an exchange has enough slots.
 *
 * @throws {OnpathError} `size` if there are fewer slots than packets.
 */
export function checkExchange({ input, output, count }: Exchange): void {
  checkInteger("packet count", count, 0, 2 ** 20);
  if (count <= input.slots && count <= output.slots) return;
  throw new OnpathError(
    "size",
    `Cannot exchange ${count} packets: there are ${input.slots} request slots and ${output.slots} answer slots`,
    { count, input: input.slots, output: output.slots },
  );
}
