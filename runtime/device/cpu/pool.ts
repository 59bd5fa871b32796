/**
 * Queue of inputs to compute, for this thread and for worker threads.
 *
 * This thread computes too. It copies no input, and it goes on if all other threads are lost.
 *
 * @module
 */

import type { OnpathError } from "../../../serialize/errors.ts";
import { createSlices } from "../serial.ts";
import { type Member, openMember, type ThreadTask } from "./member.ts";
import type { StartThread } from "./thread.ts";

/** Threads that may end during one input. After that many, the input is refused. */
const MAX_LOSSES = 2;

/** An input to compute. */
export interface Task {
  /** Computes the input on this thread and settles the task. */
  readonly run: () => void;
  /** Settles the task with an error. */
  readonly fail: (error: unknown) => void;
  /** The input as other threads compute it. Absent if only this thread can. */
  readonly remote?: RemoteInput | undefined;
}

/** An input that another thread may compute. */
export interface RemoteInput extends ThreadTask {
  /** Settles the task with the elements of its result. */
  readonly take: (output: ArrayBuffer) => void;
}

/** Queue with its threads. */
export interface Pool {
  /** Queues tasks. */
  readonly add: (tasks: readonly Task[]) => void;
  /** Withdraws tasks. A thread that computes one finishes it, and the result is dropped. */
  readonly remove: (tasks: readonly Task[]) => void;
  /** Ends all threads. Tasks fail with the reason. */
  readonly close: (reason: OnpathError) => Promise<void>;
}

/** Task in flight. */
interface Sent extends ThreadTask {
  readonly task: Task;
}

/**
 * Creates an empty queue. Threads start with the first tasks that they can share.
 *
 * @param count Worker threads beside this one.
 * @param start Function that starts a thread.
 */
export function createPool(count: number, start: StartThread): Pool {
  // A set keeps the order of insertion, and removes a task in constant time.
  const queue = new Set<Task>();
  const inFlight = new Set<Task>();
  const members = new Set<Member<Sent>>();
  /** Tasks whose computation threw on another thread. This thread computes them again, for the error itself. */
  const isLocal = new WeakSet<Task>();
  const losses = new WeakMap<Task, number>();
  const slices = createSlices();
  let isDriving = false;
  let isClosed = false;

  const openMissing = async (): Promise<void> => {
    const missing = Array.from({ length: count - members.size }, async () => {
      const member = await openMember<Sent>(start, {
        onResult: ({ task }, output) => {
          settle(task, () => {
            if (output !== undefined) return task.remote!.take(output);
            isLocal.add(task);
            queue.add(task);
          });
        },
        onLoss: (error, current, waiting) => {
          members.delete(member);
          for (const { task } of waiting) settle(task, () => queue.add(task));
          if (current !== undefined) settle(current.task, () => lose(current.task, error));
        },
      });
      members.add(member);
    });
    const failed = (await Promise.allSettled(missing)).find(({ status }) => status === "rejected");
    if (isClosed) await Promise.all([...members].map((member) => member.close()));
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  };

  /** Ends the flight of a task, unless it was withdrawn. Then the queue goes on. */
  const settle = (task: Task, then: () => void) => {
    if (inFlight.delete(task)) then();
    give();
    void drive();
  };
  const lose = (task: Task, error: OnpathError) => {
    const count = (losses.get(task) ?? 0) + 1;
    losses.set(task, count);
    if (error.code === "timeout" || count === MAX_LOSSES) task.fail(error);
    else queue.add(task);
  };

  /** Gives tasks to other threads. One stays, for this thread. */
  const give = () => {
    for (const member of members) {
      for (const task of queue) {
        if (queue.size < 2 || !member.isFree()) break;
        if (task.remote === undefined || isLocal.has(task)) continue;
        queue.delete(task);
        inFlight.add(task);
        member.give({ ...task.remote, task });
      }
    }
  };

  /** Computes tasks on this thread until the queue is empty. */
  const drive = async (): Promise<void> => {
    if (isDriving) return;
    isDriving = true;
    try {
      // Calls of the same turn join the queue first.
      await Promise.resolve();
      while (queue.size > 0) {
        const [first] = queue;
        if (members.size < count && queue.size > 1 && first!.remote !== undefined) {
          try {
            await openMissing();
          } catch (error) {
            for (const task of queue) task.fail(error);
            queue.clear();
          }
        }
        give();
        // Answers of threads arrive between two inputs.
        if (inFlight.size > 0 || slices.isDue()) await slices.yield();
        const [task] = queue;
        if (task === undefined) continue;
        queue.delete(task);
        task.run();
      }
    } finally {
      isDriving = false;
    }
  };

  return {
    add: (tasks) => {
      for (const task of tasks) queue.add(task);
      void drive();
    },
    remove: (tasks) => {
      for (const task of tasks) {
        queue.delete(task);
        inFlight.delete(task);
      }
    },
    close: async (reason) => {
      isClosed = true;
      for (const task of [...queue, ...inFlight]) task.fail(reason);
      queue.clear();
      inFlight.clear();
      await Promise.all([...members].map((member) => member.close()));
    },
  };
}
