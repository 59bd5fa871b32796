/**
 * Refusals of quantisation.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type ErrorCode, OnpathError } from "../../../serialize/errors.ts";

/** Asserts that a call is refused with a code and, if given, a message. */
export function refusedWith(code: ErrorCode, call: () => unknown, message = /^Cannot /): void {
  assert.throws(call, (error) => {
    assert(error instanceof OnpathError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });
}
