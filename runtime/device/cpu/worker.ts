/**
 * Worker thread of the cpu device: computes the inputs of image plans.
 *
 * @module
 */

import { createImageExecutor, type ImageExecutor } from "../../../kernels/image/cpu/executor.ts";
import { tensor } from "../../../serialize/tensor.ts";
import { type ThreadAnswer, type ThreadJob, transferOf } from "./messages.ts";

/** Both ends of a worker's messages: `self` in browsers, `parentPort` in Node, Deno and Bun. */
interface Port {
  readonly postMessage: (message: ThreadAnswer, transfer: ArrayBuffer[]) => void;
  readonly listen: (take: (message: ThreadJob) => void) => void;
}

/** Module name, in a variable so that bundlers for browsers do not require it. */
const THREADS: string = "node:worker_threads";

/** Executors by the number of their plan. */
const executors = new Map<number, ImageExecutor>();

function take(port: Port, { job, key, plan, dropped, input, output, shape, layout }: ThreadJob): void {
  let isDone = false;
  try {
    if (dropped !== undefined) executors.delete(dropped);
    if (plan !== undefined) executors.set(key, createImageExecutor(plan)!);
    const samples = new Uint8Array(input as ArrayBuffer);
    const image = tensor(samples, { dtype: "u8", shape: [...shape], layout });
    executors.get(key)!.run(image, new Uint8Array(output));
    isDone = true;
  } catch {
    // The device computes the input again on its own thread, which throws the error to the caller.
  }
  port.postMessage({ job, isDone, input, output }, transferOf(input, output));
}

async function openPort(): Promise<Port> {
  const { process, self } = globalThis as { readonly process?: unknown; readonly self?: unknown };
  if (process === undefined) {
    const scope = self as {
      postMessage: (message: unknown, transfer: ArrayBuffer[]) => void;
      onmessage: unknown;
    };
    return {
      postMessage: (message, transfer) => scope.postMessage(message, transfer),
      listen: (take) => scope.onmessage = ({ data }: { readonly data: ThreadJob }) => take(data),
    };
  }
  const { parentPort } = await import(THREADS);
  return {
    postMessage: (message, transfer) => parentPort.postMessage(message, transfer),
    listen: (take) => parentPort.on("message", take),
  };
}

openPort().then((port) => {
  port.listen((message) => take(port, message));
  port.postMessage(null, []);
});
