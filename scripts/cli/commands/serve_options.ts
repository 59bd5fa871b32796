/**
 * Options of `serve`.
 *
 * @module
 */

import type { SharedOptions } from "../options.ts";

/** Options of all servers. */
export interface ServerOptions extends SharedOptions {
  /** `--name` of the only model. */
  readonly name?: string | undefined;
  /** `--host` */
  readonly host: string;
  /** `--port` */
  readonly port: number;
  /** `--max-queue`, in items or requests. */
  readonly maxQueue?: number | undefined;
  /** `--max-body`, in MiB. */
  readonly maxBody?: number | undefined;
  /** `--timeout` of a request, in milliseconds. */
  readonly timeout?: number | undefined;
}

/** Options of `serve`. */
export interface ServeCommandOptions extends ServerOptions {
  /** `--pipeline`: file of an image pipeline. */
  readonly pipeline?: string | undefined;
  /** `--shape` of the pipeline's input. */
  readonly shape?: readonly number[] | undefined;
  /** `--processor`: file of a preprocessor_config.json. */
  readonly processor?: string | undefined;
  /** `--vocab`: name of an encoding, or path of a file. */
  readonly vocab?: string | undefined;
  /** `--special`: special tokens in texts become their ids. */
  readonly special?: boolean | undefined;
  /** `--pad-id` of shorter texts. */
  readonly padId?: number | undefined;
  /** `--predictor`: URL of the model behind the only one. */
  readonly predictor?: string | undefined;
  /** `--max-batch`, in items. */
  readonly maxBatch?: number | undefined;
  /** `--max-delay`, in milliseconds. */
  readonly maxDelay?: number | undefined;
  /** `--otel`: spans through OpenTelemetry. */
  readonly otel?: boolean | undefined;
}
