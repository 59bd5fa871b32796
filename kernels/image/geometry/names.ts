/**
 * Types that several steps share.
 *
 * @module
 */

/** Reference computation that a resize equals. */
export type Match = "exact" | "opencv" | "torchvision" | "pillow";

/** Matches that have a bilinear filter of four neighbours a sample: all except the antialiased `pillow`. */
export type ResizeMatch = Exclude<Match, "pillow">;

/** Filter of a resize. A match has some of them. `area` and `lanczos4` are INTER_AREA and INTER_LANCZOS4. */
export type FilterName =
  | "nearest"
  | "box"
  | "bilinear"
  | "hamming"
  | "bicubic"
  | "lanczos"
  | "area"
  | "lanczos4";

/** Filters of Pillow, by its names in lower case. */
export type PillowFilter = Exclude<FilterName, "area" | "lanczos4">;

/** Filters of each match. */
export const MATCH_FILTERS: Readonly<Record<Match, readonly FilterName[]>> = {
  exact: ["bilinear"],
  pillow: ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"],
  opencv: ["nearest", "bilinear", "bicubic", "area", "lanczos4"],
  torchvision: ["bilinear", "bicubic"],
};

/** Size of an image in samples. */
export type Size = readonly [height: number, width: number];
