/**
 * Worker threads that run in this process, with faults.
 *
 * @module
 */

import { createImageExecutor, type ImageExecutor } from "../../kernels/image/cpu/executor.ts";
import type { ThreadJob } from "../../runtime/device/cpu/messages.ts";
import type { StartThread, ThreadEvents } from "../../runtime/device/cpu/thread.ts";
import { tensor } from "../../serialize/tensor.ts";

/** A job of a thread, and the ways to end it. */
export interface FakeJob extends ThreadJob {
  /** Number of the thread, in order of their starts. */
  readonly thread: number;
  /** Jobs that the thread got before. */
  readonly number: number;
  /** Answers with the right result. */
  readonly answer: () => void;
  /** Answers that the computation threw. */
  readonly refuse: () => void;
  /** Ends the thread. */
  readonly die: () => void;
}

/** Threads with a log. */
export interface FakeThreads {
  readonly start: StartThread;
  /** Jobs in order of arrival. */
  readonly jobs: FakeJob[];
  /** Starts and ends of threads, and whether they hold the process. */
  readonly log: string[];
}

/**
 * Creates threads.
 *
 * @param take Takes each job, well or badly.
 * @param onStart Called with the number of each thread before it is ready; it may throw.
 */
export function fakeThreads(
  take: (job: FakeJob) => void,
  onStart: (thread: number, events: ThreadEvents) => void = (_, events) => events.onAnswer(null),
): FakeThreads {
  const jobs: FakeJob[] = [];
  const log: string[] = [];
  let threads = 0;
  const start: StartThread = (events) => {
    const thread = threads++;
    const executors = new Map<number, ImageExecutor>();
    let number = 0;
    let isEnded = false;
    // A real thread answers in a later task.
    const later = (run: () => void) => setTimeout(() => isEnded || run(), 0);
    log.push(`start ${thread}`);
    later(() => onStart(thread, events));
    return Promise.resolve({
      post: (job, transfer) => {
        const { input, output, ...rest } = structuredClone(job, { transfer });
        if (rest.dropped !== undefined && !executors.delete(rest.dropped)) throw new Error("drops no plan");
        if (rest.plan !== undefined) executors.set(rest.key, createImageExecutor(rest.plan)!);
        const answer = () => {
          const { shape, layout } = rest;
          const image = tensor(new Uint8Array(input as ArrayBuffer), { dtype: "u8", shape, layout });
          executors.get(rest.key)!.run(image, new Uint8Array(output));
          events.onAnswer({ job: rest.job, isDone: true, input, output });
        };
        const made: FakeJob = {
          ...rest,
          input,
          output,
          thread,
          number: number++,
          answer: () => later(answer),
          refuse: () => later(() => events.onAnswer({ job: rest.job, isDone: false, input, output })),
          die: () =>
            later(() => {
              isEnded = true;
              log.push(`die ${thread}`);
              events.onEnd(new Error("out of memory"));
            }),
        };
        jobs.push(made);
        take(made);
      },
      hold: (isHeld) => log.push(`${isHeld ? "hold" : "free"} ${thread}`),
      terminate: () => {
        if (!isEnded) log.push(`terminate ${thread}`);
        isEnded = true;
        return Promise.resolve();
      },
    });
  };
  return { start, jobs, log };
}
