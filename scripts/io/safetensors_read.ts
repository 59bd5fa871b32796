/**
 * Reading of `.safetensors` files. Nothing in a file is trusted: tensors fill the data without holes or overlaps,
 * and no name occurs twice.
 *
 * @module
 */

import { type DType, DTYPE_BYTES, viewElements } from "../../serialize/dtype.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { countElements, type Tensor, tensor } from "../../serialize/tensor.ts";
import { MAX_SAFETENSORS_HEADER, METADATA_KEY, SAFETENSORS_DTYPES } from "./safetensors.ts";
import { named } from "../../serialize/excerpt.ts";
import { isObject } from "../../serialize/require.ts";

/** Maximum number of axes of a tensor. */
const MAX_AXES = 16;

/** Maximum depth of a list in a header: `{"name": {"shape": []}}`. */
const MAX_DEPTH = 2;

/** Tensor of a file, whose element type onpath may not know. */
export interface SafetensorsEntry {
  /** Element type, as the format names it. */
  readonly dtype: string;
  /** Number of elements along each axis. */
  readonly shape: readonly number[];
  /** Elements, a view of the file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Contents of a file. */
export interface SafetensorsFile {
  /** Name of the file in messages. */
  readonly name: string;
  /** Tensors by name. */
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  /** Texts of the entry `__metadata__`. */
  readonly metadata: ReadonlyMap<string, string>;
}

const DTYPE_OF: ReadonlyMap<string, DType> = new Map(
  Object.entries(SAFETENSORS_DTYPES).map(([dtype, name]) => [name, dtype as DType]),
);

/**
 * Reads the header of a file.
 *
 * @param bytes The whole file.
 * @param name Name of the file in messages.
 * @returns Its tensors, which share the bytes.
 * @throws {OnpathError} `file` if the bytes are not such a file, are truncated, or have tensors that overlap or leave
 * the data; `size` if the header or a shape exceeds a limit.
 */
export function readSafetensors(bytes: Uint8Array<ArrayBuffer>, name: string): SafetensorsFile {
  const { header, data } = splitFile(bytes, name);
  const metadata = new Map<string, string>();
  const entries = new Map<string, SafetensorsEntry & { readonly begin: number; readonly end: number }>();
  for (const [key, value] of Object.entries(header)) {
    if (key !== METADATA_KEY) entries.set(key, readEntry(key, value, data, name));
    else for (const [text, each] of readTexts(value, name)) metadata.set(text, each);
  }
  let at = 0;
  for (
    const [key, { begin, end }] of [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)
  ) {
    if (begin !== at) {
      throw refuse(name, `tensor ${named(key)} begins at byte ${begin} of the data, expected ${at}`, { key });
    }
    at = end;
  }
  if (at !== data.length) {
    throw refuse(name, `its tensors end at byte ${at} of the data, which has ${data.length}`);
  }
  return { name, entries, metadata };
}

/**
 * Finds a tensor by name.
 *
 * @param file Contents of a file.
 * @param key Name of the tensor.
 * @returns Tensor over the file's bytes, or over a copy if they are not aligned.
 * @throws {OnpathError} `file` if it is missing, `dtype` if onpath lacks its element type.
 */
export function tensorOf(file: SafetensorsFile, key: string): Tensor {
  const entry = file.entries.get(key);
  if (entry === undefined) {
    const found = [...file.entries.keys()].slice(0, 8).map(named);
    const names = `${found.join(", ")}${file.entries.size > 8 ? ` and ${file.entries.size - 8} more` : ""}`;
    throw refuse(file.name, `tensor ${named(key)} is missing, found ${names || "no tensor"}`, { key });
  }
  const dtype = DTYPE_OF.get(entry.dtype);
  if (dtype === undefined) {
    const known = [...DTYPE_OF.keys()];
    throw new OnpathError(
      "dtype",
      `Cannot read ${file.name}: tensor ${named(key)} has dtype ${named(entry.dtype)}, expected one of ${
        known.join(", ")
      }`,
      { key, found: entry.dtype, known },
    );
  }
  const { bytes, shape } = entry;
  const isAligned = bytes.byteOffset % DTYPE_BYTES[dtype] === 0;
  const held = isAligned ? bytes : bytes.slice();
  const data = viewElements(dtype, held.buffer, held.byteOffset, bytes.length / DTYPE_BYTES[dtype]);
  return tensor(data, { dtype, shape });
}

function splitFile(bytes: Uint8Array<ArrayBuffer>, name: string): {
  readonly header: Record<string, unknown>;
  readonly data: Uint8Array<ArrayBuffer>;
} {
  if (bytes.length < 8) throw refuse(name, `it is truncated, it ends after ${bytes.length} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(MAX_SAFETENSORS_HEADER)) {
    throw new OnpathError(
      "size",
      `Cannot read ${name}: its header has ${length} bytes, expected at most ${MAX_SAFETENSORS_HEADER}`,
      { name, headerBytes: String(length), most: MAX_SAFETENSORS_HEADER },
    );
  }
  const end = 8 + Number(length);
  if (bytes.length < end) {
    throw refuse(name, `it is truncated, its header ends at byte ${end} and the file after ${bytes.length}`);
  }
  const header = parseHeader(bytes.subarray(8, end));
  if (header === undefined) throw refuse(name, "it is not a .safetensors file, expected a JSON header");
  return { header, data: bytes.subarray(end) };
}

/** Parses a JSON object without repeated names; undefined for anything else. */
function parseHeader(bytes: Uint8Array): Record<string, unknown> | undefined {
  let text: string, value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isObject(value) && countNames(text) === countKeys(value) ? value : undefined;
}

/** Counts the colons outside of strings: the names of all objects of a JSON text, repeated ones too. */
function countNames(text: string): number {
  let names = 0, isString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') isString = !isString;
    else if (isString && character === "\\") at++;
    else if (!isString && character === ":") names++;
  }
  return names;
}

/** Counts the names of parsed objects; NaN where they are nested deeper than those of any entry. */
function countKeys(value: unknown, depth = 0): number {
  if (typeof value !== "object" || value === null) return 0;
  if (depth > MAX_DEPTH) return NaN;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum: number, each) => sum + countKeys(each, depth + 1), own);
}

function readEntry(key: string, value: unknown, data: Uint8Array<ArrayBuffer>, name: string) {
  const { dtype, shape, data_offsets: offsets } = Object(value) as Record<string, unknown>;
  const isEntry = isObject(value) && Object.keys(value).length === 3 && typeof dtype === "string" &&
    isWholeList(shape) && shape.length <= MAX_AXES && isWholeList(offsets) && offsets.length === 2;
  if (!isEntry) {
    throw refuse(name, `tensor ${named(key)} is not {"dtype", "shape", "data_offsets": [begin, end]}`, {
      key,
    });
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > data.length) {
    throw refuse(
      name,
      `tensor ${named(key)} has bytes ${begin} to ${end} of the data, which has ${data.length}`,
      { key },
    );
  }
  const known = DTYPE_OF.get(dtype);
  const expected = known === undefined ? end - begin : countElements(shape) * DTYPE_BYTES[known];
  if (expected !== end - begin) {
    const of = `shape [${shape.join(", ")}] of ${dtype}`;
    throw refuse(name, `tensor ${named(key)} of ${of} needs ${expected} bytes, it has ${end - begin}`, {
      key,
    });
  }
  return { dtype, shape, begin, end, bytes: data.subarray(begin, end) };
}

function readTexts(value: unknown, name: string): [string, string][] {
  const texts = isObject(value) ? Object.entries(value) : [["", null]];
  if (texts.every((each): each is [string, string] => typeof each[1] === "string")) return texts;
  throw refuse(name, `its ${METADATA_KEY} is not an object of texts`);
}

function isWholeList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

function refuse(name: string, reason: string, details: Record<string, unknown> = {}): OnpathError {
  return new OnpathError("file", `Cannot read ${name}: ${reason}`, { name, ...details });
}
