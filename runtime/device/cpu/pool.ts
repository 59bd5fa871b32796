/**
 * Queue of inputs to compute, for this thread and for worker threads.
 *
 * This thread computes too. It copies no input, and it goes on if all other threads are lost.
 *
 * @module
 */

import type { OnpathError } from "../../../serialize/errors.ts";
import { createSlices } from "../serial.ts";
import type { ThreadBuffer } from "./messages.ts";
import { type Member, openMember, type ThreadTask } from "./member.ts";
import type { StartThread } from "./thread.ts";

/** Threads that may end during one input, before it is refused. */
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
  /** Settles the task with the elements of its result, which it copies. */
  readonly take: (output: ThreadBuffer) => void;
}

/** Queue with its threads. A task belongs to a call; when one fails, the call withdraws the others. */
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
  // Sets keep the order of insertion, and remove a task in constant time.
  /** Tasks for any thread. */
  const shared = new Set<Task>();
  /** Tasks that only this thread can compute, or that threw on another: this thread gets the error itself. */
  const local = new Set<Task>();
  /** Tasks whose thread ended in their middle. Other threads compute them, because this one might end as well. */
  const orphans = new Set<Task>();
  const inFlight = new Set<Task>();
  const losses = new WeakMap<Task, number>();
  const members = new Set<Member<Sent>>();
  const slices = createSlices();
  let isDriving = false;
  let isClosed = false;

  const failAll = (reason: unknown, sets: readonly ReadonlySet<Task>[]) => {
    // A failing task withdraws all tasks of its call.
    for (const set of sets) for (const task of set) task.fail(reason);
  };

  const openMissing = async (): Promise<void> => {
    const missing = Array.from({ length: count - members.size }, async () => {
      const member = await openMember<Sent>(start, {
        onResult: ({ task }, output) =>
          settle(task, () => output === undefined ? local.add(task) : task.remote!.take(output)),
        onLoss: (error, current, waiting) => {
          members.delete(member);
          for (const { task } of waiting) settle(task, () => shared.add(task));
          if (current !== undefined) settle(current.task, () => lose(current.task, error));
        },
      });
      members.add(member);
    });
    const failed = (await Promise.allSettled(missing)).find(({ status }) => status === "rejected");
    if (isClosed) await Promise.all([...members].map((member) => member.close()));
    if (failed !== undefined) failAll((failed as PromiseRejectedResult).reason, [shared, local, orphans]);
  };

  /** Ends the flight of a task, unless it was withdrawn. Then the queue goes on. */
  const settle = (task: Task, then: () => void) => {
    if (inFlight.delete(task)) then();
    give();
    void drive();
  };
  const lose = (task: Task, error: OnpathError) => {
    const lost = (losses.get(task) ?? 0) + 1;
    losses.set(task, lost);
    if (error.code === "timeout" || lost === MAX_LOSSES) task.fail(error);
    else orphans.add(task);
  };

  /** Whether a task waits beside one for this thread. */
  const canShare = () => orphans.size > 0 || (shared.size > 0 && shared.size + local.size > 1);

  /** Gives tasks to other threads. */
  const give = () => {
    for (const member of members) {
      while (member.isFree() && canShare()) {
        const [task] = orphans.size > 0 ? orphans : shared;
        orphans.delete(task!);
        shared.delete(task!);
        inFlight.add(task!);
        member.give({ ...task!.remote!, task: task! });
      }
    }
  };

  /** Computes tasks on this thread until none is left for it. */
  const drive = async (): Promise<void> => {
    if (isDriving) return;
    isDriving = true;
    try {
      // Calls of the same turn join the queue first.
      await Promise.resolve();
      while (shared.size + local.size + orphans.size > 0) {
        if (members.size < count && canShare()) await openMissing();
        give();
        // Answers of threads arrive between two inputs.
        if (inFlight.size > 0 || slices.isDue()) await slices.yield();
        const [task] = local.size > 0 ? local : shared;
        if (task !== undefined) {
          local.delete(task);
          shared.delete(task);
          task.run();
        } else if (members.size === count) break;
      }
    } finally {
      isDriving = false;
    }
  };

  return {
    add: (tasks) => {
      for (const task of tasks) (task.remote === undefined ? local : shared).add(task);
      void drive();
    },
    remove: (tasks) => {
      for (const task of tasks) for (const set of [shared, local, orphans, inFlight]) set.delete(task);
    },
    close: async (reason) => {
      isClosed = true;
      failAll(reason, [shared, local, orphans, inFlight]);
      await Promise.all([...members].map((member) => member.close()));
    },
  };
}
