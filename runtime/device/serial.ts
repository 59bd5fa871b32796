/**
 * Calls of a device, one after another, and turns for the event loop while a device computes in this process.
 *
 * @module
 */

import type { Exchange } from "../../kernels/program.ts";
import { checkInteger, OnpathError } from "../../serialize/errors.ts";

/** Runs calls one after another, in the order in which they were made. */
export type Serial = <T>(call: () => Promise<T> | T) => Promise<T>;

/** Makes a queue of calls. */
export function createSerial(): Serial {
  let tail: Promise<unknown> = Promise.resolve();
  return <T>(call: () => Promise<T> | T): Promise<T> => {
    const result = tail.then(call);
    tail = result.catch(() => undefined);
    return result;
  };
}

/** Milliseconds of computing after which other events get a turn. An abort is answered within about this time. */
const SLICE_MS = 10;

/** Gives other events a turn now and then. */
export interface Slices {
  /** Whether a turn is due. */
  readonly isDue: () => boolean;
  /** Lets other events run. */
  readonly yield: () => Promise<void>;
}

/** Starts a slice of computing. */
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

/** Absent in browsers. */
const { setImmediate } = globalThis as { readonly setImmediate?: (run: () => void) => unknown };

/**
 * Lets timers, signals and network events run. In browsers a message is faster than a timer, which they delay by
 * 4 ms; in Deno messages that follow each other keep timers waiting.
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
 * Refuses an exchange that its slots cannot hold.
 *
 * @throws {OnpathError} `size` if there are fewer slots than packets.
 */
export function checkExchange({ input, output, count }: Exchange): void {
  checkInteger("packet count", count, 0, 2 ** 20);
  if (count <= input.slots && count <= output.slots) return;
  throw new OnpathError(
    "size",
    `Cannot exchange ${count} packets: there are ${input.slots} slots to send and ${output.slots} for answers`,
    { count, input: input.slots, output: output.slots },
  );
}
