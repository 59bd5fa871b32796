/**
 * The golden files: what OpenCV, torchvision, NumPy and exact arithmetic answer. `golden/make.py` says
 * how they are made.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";

const GOLDEN = new URL("../golden/", import.meta.url);

/** A golden that is a file: an input and the answer to it. */
export interface GoldenFile {
  readonly kind: "resize" | "resize-normalize" | "normalize";
  readonly file: string;
  readonly photo: string;
  readonly crop: readonly [number, number, number, number] | null;
  readonly channels: number;
  readonly peer: "opencv" | "torchvision" | "numpy" | "exact";
  readonly size: readonly [number, number];
  readonly resized: string;
  readonly range: readonly [number, number];
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly dtype: "uint8" | "float32" | "float16" | "bfloat16";
  readonly stored: string;
  readonly layout: "HWC" | "CHW";
  readonly shape: readonly number[];
  readonly sha256: string;
}

/** A golden that stands in the manifest itself. */
export type GoldenEntry =
  | {
    readonly kind: "shape";
    readonly input: readonly [number, number];
    readonly shorter: number;
    readonly size: readonly [number, number];
  }
  | {
    readonly kind: "center-crop";
    readonly input: readonly [number, number];
    readonly size: readonly [number, number];
    readonly top: number;
    readonly left: number;
  };

/** manifest.json. */
export interface Manifest {
  readonly header: { readonly photos: Readonly<Record<string, { shape: number[]; sha256: string }>> };
  readonly entries: readonly (GoldenFile | GoldenEntry)[];
}

let manifest: Promise<Manifest> | undefined;

/** Reads the manifest once. */
export function readManifest(): Promise<Manifest> {
  manifest ??= readFile(new URL("manifest.json", GOLDEN), "utf8").then((text) => JSON.parse(text));
  return manifest;
}

/** The goldens of one kind and, where it is given, of one peer. At least one, or a test tests nothing. */
export async function goldenFiles(kind: GoldenFile["kind"], peer?: string): Promise<GoldenFile[]> {
  const { entries } = await readManifest();
  const files = entries.filter((entry): entry is GoldenFile =>
    entry.kind === kind && (peer === undefined || (entry as GoldenFile).peer === peer)
  );
  assert(files.length > 0, `no golden of kind ${kind} by ${peer}`);
  return files;
}

/** The entries of one kind that are no files. */
export async function goldenEntries<K extends GoldenEntry["kind"]>(
  kind: K,
): Promise<Extract<GoldenEntry, { kind: K }>[]> {
  const { entries } = await readManifest();
  const found = entries.filter((entry) => entry.kind === kind) as Extract<GoldenEntry, { kind: K }>[];
  assert(found.length > 0, `no golden of kind ${kind}`);
  return found;
}

/** Reads a golden's samples; 16-bit floats as their bit patterns. Checks hash, type and shape. */
export async function readGolden(
  { file, sha256, stored, shape }: GoldenFile,
): Promise<Uint8Array | Uint16Array | Float32Array> {
  const bytes = Uint8Array.from(gunzipSync(await readFile(new URL(file, GOLDEN))));
  assert.equal(createHash("sha256").update(bytes).digest("hex"), sha256, file);
  assert.equal(new TextDecoder().decode(bytes.subarray(1, 6)), "NUMPY");
  const start = 10 + new DataView(bytes.buffer).getUint16(8, true);
  const header = new TextDecoder().decode(bytes.subarray(10, start));
  assert(header.includes(`'descr': '${stored}'`), `${file}: ${header}`);
  assert(header.includes("'fortran_order': False"), `${file}: ${header}`);
  const count = shape.reduce((product, length) => product * length, 1);
  const size = Number(stored.at(-1));
  assert.equal(bytes.length, start + count * size, file);
  const buffer = bytes.slice(start).buffer;
  return size === 1
    ? new Uint8Array(buffer)
    : size === 2
    ? new Uint16Array(buffer)
    : new Float32Array(buffer);
}
