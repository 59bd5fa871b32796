/**
 * Checks of the options of a socket, which callers without types may get wrong.
 *
 * @module
 */

import { checkOptions } from "../option_checks.ts";
import { ADDRESS_OPTION } from "./address.ts";

/**
 * Checks the options of a socket.
 *
 * @throws {OnpathError} `size` if one is missing or wrong.
 */
export function checkDatagramOptions(options: unknown): void {
  checkOptions("open a socket", options, {
    listen: { kind: ADDRESS_OPTION, isRequired: true },
    onDatagrams: { kind: "function", isRequired: true },
    coalesces: { kind: "boolean" },
  });
}
