/**
 * Failures as data: every refusal carries a code that programs can switch on and the facts that
 * made it, beside the sentence that people read.
 *
 * @module
 */

/**
 * What kind of refusal it is. The codes are part of the public face: they are added to, not renamed.
 *
 * | code | refused |
 * |---|---|
 * | `dtype` | a tensor whose element type is not the wanted one |
 * | `shape` | a shape, stride or layout that does not fit |
 * | `size` | a size or number outside its documented limit |
 * | `pipeline` | a pipeline that is malformed or asks for what no kernel does |
 * | `plan` | a plan that is malformed, changed, of another version, or for another input |
 * | `packet` | a packet that cannot be read, with the name of the check that failed |
 * | `table` | tables that do not fit the device |
 * | `device` | a device that is unknown, closed, or fails |
 * | `gap` | packets that never came back |
 * | `timeout` | a wait that lasted longer than it may |
 * | `file` | a file that cannot be read, understood or written |
 */
export type ErrorCode =
  | "dtype"
  | "shape"
  | "size"
  | "pipeline"
  | "plan"
  | "packet"
  | "table"
  | "device"
  | "gap"
  | "timeout"
  | "file";

/** The facts of a failure: plain values that can be logged or sent as JSON. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/**
 * The one error class of onpath.
 *
 * @example
 * ```ts
 * import { OnpathError, tensor } from "onpath";
 * import assert from "node:assert/strict";
 *
 * try {
 *   tensor(new Uint8Array(5), { dtype: "u8", shape: [2, 3] });
 * } catch (error) {
 *   assert(error instanceof OnpathError);
 *   assert.equal(error.code, "shape");
 *   assert.equal(error.message, "Cannot make a tensor: shape [2, 3] needs 6 elements, the data has 5");
 * }
 * ```
 */
export class OnpathError extends Error {
  /** What kind of refusal it is. */
  readonly code: ErrorCode;
  /** The facts behind the message. */
  readonly details: ErrorDetails;

  /**
   * Makes a failure.
   *
   * @param code What kind of refusal it is.
   * @param message `Cannot …: …`, naming what, where and what was expected.
   * @param details The facts behind the message.
   * @param options The error that caused this one.
   */
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = "OnpathError";
    this.code = code;
    this.details = details;
  }

  /** The failure as plain data, for `--json` and for logs. */
  toJSON(): { code: ErrorCode; message: string; details: ErrorDetails } {
    return { code: this.code, message: this.message, details: this.details };
  }
}

/**
 * Refuses a number that is not a whole number within limits.
 *
 * @param what What the number is, as it stands in the message: `Cannot use ${what} …`.
 * @param value The number from outside.
 * @param least The least value that is taken.
 * @param most The greatest value that is taken.
 * @returns The number.
 * @throws {OnpathError} `size` when it is not whole or outside the limits.
 */
export function checkWhole(what: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new OnpathError(
      "size",
      `Cannot use ${what} ${String(value)}: expected a whole number from ${least} to ${most}`,
      { what, value, least, most },
    );
  }
  return value;
}

/**
 * Names the type of a value from outside, as it stands in a message.
 *
 * @param value Anything; nothing of it is called.
 */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return value === undefined ? "undefined" : `of type ${typeof value}`;
}
