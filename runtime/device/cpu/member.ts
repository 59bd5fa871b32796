/**
 * A worker thread with its tasks in flight, and with the buffers of inputs and results.
 *
 * @module
 */

import type { ImagePlan } from "../../../kernels/image/plan/plan.ts";
import { DTYPE_BYTES } from "../../../serialize/dtype.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { countElements, isDense, type Tensor, toBytes, toDense } from "../../../serialize/tensor.ts";
import { timedOut } from "../../../serialize/wait.ts";
import { newBuffer, type ThreadAnswer, type ThreadBuffer, transferOf } from "./messages.ts";
import { openThread, type StartThread } from "./thread.ts";

/** Inputs that a thread holds: one in work, and the next one. */
const MAX_TASKS = 2;

/** Plans that a thread keeps. The least recently used is evicted. */
const MAX_PLANS = 16;

/** An input that a thread can compute. */
export interface ThreadTask {
  /** Plan of the input. */
  readonly plan: ImagePlan;
  /** The input. It is copied for the thread. */
  readonly input: Tensor;
  /** Maximum milliseconds until the answer, once the thread has begun. */
  readonly timeoutMs: number;
}

/** Callbacks of a member. */
export interface MemberEvents<T> {
  /** Called with the elements of a result, to be copied at once, or undefined if the computation threw. */
  readonly onResult: (task: T, output: ThreadBuffer | undefined) => void;
  /** Called once if the thread ends by itself or is late: the task in work, if any, and those behind it. */
  readonly onLoss: (error: OnpathError, current: T | undefined, waiting: readonly T[]) => void;
}

/** A running thread that takes tasks. */
export interface Member<T> {
  /** Whether it takes another task. */
  readonly isFree: () => boolean;
  /** Whether a task is in flight. */
  readonly isBusy: () => boolean;
  /** Sends a task. */
  readonly give: (task: T & ThreadTask) => void;
  /** Ends the thread. Its tasks are forgotten. */
  readonly close: () => Promise<void>;
}

/** Numbers of plans in messages, by plan. */
const keys = new WeakMap<ImagePlan, number>();
let nextKey = 0;

function keyOf(plan: ImagePlan): number {
  let key = keys.get(plan);
  if (key === undefined) keys.set(plan, key = nextKey++);
  return key;
}

/**
 * Starts a thread.
 *
 * @param start Function that starts it.
 * @param events Callbacks.
 * @throws {OnpathError} As {@linkcode openThread}.
 */
export async function openMember<T>(start: StartThread, events: MemberEvents<T>): Promise<Member<T>> {
  const inFlight = new Map<number, T & ThreadTask>();
  // In order of use, so the first one is the least recently used.
  const plans = new Set<number>();
  const buffers: { readonly input: ThreadBuffer; readonly output: ThreadBuffer }[] = [];
  let nextJob = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;

  /** Starts the time of the task that the thread computes now. */
  const arm = () => {
    clearTimeout(timer);
    const [current] = inFlight.values();
    if (current === undefined) return;
    const { timeoutMs } = current;
    timer = setTimeout(() => {
      void thread.terminate();
      lose(timedOut("a worker thread", timeoutMs));
    }, timeoutMs);
  };
  const lose = (error: OnpathError) => {
    if (isClosed) return;
    isClosed = true;
    clearTimeout(timer);
    const [current, ...waiting] = inFlight.values();
    inFlight.clear();
    events.onLoss(error, current, waiting);
  };
  const onAnswer = (answer: ThreadAnswer) => {
    if (isClosed || answer === null) return;
    const task = inFlight.get(answer.job)!;
    inFlight.delete(answer.job);
    buffers.push(answer);
    arm();
    if (inFlight.size === 0) thread.hold(false);
    events.onResult(task, answer.isDone ? answer.output : undefined);
  };
  const onEnd = ({ message }: Error) =>
    lose(new OnpathError("device", `Cannot compute an input: its worker thread has ended: ${message}`));
  const thread = await openThread(start, { onAnswer, onEnd });

  return {
    isFree: () => !isClosed && inFlight.size < MAX_TASKS,
    isBusy: () => inFlight.size > 0,
    give: (task) => {
      const key = keyOf(task.plan);
      const isKnown = plans.delete(key);
      plans.add(key);
      const dropped = plans.size > MAX_PLANS ? plans.values().next().value : undefined;
      if (dropped !== undefined) plans.delete(dropped);
      const bytes = toBytes(isDense(task.input) ? task.input : toDense(task.input));
      const { dtype, shape: outputShape } = task.plan.body.output;
      const outputBytes = DTYPE_BYTES[dtype] * countElements(outputShape);
      const used = buffers.pop();
      const input = used?.input.byteLength === bytes.length ? used.input : newBuffer(bytes.length);
      const output = used?.output.byteLength === outputBytes ? used.output : newBuffer(outputBytes);
      new Uint8Array(input).set(bytes);
      const job = nextJob++;
      const { shape, layout } = task.input;
      const plan = isKnown ? undefined : task.plan;
      if (inFlight.size === 0) thread.hold(true);
      inFlight.set(job, task);
      if (inFlight.size === 1) arm();
      const message = { job, key, plan, dropped, input, output, shape, layout: layout! };
      thread.post(message, transferOf(input, output));
    },
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      inFlight.clear();
      await thread.terminate();
    },
  };
}
