/**
 * Sink of records: a file that is written in batches and appears once complete.
 *
 * @module
 */

import type { Records } from "../../kernels/tabular/table.ts";

/** File of records under construction. */
export interface RecordSink {
  /** Writes a batch. All batches have the same columns. */
  readonly write: (records: Records) => void;
  /** Renames the file to its final name; returns its length in bytes. */
  readonly finish: () => number;
  /** Removes the unfinished file; no effect after `finish`. */
  readonly abandon: () => void;
}
