/**
 * Types that several steps share.
 *
 * @module
 */

/** Reference computation that a resize equals. */
export type Match = "exact" | "opencv" | "torchvision" | "pillow";

/** Matches with four neighbours a sample: all except the antialiased `pillow`. */
export type ResizeMatch = Exclude<Match, "pillow">;

/** Filter of an antialiased resize, by Pillow's names in lower case. */
export type FilterName = "nearest" | "box" | "bilinear" | "hamming" | "bicubic" | "lanczos";

/** Size of an image in samples. */
export type Size = readonly [height: number, width: number];
