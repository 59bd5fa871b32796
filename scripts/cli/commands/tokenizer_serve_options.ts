/**
 * Options of `tokenizer serve`.
 *
 * @module
 */

import type { SharedOptions } from "../options.ts";

/** Options of `tokenizer serve`. */
export interface TokenizerServeOptions extends SharedOptions {
  /** `--vocab`: name of an encoding, or path of a file. */
  readonly vocab: string;
  /** `--name` of the model. */
  readonly name?: string | undefined;
  /** `--special` tokens of prompts. */
  readonly special: "all" | "none";
  /** `--chat-template`: file with the template. */
  readonly chatTemplate?: string | undefined;
  /** `--max-model-len`, in ids. */
  readonly maxModelLen?: number | undefined;
  /** `--socket`: path. */
  readonly socket?: string | undefined;
  /** `--host` */
  readonly host: string;
  /** `--port` */
  readonly port: number;
  /** `--max-queue`, in requests. */
  readonly maxQueue?: number | undefined;
  /** `--max-body`, in MiB. */
  readonly maxBody?: number | undefined;
  /** `--max-sessions` */
  readonly maxSessions?: number | undefined;
  /** `--timeout` of a request, in milliseconds. */
  readonly timeout?: number | undefined;
}
