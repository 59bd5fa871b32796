/**
 * HTTP status of errors, and errors that only a server has.
 *
 * @module
 */

import { type ErrorCode, type ErrorDetails, OnpathError } from "../../serialize/errors.ts";

/** Status by error code. The request is the cause of the first ones, the server of the others. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  dtype: 400,
  shape: 400,
  size: 400,
  pipeline: 400,
  file: 400,
  busy: 429,
  plan: 500,
  packet: 500,
  table: 500,
  device: 500,
  gap: 500,
  timeout: 504,
};

/** Codes that the input of one request can cause. */
const INPUT_CODES: ReadonlySet<ErrorCode> = new Set(["dtype", "shape", "size", "pipeline", "file"]);

/** Details of an error that has a status of its own. */
export interface StatusDetails extends ErrorDetails {
  /** HTTP status. */
  readonly status: number;
}

/**
 * Creates an error with a status other than its code's.
 *
 * @param status HTTP status.
 * @param code Error code.
 * @param message `Cannot …: …`.
 * @param details Values behind the message.
 */
export function refuse(
  status: number,
  code: ErrorCode,
  message: string,
  details: ErrorDetails = {},
): OnpathError {
  return new OnpathError(code, message, { ...details, status } satisfies StatusDetails);
}

/** Returns the HTTP status of an error; 500 for errors that are not the project's. */
export function statusOf(error: unknown): number {
  if (!(error instanceof OnpathError)) return 500;
  const { status } = error.details as Partial<StatusDetails>;
  return status ?? STATUS[error.code];
}

/** Tests whether the input of a request can have caused an error, so that its neighbours in a batch may succeed. */
export function isInputError(error: unknown): error is OnpathError {
  return error instanceof OnpathError && INPUT_CODES.has(error.code);
}

/**
 * Creates the error of a request that exceeds a capacity.
 *
 * @param what Capacity and its size, as the end of the message.
 * @param status 429 if the queue of a model is full, 503 if the whole server is.
 */
export function busy(what: string, status: 429 | 503): OnpathError {
  return refuse(status, "busy", `Cannot take a request now: ${what}; send it again later`);
}
