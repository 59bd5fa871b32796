/**
 * Deno permissions that XRT requires, and the error for a missing one.
 *
 * @module
 */

import { statSync } from "node:fs";
import { OnpathError } from "../../../../serialize/errors.ts";

/** Sufficient permissions, as the message lists them. */
const ENOUGH = "--allow-ffi --allow-env, and --allow-read for the folder of XRT and the xclbin";

/** Whether an error is Deno's refusal of a permission. Node and Bun have no permissions. */
export function isNotPermitted(error: unknown): error is Error {
  return error instanceof Error && error.name === "NotCapable";
}

/**
 * Runs work that needs permissions, and explains a missing one.
 *
 * @param intent Verb and object of the message: `Cannot ${intent}: …`.
 * @param run Work that needs permissions.
 * @returns Result of the work.
 * @throws {OnpathError} `device` with the missing permission. Other errors of the work pass unchanged.
 */
export function permitted<T>(intent: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!isNotPermitted(error)) throw error;
    const permission = /--allow-[a-z]+/.exec(error.message)?.[0] ?? "--allow-all";
    throw new OnpathError(
      "device",
      `Cannot ${intent}: this process lacks the permission ${permission}. Run Deno with ${ENOUGH}`,
      { permission },
      { cause: error },
    );
  }
}

/**
 * Whether a file or folder exists. Unlike `existsSync`, a missing permission is an error and not false.
 *
 * @param path Path of the file or folder.
 * @throws {OnpathError} `device` when this process may not read there.
 */
export function isThere(path: string): boolean {
  return permitted(`look for ${path}`, () => statSync(path, { throwIfNoEntry: false }) !== undefined);
}
