/**
 * Crops and pads of one axis as offsets. Any sequence of them is one window.
 *
 * @module
 */

/**
 * Window on an axis. Index `i` of 0 … length−1 maps to source index `i + offset`. If that lies outside
 * low … high−1, it maps to the fill colour. Plain data.
 */
export interface AxisWindow {
  /** Number of indexes. */
  readonly length: number;
  /** Source index of index 0; negative after a pad. */
  readonly offset: number;
  /** First visible source index. */
  readonly low: number;
  /** Source index behind the last visible one. */
  readonly high: number;
}

/** Returns the window that shows the whole axis. */
export function wholeAxis(length: number): AxisWindow {
  return { length, offset: 0, low: 0, high: length };
}

/** Crops a window to its indexes `start` … `start + length − 1`. */
export function cropAxis(window: AxisWindow, start: number, length: number): AxisWindow {
  const offset = window.offset + start;
  return {
    length,
    offset,
    low: Math.max(window.low, offset),
    high: Math.max(window.low, Math.min(window.high, offset + length)),
  };
}

/** Extends a window by `before` and `after` indexes of the fill colour. */
export function padAxis(window: AxisWindow, before: number, after: number): AxisWindow {
  return { ...window, length: window.length + before + after, offset: window.offset - before };
}

/** Returns the source index of a window index; −1 for the fill colour. */
export function sourceIndex(window: AxisWindow, index: number): number {
  const source = index + window.offset;
  return source >= window.low && source < window.high ? source : -1;
}

/** Returns whether the window equals the whole axis. */
export function isWhole(window: AxisWindow, length: number): boolean {
  return window.length === length && window.offset === 0 && window.low === 0 && window.high === length;
}

/** Returns whether some index of the window shows the fill colour. */
export function showsFill(window: AxisWindow): boolean {
  return window.offset < window.low || window.offset + window.length > window.high;
}
