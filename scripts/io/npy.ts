/**
 * NumPy's `.npy` files: one array with its type and shape.
 *
 * @module
 */

import { countElements, type Tensor, tensor, toBytes, toDense } from "../../serialize/tensor.ts";
import { type DType, DTYPE_BYTES, viewElements } from "../../serialize/dtype.ts";
import { OnpathError } from "../../serialize/errors.ts";

/** Maximum length of a header: 64 KiB. For images, NumPy writes 118 bytes. */
export const MAX_NPY_HEADER = 65536;

/** First six bytes of every `.npy` file. */
export const NPY_MAGIC: readonly number[] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** NumPy's names of element types; NumPy lacks bfloat16. */
const DESCRIPTIONS: Readonly<Partial<Record<DType, string>>> = {
  u8: "|u1",
  i8: "|i1",
  f16: "<f2",
  f32: "<f4",
  i32: "<i4",
  u32: "<u4",
  u16: "<u2",
};

const DTYPE_OF: ReadonlyMap<string, DType> = new Map(
  Object.entries(DESCRIPTIONS).map(([dtype, description]) => [description, dtype as DType]),
);

/**
 * Reads a `.npy` file of version 1, 2 or 3.
 *
 * @param bytes The whole file.
 * @param name Name of the file in messages.
 * @returns A tensor without a layout; it shares the buffer if the alignment allows.
 * @throws {OnpathError} `file` if the bytes are not a `.npy` file, or too few or too many; `dtype` if the
 * element type is not supported; `size` if the header or the shape exceeds a limit.
 */
