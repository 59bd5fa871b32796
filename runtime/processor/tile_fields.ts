/**
 * Tiles in a processor's configuration.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { ANYRES_RESOLUTIONS, type Family, type ProcessorType, SPLIT_TILE } from "./families.ts";
import type { ProcessorFields } from "./fields.ts";
import { readCropSize, readLongestEdge, readSizeRule } from "./size_fields.ts";
import type { TileRule } from "./tiles.ts";

/** Name of the document in messages. */
const DOCUMENT = "preprocessor_config";

/** Maximum tiles of an image. */
const MAX_TILES = 1024;

/**
 * Reads the tiles of a class that cuts them.
 *
 * @param type Class of the processor.
 * @param fields Checked fields.
 * @param family Rules of the class.
 * @returns Rule, or null for a class without tiles.
 * @throws {OnpathError} `pipeline` if sizes contradict each other.
 */
export function readTiles(type: ProcessorType, fields: ProcessorFields, family: Family): TileRule | null {
  if (family.has.includes("anyres")) return readAnyres(fields, family);
  if (!family.has.includes("split")) return null;
  return {
    kind: "split",
    tile: readLongestEdge(
      fields.max_image_size ?? { longest_edge: SPLIT_TILE },
      `${DOCUMENT}.max_image_size`,
    ),
    splits: fields.do_image_splitting,
    // Idefics3 does not pass its filter on to the resize of the whole image.
    filter: type === "Idefics3ImageProcessor" ? "lanczos" : fields.resample,
  };
}

function readAnyres(fields: ProcessorFields, family: Family): TileRule {
  const [tile, columns] = readCropSize(fields.crop_size ?? 224, `${DOCUMENT}.crop_size`);
  if (columns !== tile) throw refused("crop_size", `${tile} x ${columns}`, "a square, the tile");
  const rule = readSizeRule(fields.size ?? family.size.preset, family.size, `${DOCUMENT}.size`);
  const edges = rule.kind === "fixed"
    ? [rule.height, rule.width]
    : rule.kind === "shortest"
    ? [rule.length]
    : [];
  if (edges.some((edge) => edge !== tile)) {
    throw refused("size", edges.join(" x "), `${tile} as in crop_size, because tiles are not resized`);
  }
  const resolutions = fields.image_grid_pinpoints ?? ANYRES_RESOLUTIONS;
  for (const [at, [height, width]] of resolutions.entries()) {
    if (height % tile === 0 && width % tile === 0 && height * width / tile / tile <= MAX_TILES) continue;
    throw refused(
      `image_grid_pinpoints.${at}`,
      `${height} x ${width}`,
      `multiples of crop_size, ${tile}, with at most ${MAX_TILES} tiles`,
    );
  }
  return { kind: "anyres", tile, resolutions };
}

function refused(field: string, found: string, expected: string): OnpathError {
  return new OnpathError(
    "pipeline",
    `Cannot read ${DOCUMENT}.${field}: found ${found}, expected ${expected}`,
    { field, expected },
  );
}
