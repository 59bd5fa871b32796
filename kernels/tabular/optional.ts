/**
 * Packages that are loaded when they are used.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";

/**
 * Loads a part of the library that needs a package.
 *
 * @param name Name of the package.
 * @param load Imports the part.
 * @throws {OnpathError} `file` if the package is not installed; any other error of the import.
 */
export async function loadWith<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { code } = Object(error) as { readonly code?: unknown };
    if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") throw error;
    throw new OnpathError("file", `Cannot load package ${name}: it is not installed`, { name }, {
      cause: error,
    });
  }
}
