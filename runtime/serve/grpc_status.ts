/**
 * Status codes of gRPC.
 *
 * @module
 */

import { statusOf } from "./failures.ts";

/** Codes that this server sends. */
export const STATUS = {
  OK: 0,
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  RESOURCE_EXHAUSTED: 8,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;

/** Name of a code. */
export type StatusName = keyof typeof STATUS;

/** Names by the HTTP status of an error. */
const NAMES: Readonly<Record<number, StatusName>> = {
  400: "INVALID_ARGUMENT",
  404: "NOT_FOUND",
  409: "ABORTED",
  413: "RESOURCE_EXHAUSTED",
  429: "RESOURCE_EXHAUSTED",
  501: "UNIMPLEMENTED",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

/** Returns the name of an error's code; `INTERNAL` for errors that are not the project's. */
export function statusNameOf(error: unknown): StatusName {
  return NAMES[statusOf(error)] ?? "INTERNAL";
}
