/**
 * The goldens of image processors: what Pillow and NumPy answer. `golden/processors.py` makes them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

/** Values of one processor and photograph. */
export interface ValuesGolden {
  readonly kind: "values";
  readonly config: string;
  readonly photo: string;
  readonly dims: readonly number[];
  readonly sha256: string;
  readonly values: Readonly<Record<string, number>>;
}

/** Size that a processor resizes a shape to. */
export interface SizeGolden {
  readonly kind: "size";
  readonly config: string;
  readonly image: readonly [number, number];
  readonly size: readonly [number, number];
}

/** Sizes of the classes with tiles for a shape; null if no resolution keeps a pixel. */
export interface TilesGolden {
  readonly kind: "tiles";
  readonly image: readonly [number, number];
  readonly best: readonly [number, number] | null;
  readonly inside: readonly [number, number] | null;
  readonly longest: readonly [number, number];
  readonly encoder: readonly [number, number];
}

/** Small picture in one of Pillow's modes, and the checksum of its RGB samples. */
export interface PictureGolden {
  readonly kind: "picture";
  readonly mode: string;
  readonly shape: readonly number[];
  readonly png: string;
  readonly sha256: string;
}

type Golden = ValuesGolden | SizeGolden | TilesGolden | PictureGolden;

const { header, entries } = JSON.parse(
  await readFile(new URL("../../golden/processors.json", import.meta.url), "utf8"),
) as { header: { configs: Record<string, Record<string, unknown>> }; entries: Golden[] };

/** Configurations by name. */
export const CONFIGS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = header.configs;

/** Goldens of one kind. */
export function goldensOf<K extends Golden["kind"]>(kind: K): Extract<Golden, { kind: K }>[] {
  const found = entries.filter((entry) => entry.kind === kind) as Extract<Golden, { kind: K }>[];
  assert(found.length > 0);
  return found;
}

/** SHA-256 of the bytes of values. */
export function sha256(values: Float32Array | Uint8Array): string {
  return createHash("sha256")
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest("hex");
}

/** Compares float32 values with a golden. */
export function assertGolden(
  values: Float32Array,
  golden: Pick<ValuesGolden, "values" | "sha256">,
  where: string,
): void {
  for (const [at, value] of Object.entries(golden.values)) {
    assert.equal(values[Number(at)], value, `${where}, value ${at}`);
  }
  assert.equal(sha256(values), golden.sha256, where);
}

/** Encoded bytes of a photograph. */
export async function photoBytes(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(new URL(`../../../scripts/photos/${name}`, import.meta.url)));
}
