/**
 * Calls of a child process by the channel of `node:child_process`: the child's end.
 *
 * @module
 */

import process from "node:process";

/** Functions of a host by name. Arguments and values are JSON. */
export type HostFunctions = Readonly<Record<string, (argument: never) => unknown>>;

/** Call of the parent. */
export interface HostCall {
  /** Number of the call. */
  readonly id: number;
  /** Name of the function. */
  readonly name: string;
  /** Argument. */
  readonly argument: unknown;
}

/** Answer of the child. */
export interface HostAnswer {
  /** Number of the call. */
  readonly id: number;
  /** Value, if the call succeeded. */
  readonly value?: unknown;
  /** Message, if it failed. */
  readonly error?: string;
}

/** CPU time and datagram bytes of a process since it started. */
export interface Usage {
  /** CPU time of all its threads, user and system, in milliseconds. */
  readonly cpuMs: number;
  /** Payload bytes of datagrams that it sent and received. */
  readonly bytes: number;
}

/**
 * CPU time of this process in milliseconds: all threads, user and system.
 */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Collects garbage, if the process was started with `--expose-gc`. */
export function collect(): null {
  (globalThis as { gc?: () => void }).gc?.();
  return null;
}

/**
 * Answers the calls of the parent until it disconnects; then the process ends.
 *
 * @param functions Functions by name.
 */
export function serveCalls(functions: HostFunctions): void {
  process.on("message", async ({ id, name, argument }: HostCall) => {
    const answer = (rest: Omit<HostAnswer, "id">) => process.send?.({ id, ...rest });
    try {
      const call = functions[name];
      if (call === undefined) throw new Error(`Cannot call ${name}: there is no such function`);
      answer({ value: await call(argument as never) ?? null });
    } catch (error) {
      answer({ error: error instanceof Error ? error.message : String(error) });
    }
  });
  process.on("disconnect", () => process.exit(0));
}
