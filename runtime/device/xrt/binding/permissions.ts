/**
 * Permissions of Deno that XRT needs, and one error for those that are missing.
 *
 * @module
 */

import { statSync } from "node:fs";
import { OnpathError } from "../../../../serialize/errors.ts";

/** Permissions that suffice, as the message names them. */
const ENOUGH = "--allow-ffi --allow-env, and --allow-read for the folder of XRT and the xclbin";

/** Whether a failure is Deno's refusal of a permission. Node and Bun have none. */
export function isNotPermitted(error: unknown): error is Error {
  return error instanceof Error && error.name === "NotCapable";
}

/**
 * Runs what needs permissions.
 *
 * @param intent What is done, as it stands in the message: `Cannot ${intent}: …`.
 * @param run The work.
 * @returns What it returns.
 * @throws {OnpathError} `device` with the permission that is missing; or what the work throws.
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
 * Whether a file or folder exists. `existsSync` says no as well where it may not look.
 *
 * @param path Its path.
 * @throws {OnpathError} `device` when this process may not read there.
 */
export function isThere(path: string): boolean {
  return permitted(`look for ${path}`, () => statSync(path, { throwIfNoEntry: false }) !== undefined);
}
