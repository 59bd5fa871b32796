/**
 * Overlap of chunks, as measured on samples of texts.
 *
 * @module
 */

/** What an overlap costs on some texts. */
export interface OverlapRow {
  /** The overlap in bytes. */
  readonly overlap: number;
  /** Chunks. */
  readonly chunks: number;
  /** Stretches that had to be done again, because chunks shared no boundary. */
  readonly retries: number;
  /** Bytes that were sent, headers too. */
  readonly sent: number;
  /** Tokens that came and were not taken. */
  readonly removed: number;
}

/** An overlap, and why. */
export interface OverlapChoice {
  /** The overlap in bytes. */
  readonly overlap: number;
  /** Bytes of the texts it was chosen on. */
  readonly bytes: number;
  /** What was tried. */
  readonly rows: readonly OverlapRow[];
}
