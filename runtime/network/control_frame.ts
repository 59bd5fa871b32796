/**
 * Messages that every control connection has: hello, calls, notices, answers.
 *
 * @module
 */

import { z } from "zod";
import type { Schema } from "../../kernels/schema.ts";
import type { ErrorCode } from "../../serialize/errors.ts";

/**
 * What became of a message from the other end. `hello`, `answer`; `call` and `notice`: the function returned; `refused`:
 * it threw, is unknown, or its argument is invalid; `failed`: it threw another error than the library's; `busy`: too many
 * calls were unanswered; `stray`: an answer to no call; `early`, `version`, `token`: refused before the hello; `invalid`:
 * no message of the protocol; `frame`: bytes that are no frame; `cut`: the connection ended within a frame.
 */
export type MessageOutcome =
  | "hello"
  | "answer"
  | "call"
  | "notice"
  | "refused"
  | "failed"
  | "busy"
  | "stray"
  | "early"
  | "version"
  | "token"
  | "invalid"
  | "frame"
  | "cut";

/** A message. */
export type ControlFrame =
  | {
    readonly hello: "onpath.control";
    readonly version: number;
    readonly role: string;
    readonly token?: string | undefined;
  }
  /** The other end closes the connection, for this reason. */
  | { readonly refused: string }
  | { readonly call: string; readonly id: number; readonly body: unknown }
  | { readonly notice: string; readonly body: unknown }
  | { readonly answer: number; readonly value: unknown }
  | { readonly answer: number; readonly error: { readonly code: ErrorCode; readonly message: string } };

const CODES = [
  "dtype",
  "shape",
  "size",
  "pipeline",
  "plan",
  "packet",
  "table",
  "device",
  "gap",
  "timeout",
  "file",
] as const satisfies readonly ErrorCode[];

const text = z.string().max(2000);
const count = z.number().int().min(0).max(2 ** 32 - 1);
/** Schema of a message. */
export const frameSpec: Schema<ControlFrame> = z.union([
  z.strictObject({
    hello: z.literal("onpath.control"),
    version: count,
    role: z.string().max(40),
    token: z.string().max(1024).optional(),
  }),
  z.strictObject({ refused: text }),
  z.strictObject({ call: z.string().max(40), id: count, body: z.unknown() }),
  z.strictObject({ notice: z.string().max(40), body: z.unknown() }),
  z.strictObject({ answer: count, value: z.unknown() }),
  z.strictObject({ answer: count, error: z.strictObject({ code: z.enum(CODES), message: text }) }),
]);
