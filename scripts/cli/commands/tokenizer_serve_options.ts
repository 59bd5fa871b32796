/**
 * Options of `tokenizer serve`.
 *
 * @module
 */

import type { ServerOptions } from "./serve_options.ts";

/** Options of `tokenizer serve`. */
export interface TokenizerServeOptions extends ServerOptions {
  /** `--vocab`: name of an encoding, or path of a file. */
  readonly vocab: string;
  /** `--special` tokens of prompts. */
  readonly special: "all" | "none";
  /** `--chat-template`: file with the template. */
  readonly chatTemplate?: string | undefined;
  /** `--max-model-len`, in ids. */
  readonly maxModelLen?: number | undefined;
  /** `--socket`: path. */
  readonly socket?: string | undefined;
  /** `--grpc`: address of the gRPC server, `unix:` and a path. */
  readonly grpc?: string | undefined;
  /** `--max-sessions` */
  readonly maxSessions?: number | undefined;
}
