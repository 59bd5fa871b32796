/**
 * Crops and pads of one axis as offsets: however many follow each other, they are one window.
 *
 * @module
 */

/** A window on an axis. Index `i` of 0 … length−1 stands for source index `i + offset` where that
 * lies in low … high−1, and for the fill colour elsewhere. Plain data. */
export interface AxisWindow {
  /** Number of indexes. */
  readonly length: number;
  /** Source index of index 0. */
  readonly offset: number;
  /** First source index that is seen. */
  readonly low: number;
  /** First source index that is not seen any more. */
  readonly high: number;
}

/** The window that shows a whole axis. */
export function wholeAxis(length: number): AxisWindow {
  return { length, offset: 0, low: 0, high: length };
}

/** The window without what lies outside `start` … `start + length − 1`. */
export function cropAxis(window: AxisWindow, start: number, length: number): AxisWindow {
  const offset = window.offset + start;
  return {
    length,
    offset,
    low: Math.max(window.low, offset),
    high: Math.max(window.low, Math.min(window.high, offset + length)),
  };
}

/** The window with `before` and `after` indexes of the fill colour added. */
export function padAxis(window: AxisWindow, before: number, after: number): AxisWindow {
  return { ...window, length: window.length + before + after, offset: window.offset - before };
}

/** Source index behind an index of the window, −1 for the fill colour. */
export function sourceIndex(window: AxisWindow, index: number): number {
  const source = index + window.offset;
  return source >= window.low && source < window.high ? source : -1;
}

/** Whether the window shows the whole axis and nothing else. */
export function isWhole(window: AxisWindow, length: number): boolean {
  return window.length === length && window.offset === 0 && window.low === 0 && window.high === length;
}

/** Whether some index of the window shows the fill colour. */
export function showsFill(window: AxisWindow): boolean {
  return window.offset < window.low || window.offset + window.length > window.high;
}
