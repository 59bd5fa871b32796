/**
 * Goldens of torchvision's presets and sizes, and of Pillow's blends. `golden/presets.py` makes them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

/** Parameters of presets. */
export interface PresetGolden {
  readonly kind: "preset";
  readonly resize: number;
  readonly crop: number;
  readonly filter: string;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly names: readonly string[];
}

/** Values of one preset and photograph. */
export interface PresetValues {
  readonly kind: "values";
  readonly preset: string;
  readonly photo: string;
  readonly dims: readonly number[];
  readonly sha256: string;
  readonly values: Readonly<Record<string, number>>;
}

/** Size of torchvision's `Resize` with a maximum. */
export interface MaximumSize {
  readonly kind: "size";
  readonly image: readonly [number, number];
  readonly shortest: number;
  readonly max: number;
  readonly size: readonly [number, number];
}

/** Checksum of all levels and alphas over a colour, HWC. */
export interface Blend {
  readonly kind: "blend";
  readonly colour: readonly [number, number, number];
  readonly sha256: string;
}

/** Checksum of all levels, rescaled and normalized. */
export interface Rescaled {
  readonly kind: "rescale";
  readonly factor: number;
  readonly mean: number;
  readonly std: number;
  readonly sha256: string;
}

type Golden = PresetGolden | PresetValues | MaximumSize | Blend | Rescaled;

const { header, entries } = JSON.parse(
  await readFile(new URL("../golden/presets.json", import.meta.url), "utf8"),
) as { header: { defaults: Record<string, string> }; entries: Golden[] };

/** Name that `DEFAULT` stands for, by the class of weights. */
export const DEFAULTS: Readonly<Record<string, string>> = header.defaults;

/** Goldens of one kind. */
export function presetGoldens<K extends Golden["kind"]>(kind: K): Extract<Golden, { kind: K }>[] {
  const found = entries.filter((entry) => entry.kind === kind) as Extract<Golden, { kind: K }>[];
  assert(found.length > 0);
  return found;
}
