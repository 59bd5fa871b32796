/**
 * SIGINT and SIGTERM: the first signal aborts the work, the second one ends the process.
 *
 * @module
 */

import process from "node:process";
import { removeUnfinished } from "../io/write.ts";
import { Interrupted } from "./failures.ts";

/** Abort signal with its listeners. */
export interface Interruption {
  /** Aborted by SIGINT and SIGTERM, with {@linkcode Interrupted} as its reason. */
  readonly signal: AbortSignal;
  /** Removes the listeners. */
  readonly release: () => void;
}

/** Listens for SIGINT and SIGTERM. */
export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  const handler = (name: "SIGINT" | "SIGTERM") => () => {
    const reason = new Interrupted(name);
    if (controller.signal.aborted) {
      removeUnfinished();
      process.exit(reason.exitCode);
    }
    controller.abort(reason);
  };
  const handlers = { SIGINT: handler("SIGINT"), SIGTERM: handler("SIGTERM") };
  process.on("SIGINT", handlers.SIGINT).on("SIGTERM", handlers.SIGTERM);
  return {
    signal: controller.signal,
    release: () => void process.off("SIGINT", handlers.SIGINT).off("SIGTERM", handlers.SIGTERM),
  };
}
