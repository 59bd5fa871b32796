/**
 * Types that several steps share.
 *
 * @module
 */

/** Which computation a resize equals. */
export type Match = "exact" | "opencv" | "torchvision" | "pillow";

/** The matches whose samples have four neighbours: all but the antialiased one. */
export type ResizeMatch = Exclude<Match, "pillow">;

/** `[height, width]` of an image. */
export type Size = readonly [height: number, width: number];
