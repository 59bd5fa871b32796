/**
 * Overlap of chunks, as measured on samples of texts.
 *
 * @module
 */

/** Cost of one overlap on sample texts. */
export interface OverlapRow {
  /** Overlap in bytes. */
  readonly overlap: number;
  /** Number of chunks. */
  readonly chunks: number;
  /** Stretches that were repeated, because chunks shared no boundary. */
  readonly retries: number;
  /** Bytes sent, including headers. */
  readonly sent: number;
  /** Tokens received and dropped. */
  readonly removed: number;
}

/** Chosen overlap, with the measurements behind it. */
export interface OverlapChoice {
  /** Overlap in bytes. */
  readonly overlap: number;
  /** Size of the sample texts, in bytes. */
  readonly bytes: number;
  /** Overlaps that were measured. */
  readonly rows: readonly OverlapRow[];
}
