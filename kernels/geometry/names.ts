/**
 * Types that several steps share.
 *
 * @module
 */

/** Which computation a resize equals. */
export type Match = "exact" | "opencv" | "torchvision";

/** `[height, width]` of an image. */
export type Size = readonly [height: number, width: number];
