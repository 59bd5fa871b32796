/**
 * Bodies of HTTP requests, within limits of one body and of all together.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import { OnpathError } from "../../serialize/errors.ts";
import { busy, refuse } from "./failures.ts";
import { joinBytes } from "./tensor_binary.ts";

/** Header with the length of the JSON before binary tensors; Node gives names in lower case. */
export const JSON_LENGTH_HEADER = "inference-header-content-length";

/** Limits of bodies. */
export interface BodyLimits {
  /** Maximum bytes of a body. */
  readonly maxBodyBytes: number;
  /** Maximum bytes of its JSON. */
  readonly maxJsonBytes: number;
  /** Maximum bytes of all bodies that are held at once. */
  readonly maxBufferedBytes: number;
}

/** Memory that all bodies share. */
export interface BodyBudget {
  /**
   * Reserves memory.
   *
   * @throws {OnpathError} `busy` with status 503 if there is not enough.
   */
  readonly reserve: (bytes: number) => void;
  /** Returns reserved memory. */
  readonly release: (bytes: number) => void;
}

/** Creates the memory that bodies share. */
export function createBudget({ maxBufferedBytes }: BodyLimits): BodyBudget {
  let used = 0;
  return {
    reserve: (bytes) => {
      if (used + bytes > maxBufferedBytes) {
        throw busy(`${used} of ${maxBufferedBytes} bytes of bodies are held`, 503);
      }
      used += bytes;
    },
    release: (bytes) => {
      used -= bytes;
    },
  };
}

/** Lengths that a request announces. */
export interface BodyHead {
  /** Length of the body, or undefined if it is sent in chunks. */
  readonly bytes: number | undefined;
  /** Length of the JSON, or undefined if the whole body is JSON. */
  readonly jsonBytes: number | undefined;
}

/**
 * Checks what a request announces before its body is read.
 *
 * @throws {OnpathError} `size` with status 413 if a length exceeds its limit, 400 if a header is no length; `file`
 * with status 415 for a compressed body.
 */
export function checkBodyHead({ headers }: IncomingMessage, limits: BodyLimits): BodyHead {
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw refuse(415, "file", "Cannot read a compressed body: expected no Content-Encoding", {});
  }
  const bytes = lengthOf("Content-Length", headers["content-length"]);
  const jsonBytes = lengthOf("Inference-Header-Content-Length", headers[JSON_LENGTH_HEADER]);
  if (bytes !== undefined && bytes > limits.maxBodyBytes) throw tooLong("body", bytes, limits.maxBodyBytes);
  const json = jsonBytes ?? bytes;
  if (json !== undefined && json > limits.maxJsonBytes) throw tooLong("JSON", json, limits.maxJsonBytes);
  return { bytes, jsonBytes };
}

/**
 * Reads a body. The caller releases its length, which is reserved.
 *
 * @param request Request whose head was checked.
 * @param head What it announces.
 * @param limits Limits of one body.
 * @param budget Memory of all bodies.
 * @throws {OnpathError} `size` with status 413, or `busy`; `file` if the client leaves.
 */
export async function readBody(
  request: IncomingMessage,
  head: BodyHead,
  limits: BodyLimits,
  budget: BodyBudget,
): Promise<Uint8Array> {
  // A body without chunks is JSON as a whole unless the header says otherwise.
  const most = head.jsonBytes === undefined ? limits.maxJsonBytes : limits.maxBodyBytes;
  let reserved = 0;
  let length = 0;
  const reserve = (bytes: number) => {
    budget.reserve(bytes);
    reserved += bytes;
  };
  try {
    reserve(head.bytes ?? 0);
    const chunks = await collect(request, (bytes) => {
      length += bytes;
      if (length > most) throw tooLong(head.jsonBytes === undefined ? "JSON" : "body", length, most);
      if (length > reserved) reserve(length - reserved);
    });
    if (head.bytes !== undefined && length !== head.bytes) throw new Error("the body is incomplete");
    budget.release(reserved - length);
    return joinBytes(chunks);
  } catch (cause) {
    budget.release(reserved);
    if (cause instanceof OnpathError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new OnpathError("file", `Cannot read a body after ${length} bytes: ${reason}`, { length }, {
      cause,
    });
  }
}

/**
 * Collects the parts of a body by events: an iterator costs a small request as much as all else. A part that `check`
 * refuses ends the collection. The request then stays open, as the response is sent on its connection.
 */
function collect(request: IncomingMessage, check: (bytes: number) => void): Promise<Uint8Array[]> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    const take = (chunk: Uint8Array) => {
      try {
        check(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        request.pause();
        request.off("data", take);
        reject(error);
      }
    };
    // The first of these settles; to remove the others costs more than to leave them to the request's end.
    request.on("data", take);
    request.on("end", () => resolve(chunks));
    request.on("error", reject);
    request.on("close", () => {
      if (!request.complete) reject(new Error("the client has left"));
    });
  });
}

function lengthOf(name: string, header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (typeof header === "string" && /^\d{1,15}$/.test(header)) return Number(header);
  throw new OnpathError("size", `Cannot read a body: ${name} is no whole number`, { header: name });
}

function tooLong(what: string, bytes: number, most: number): OnpathError {
  return refuse(413, "size", `Cannot read a ${what} of ${bytes} bytes: expected at most ${most}`, {
    bytes,
    most,
  });
}
