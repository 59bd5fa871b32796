/**
 * Errors as data. Each error has a code for programs, details for logs, and a message for people.
 *
 * @module
 */

/**
 * Error codes. They are part of the public interface: new codes may be added, existing ones keep their names.
 *
 * | code | refused |
 * |---|---|
 * | `dtype` | a tensor with the wrong element type |
 * | `shape` | a shape, stride or layout that does not fit |
 * | `size` | a size or number outside its documented range |
 * | `pipeline` | a malformed pipeline, or one that no kernel supports |
 * | `plan` | a plan that is malformed, modified, of another version, or for another input |
 * | `packet` | an unreadable packet, with the name of the failed check |
 * | `table` | tables that do not fit the device |
 * | `device` | an unknown, closed or failing device |
 * | `gap` | packets that were never answered |
 * | `timeout` | a wait that exceeded its timeout |
 * | `file` | a file that cannot be read, parsed or written |
 * | `busy` | a request that exceeds a queue's capacity; it may be sent again later |
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
  | "file"
  | "busy";

/** Details of an error: plain values that can be logged or sent as JSON. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/**
 * Error class of the library. Every error that the library throws itself is an `OnpathError`.
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
  /** Error code, for programs. */
  readonly code: ErrorCode;
  /** Values behind the message. */
  readonly details: ErrorDetails;

  /**
   * Creates an error.
   *
   * @param code Error code, for programs.
   * @param message `Cannot …: …`, with the operation, the object and the expectation.
   * @param details Values behind the message.
   * @param options Error that caused this one.
   */
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = "OnpathError";
    this.code = code;
    this.details = details;
  }

  /** Returns the error as plain data, for `--json` and for logs. */
  toJSON(): { code: ErrorCode; message: string; details: ErrorDetails } {
    return { code: this.code, message: this.message, details: this.details };
  }
}

/**
 * Checks that a number is an integer within a range.
 *
 * @param what Name of the number in the message: `Cannot use ${what} …`.
 * @param value Number to check.
 * @param min Minimum, inclusive.
 * @param max Maximum, inclusive.
 * @returns The number.
 * @throws {OnpathError} `size` when it is not an integer or out of range.
 */
export function checkInteger(what: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    // Values of other types come from callers without types: an object may have a toString() that throws.
    const found = Object(value) === value ? kindOf(value) : String(value);
    throw new OnpathError(
      "size",
      `Cannot use ${what} ${found}: expected a whole number from ${min} to ${max}`,
      { what, value: typeof value === "number" ? value : found, least: min, most: max },
    );
  }
  return value;
}

/**
 * Names the type of a value from outside for a message, such as `of type number`.
 *
 * @param value Any value. None of its methods or getters is called.
 */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return value === undefined ? "undefined" : `of type ${typeof value}`;
}
