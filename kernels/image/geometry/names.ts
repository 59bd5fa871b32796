/**
 * Types that several steps share.
 *
 * @module
 */

/** Reference computation that a resize equals. */
export type Match = "exact" | "opencv" | "torchvision" | "pillow";

/** Matches with four neighbours a sample: all except the antialiased `pillow`. */
export type ResizeMatch = Exclude<Match, "pillow">;

/** Size of an image in samples. */
export type Size = readonly [height: number, width: number];
