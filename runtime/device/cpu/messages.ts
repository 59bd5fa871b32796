/**
 * Messages between the cpu device and its worker threads. Their buffers are shared where the platform has shared memory,
 * and transferred otherwise: browsers share memory with isolated pages only. Transfers of megabytes cost more than a
 * copy in Deno.
 *
 * @module
 */

import type { ImagePlan } from "../../../kernels/image/plan/plan.ts";
import type { Layout } from "../../../serialize/tensor.ts";

/** An input for a worker thread. */
export interface ThreadJob {
  /** Number of the job. */
  readonly job: number;
  /** Number of its plan. */
  readonly key: number;
  /** The plan, with its first job on this thread. */
  readonly plan?: ImagePlan | undefined;
  /** Number of a plan that the thread forgets. */
  readonly dropped?: number | undefined;
  /** Dense samples. */
  readonly input: ThreadBuffer;
  /** Receives the elements of the result. The answer returns both buffers. */
  readonly output: ThreadBuffer;
  /** Shape of the input. */
  readonly shape: readonly number[];
  /** Order of its axes. */
  readonly layout: Layout;
}

/** Answer of a worker thread: `null` once it is ready, otherwise the end of a job. */
export type ThreadAnswer = null | {
  /** Number of the job. */
  readonly job: number;
  /** Whether the result is complete; otherwise the computation threw. */
  readonly isDone: boolean;
  /** Buffer of the input. */
  readonly input: ThreadBuffer;
  /** Elements of the result. */
  readonly output: ThreadBuffer;
};

/** Memory of a thread's input or result. */
export type ThreadBuffer = ArrayBuffer | SharedArrayBuffer;

/** Allocates memory that threads share, or that they transfer. */
export function newBuffer(bytes: number): ThreadBuffer {
  return typeof SharedArrayBuffer === "undefined" ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);
}

/** Buffers that a message transfers. Shared memory stays with both sides. */
export function transferOf(...buffers: ThreadBuffer[]): ArrayBuffer[] {
  return buffers.filter((buffer) => buffer instanceof ArrayBuffer);
}