export function readNpy(bytes: Uint8Array<ArrayBuffer>, name: string): Tensor {
  const refuse = (why: string, details: Record<string, unknown> = {}): OnpathError =>
    new OnpathError("file", `Cannot read ${name}: ${why}`, { name, ...details });

  if (NPY_MAGIC.some((byte, at) => bytes[at] !== byte)) {
    throw refuse("it is not a .npy file, expected \\x93NUMPY at its beginning");
  }
  const [major, minor] = [bytes[6], bytes[7]];
  if ((major !== 1 && major !== 2 && major !== 3) || minor !== 0) {
    throw refuse(
      major === undefined || minor === undefined
        ? `it is truncated, it ends after ${bytes.length} bytes`
        : `its .npy version is ${major}.${minor}, expected 1.0, 2.0 or 3.0`,
    );
  }
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) throw refuse(`it is truncated, it ends after ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (headerBytes > MAX_NPY_HEADER) {
    throw new OnpathError(
      "size",
      `Cannot read ${name}: its header has ${headerBytes} bytes, expected at most ${MAX_NPY_HEADER}`,
      { name, headerBytes, most: MAX_NPY_HEADER },
    );
  }
  const end = start + headerBytes;
  if (bytes.length < end) {
    throw refuse(`it is truncated, its header ends at byte ${end} and the file after ${bytes.length}`);
  }
  // Text that is not ASCII fails the grammar, so the encoding does not matter.
  const text = new TextDecoder("latin1").decode(bytes.subarray(start, end));
  const header = parseHeader(text);
  if (header === null) {
    throw refuse(`its header is not {'descr': ..., 'fortran_order': ..., 'shape': (...)}`, {
      header: text.slice(0, 200),
    });
  }
  const dtype = DTYPE_OF.get(header.descr);
  if (dtype === undefined) {
    const known = [...DTYPE_OF.keys()];
    throw new OnpathError(
      "dtype",
      `Cannot read ${name}: its descr is '${header.descr}', expected one of ${known.join(", ")}`,
      { name, found: header.descr, known },
    );
  }
  if (header.fortranOrder) {
    throw refuse("fortran_order is True, expected False (use numpy.ascontiguousarray)", {
      fortranOrder: true,
    });
  }
  const count = countElements(header.shape);
  const expected = count * DTYPE_BYTES[dtype];
  const found = bytes.length - end;
  if (found !== expected) {
    throw refuse(
      `${found < expected ? "it is truncated" : "it has extra bytes"}, shape [${header.shape.join(", ")}] ` +
        `of ${header.descr} needs ${expected} bytes of data, it has ${found}`,
      { shape: header.shape, expected, found },
    );
  }
  const at = bytes.byteOffset + end;
  const aligned = at % DTYPE_BYTES[dtype] === 0;
  const buffer = aligned ? bytes.buffer : bytes.slice(end).buffer;
  return tensor(viewElements(dtype, buffer, aligned ? at : 0, count), { dtype, shape: header.shape });
}

/**
 * Encodes a tensor as `.npy` version 1, byte for byte like NumPy's `save`.
 *
 * @param source Tensor of any type except bf16.
 * @returns The file in chunks; the last one may share the tensor's elements.
 * @throws {OnpathError} `dtype` for bf16, which NumPy lacks.
 */
export function encodeNpy(source: Tensor): Uint8Array<ArrayBuffer>[] {
  const description = checkNpyDType(source.dtype);
  const { shape } = source;
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dictionary = `{'descr': '${description}', 'fortran_order': False, 'shape': (${tuple}), }`;
  // NumPy reserves space for the first axis to grow to 21 digits, then pads to 64 bytes.
  const growth = shape.length === 0 ? 0 : 21 - String(shape[0]).length;
  const total = Math.ceil((10 + dictionary.length + growth + 1) / 64) * 64;
  const header = new Uint8Array(total).fill(0x20);
  header.set([...NPY_MAGIC, 1, 0, (total - 10) & 255, (total - 10) >> 8]);
  header.set(new TextEncoder().encode(dictionary), 10);
  header[total - 1] = 0x0a;
  return [header, toBytes(toDense(source))];
}

/**
 * Checks that `.npy` supports an element type.
 *
 * @returns NumPy's name of the type.
 * @throws {OnpathError} `dtype` if it does not; the message names a format that does.
 */
export function checkNpyDType(dtype: DType): string {
  const description = DESCRIPTIONS[dtype];
  if (description === undefined) {
    throw new OnpathError(
      "dtype",
      `Cannot write ${dtype} as .npy: NumPy has no such type, expected an output that ends in .safetensors`,
      { dtype },
    );
  }
  return description;
}

interface NpyHeader {
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: number[];
}

const ENTRY =
  /\s*(['"])(descr|fortran_order|shape)\1\s*:\s*(?:(['"])([^'"\\]{1,16})\3|(True|False)|\(([\d\s,]*)\))\s*(,|(?=\}))/y;
const SHAPE = /^\s*(?:(?:0|[1-9]\d{0,9})\s*,\s*)+(?:(?:0|[1-9]\d{0,9})\s*)?$/;

/** Parses a Python dictionary literal with exactly the three keys; null if the text is anything else. */
function parseHeader(text: string): NpyHeader | null {
  const trimmed = text.trimEnd();
  if (!trimmed.startsWith("{") || !trimmed.endsWith("}")) return null;
  const seen = new Map<string, string>();
  let at = 1;
  let more = true;
  while (more) {
    ENTRY.lastIndex = at;
    const match = ENTRY.exec(trimmed);
    if (match === null) break;
    const [, , key, , string, boolean, tuple, comma] = match;
    const value = key === "descr" ? string : key === "shape" ? tuple : boolean;
    if (value === undefined || seen.has(key!)) return null;
    seen.set(key!, value);
    at = ENTRY.lastIndex;
    more = comma === ",";
  }
  const shape = seen.get("shape");
  if (trimmed.slice(at).trim() !== "}" || seen.size !== 3 || shape === undefined) return null;
  if (shape.trim() !== "" && !SHAPE.test(shape)) return null;
  return {
    descr: seen.get("descr")!,
    fortranOrder: seen.get("fortran_order") === "True",
    shape: (shape.match(/\d+/g) ?? []).map(Number),
  };
}
