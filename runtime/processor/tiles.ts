/**
 * Tiles of LLaVA-NeXT, Idefics3 and SmolVLM: sizes in the arithmetic of Python's doubles.
 *
 * @module
 */

import type { FilterName, Size } from "../../kernels/image/geometry/names.ts";
import { OnpathError } from "../../serialize/errors.ts";

/** Rule by which a processor cuts an image into square tiles. */
export type TileRule =
  /** LLaVA-NeXT: the whole image as one tile, then the tiles of the best of several resolutions. */
  | { readonly kind: "anyres"; readonly tile: number; readonly resolutions: readonly Size[] }
  /** Idefics3 and SmolVLM: the tiles, then the whole image as one tile; or the latter alone. */
  | {
    readonly kind: "split";
    readonly tile: number;
    readonly splits: boolean;
    /** Filter of the whole image after a split. */
    readonly filter: FilterName;
  };

/** Maximum edge after the first resize of Idefics3. */
const MAX_EDGE = 4096;

/**
 * Resolution of LLaVA-NeXT that keeps the most pixels of an image, and then wastes the fewest.
 *
 * @param resolutions Resolutions `[height, width]` in order; the first of equals is taken.
 * @param height Rows of the image.
 * @param width Columns of the image.
 * @throws {OnpathError} `size` if the image has no pixel in any of them.
 */
export function bestResolution(resolutions: readonly Size[], height: number, width: number): Size {
  let best: Size | undefined;
  let most = 0, least = Infinity;
  for (const [rows, columns] of resolutions) {
    const scale = Math.min(columns / width, rows / height);
    const kept = Math.min(Math.trunc(width * scale) * Math.trunc(height * scale), width * height);
    const wasted = rows * columns - kept;
    if (kept > most || (kept === most && wasted < least)) {
      [best, most, least] = [[rows, columns], kept, wasted];
    }
  }
  if (best !== undefined && most > 0) return best;
  throw new OnpathError(
    "size",
    `Cannot cut ${height} x ${width} into tiles: its shortest edge would vanish in every resolution`,
    { height, width, resolutions },
  );
}

/** Size of an image inside a resolution, rounded up. */
export function sizeInside([rows, columns]: Size, height: number, width: number): Size {
  const [byWidth, byHeight] = [columns / width, rows / height];
  return byWidth < byHeight
    ? [Math.min(Math.ceil(height * byWidth), rows), columns]
    : [rows, Math.min(Math.ceil(width * byHeight), columns)];
}

/** Size of Idefics3's first resize: the longest edge becomes `edge`, the other one an even number. */
export function evenSize(edge: number, height: number, width: number): Size {
  const size = longEdge(edge, height, width, 2);
  return Math.max(...size) > MAX_EDGE ? longEdge(MAX_EDGE, ...size, 1) : size;
}

function longEdge(edge: number, height: number, width: number, multiple: number): Size {
  const ratio = width / height;
  const other = Math.trunc(width >= height ? edge / ratio : edge * ratio);
  const short = Math.max(1, other + other % multiple);
  return width >= height ? [short, edge] : [edge, short];
}

/** Size of Idefics3's second resize: multiples of the tile. */
export function encoderSize(tile: number, height: number, width: number): Size {
  const up = (edge: number) => Math.ceil(edge / tile) * tile;
  const ratio = width / height;
  const long = up(Math.max(height, width));
  return width >= height ? [up(Math.trunc(long / ratio)), long] : [long, up(Math.trunc(long * ratio))];
}
