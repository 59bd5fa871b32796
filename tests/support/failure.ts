/**
 * What a refusal must look like.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type ErrorCode, OnpathError } from "../../serialize/errors.ts";

/** A check for `assert.throws` and `assert.rejects`: the code, and what the message says. */
export function refusal(code: ErrorCode, message: RegExp = /^Cannot /): (error: unknown) => true {
  return (error) => {
    assert(error instanceof OnpathError, `expected an OnpathError, found ${error}`);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.match(error.message, /^Cannot /);
    assert.doesNotThrow(() => JSON.stringify(error.toJSON()));
    return true;
  };
}
