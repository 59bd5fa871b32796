/**
 * Sizes in a processor's configuration: one field, several forms.
 *
 * @module
 */

import { named } from "../../serialize/excerpt.ts";
import type { Size } from "../../kernels/image/geometry/names.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { MAX_AXIS } from "../../serialize/sampling.ts";
import type { Family } from "./families.ts";
import type { SizeRule } from "./sizes.ts";
import { isObject } from "../../serialize/require.ts";

/** Default fewest and most pixels of Qwen2-VL. */
const PIXEL_RANGE = [56 * 56, 28 * 28 * 1280] as const;

/** Keys of a size of two edges. */
const SQUARE = ["height", "width"];

/** Maximum of the pixels of Qwen2-VL's range. */
const MAX_PIXELS = 2 ** 31;

/**
 * Reads `size` of a class that resizes to a size or by the shortest edge.
 *
 * @param value Value of the field, or the preset of the class.
 * @param rules Forms that the class accepts.
 * @param where Path of the field in messages.
 * @throws {OnpathError} `pipeline` if keys contradict each other, are unknown, or are not built for the class.
 */
export function readSizeRule(value: unknown, rules: Family["size"], where: string): SizeRule {
  if (typeof value === "number") {
    const length = edge(value, where);
    if (rules.whole === "square") return { kind: "fixed", height: length, width: length };
    if (rules.whole === "shortest") return { kind: "shortest", length };
    throw refused(where, "a whole number", expectation(rules));
  }
  const keys = keysOf(value, where);
  if (same(keys, SQUARE) && rules.forms.includes("square")) return { kind: "fixed", ...edges(value, where) };
  if (same(keys, ["shortest_edge"]) && rules.forms.includes("shortest")) {
    const { shortest_edge } = value as Record<string, unknown>;
    return { kind: "shortest", length: edge(shortest_edge, `${where}.shortest_edge`) };
  }
  if (same(keys, ["longest_edge"]) && rules.forms.includes("longest")) {
    return { kind: "longest", length: readLongestEdge(value, where) };
  }
  throw refused(where, listed(keys), expectation(rules));
}

/** Reads a size that has `longest_edge` alone. */
export function readLongestEdge(value: unknown, where: string): number {
  const keys = keysOf(value, where);
  if (!same(keys, ["longest_edge"])) throw refused(where, listed(keys), "longest_edge alone");
  return edge((value as Record<string, unknown>)["longest_edge"], `${where}.longest_edge`);
}

/** Reads `crop_size`: a whole number is a square. */
export function readCropSize(value: unknown, where: string): Size {
  if (typeof value === "number") return [edge(value, where), edge(value, where)];
  const keys = keysOf(value, where);
  if (!same(keys, SQUARE)) throw refused(where, listed(keys), "height and width, or a whole number");
  const { height, width } = edges(value, where);
  return [height, width];
}

/**
 * Reads the range of pixels of Qwen2-VL, from `min_pixels` and `max_pixels` or from `size`.
 *
 * @param fields Fields of the configuration.
 * @param where Path of the document in messages.
 * @throws {OnpathError} `pipeline` if they differ, or the range is empty.
 */
export function readPixelRange(
  fields: {
    readonly size?: unknown;
    readonly min_pixels?: number | null | undefined;
    readonly max_pixels?: number | null | undefined;
  },
  where: string,
): { readonly minPixels: number; readonly maxPixels: number } {
  const fromSize = fields.size === undefined || fields.size === null
    ? [undefined, undefined]
    : sizeRange(fields.size, `${where}.size`);
  const one = (name: string, field: number | null | undefined, size: number | undefined, preset: number) => {
    if (field !== null && field !== undefined && size !== undefined && field !== size) {
      throw refused(`${where}.${name}`, String(field), `${size} as in size`);
    }
    return field ?? size ?? preset;
  };
  const minPixels = one("min_pixels", fields.min_pixels, fromSize[0], PIXEL_RANGE[0]);
  const maxPixels = one("max_pixels", fields.max_pixels, fromSize[1], PIXEL_RANGE[1]);
  if (minPixels > maxPixels) {
    throw refused(`${where}.min_pixels`, String(minPixels), `at most max_pixels, ${maxPixels}`);
  }
  return { minPixels, maxPixels };
}

function sizeRange(value: unknown, where: string): [number, number] {
  const keys = keysOf(value, where);
  const fields = value as Record<string, unknown>;
  for (const [least, most] of [["shortest_edge", "longest_edge"], ["min_pixels", "max_pixels"]] as const) {
    if (!same(keys, [least, most])) continue;
    return [
      whole(fields[least], MAX_PIXELS, `${where}.${least}`),
      whole(fields[most], MAX_PIXELS, `${where}.${most}`),
    ];
  }
  throw refused(
    where,
    listed(keys),
    `shortest_edge and longest_edge, in pixels, or min_pixels and max_pixels`,
  );
}

function edges(value: unknown, where: string): { readonly height: number; readonly width: number } {
  const { height, width } = value as Record<string, unknown>;
  return { height: edge(height, `${where}.height`), width: edge(width, `${where}.width`) };
}

function keysOf(value: unknown, where: string): string[] {
  if (isObject(value)) return Object.keys(value);
  throw refused(where, named(value), "a size by name, such as height and width");
}

function same(keys: readonly string[], expected: readonly string[]): boolean {
  return keys.length === expected.length && expected.every((key) => keys.includes(key));
}

function listed(keys: readonly string[]): string {
  return keys.length === 0 ? "an empty size" : keys.slice(0, 8).map((key) => named(key)).join(" with ");
}

function expectation({ whole, forms }: Family["size"]): string {
  return [
    ...(forms.includes("square") ? ["height and width"] : []),
    ...(forms.includes("shortest") ? ["shortest_edge alone"] : []),
    ...(forms.includes("longest") ? ["longest_edge alone"] : []),
    ...(whole === "refused" ? [] : ["a whole number"]),
  ].join(", or ");
}

function edge(value: unknown, where: string): number {
  return whole(value, MAX_AXIS, where);
}

function whole(value: unknown, most: number, where: string): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw refused(where, named(value), `a whole number from 1 to ${most}`);
}

function refused(where: string, found: string, expected: string): OnpathError {
  return new OnpathError("pipeline", `Cannot read ${where}: found ${found}, expected ${expected}`, {
    where,
    expected,
  });
}
