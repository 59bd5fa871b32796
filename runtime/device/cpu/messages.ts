/**
 * Messages between the cpu device and its worker threads. Buffers are transferred, not copied.
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
  /** Dense samples. The answer returns the buffer. */
  readonly input: ArrayBuffer;
  /** Shape of the input. */
  readonly shape: readonly number[];
  /** Order of its axes. */
  readonly layout: Layout;
}

/** Answer of a worker thread: `null` once it is ready, otherwise the end of a job. */
export type ThreadAnswer = null | {
  /** Number of the job. */
  readonly job: number;
  /** Buffer of the input. */
  readonly input: ArrayBuffer;
  /** Elements of the result, or undefined if the computation threw. */
  readonly output: ArrayBuffer | undefined;
};
