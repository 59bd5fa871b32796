/**
 * Headers of PNG, JPEG and WebP files, for decoders that report nothing but pixels.
 *
 * @module
 */

/** Kind of an encoded picture. */
export type PictureKind = "png" | "jpeg" | "webp";

/** Facts in the header of a picture. */
export interface PictureHeader {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Channels that are stored; palettes count as 3. */
  readonly channels: number;
  /** Bits of a sample. */
  readonly bits: number;
  /** Whether it has several frames. */
  readonly isAnimated: boolean;
}

/** Detects the kind of a picture from its first bytes; undefined if unknown. */
export function pictureKind(bytes: Uint8Array): PictureKind | undefined {
  const begins = (at: number, ...expected: number[]) =>
    expected.every((byte, index) => bytes[at + index] === byte);
  if (begins(0, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return "png";
  if (begins(0, 0xff, 0xd8, 0xff)) return "jpeg";
  if (begins(0, 0x52, 0x49, 0x46, 0x46) && begins(8, 0x57, 0x45, 0x42, 0x50)) return "webp";
  return undefined;
}

/** Channels of PNG's colour types. */
const PNG_CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 };

/** Bytes of a PNG up to the end of its first chunk. */
const PNG_HEAD = 33;

/** Flags of an extended WebP. */
const WEBP = { animated: 0x02, exif: 0x08, alpha: 0x10 } as const;

/**
 * Reads the header of a picture.
 *
 * @param bytes The whole file.
 * @param kind Its kind.
 * @returns Facts; undefined if the file is too short or its header is invalid.
 */
export function readPictureHeader(bytes: Uint8Array, kind: PictureKind): PictureHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return kind === "png" ? pngHeader(view) : kind === "jpeg" ? jpegHeader(view) : webpHeader(view);
}

/**
 * Cuts a file into parts without its EXIF data, so that a decoder cannot rotate by it.
 *
 * @param bytes The whole file.
 * @param kind Its kind.
 * @returns Views of the file, and copies where a byte changes.
 */
export function withoutExif(bytes: Uint8Array<ArrayBuffer>, kind: PictureKind): Uint8Array<ArrayBuffer>[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (kind === "webp") {
    if (fourLetters(view, 12) !== "VP8X" || bytes.length < 30) return [bytes];
    const head = bytes.slice(0, 30);
    head[20]! &= ~WEBP.exif;
    return [head, bytes.subarray(30)];
  }
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let from = 0;
  for (const { start, end, isExif } of kind === "png" ? pngChunks(view) : jpegSegments(view)) {
    if (!isExif) continue;
    parts.push(bytes.subarray(from, start));
    from = end;
  }
  return [...parts, bytes.subarray(from)];
}

/** Part of a file: a chunk of PNG, or a segment of JPEG. */
interface Part {
  readonly start: number;
  readonly end: number;
  readonly isExif: boolean;
  /** Marker of a segment. */
  readonly marker: number;
}

function* pngChunks(view: DataView): Generator<Part> {
  for (let start = 8; start + 12 <= view.byteLength;) {
    const end = start + 12 + view.getUint32(start);
    if (end > view.byteLength) return;
    yield { start, end, isExif: fourLetters(view, start + 4) === "eXIf", marker: 0 };
    start = end;
  }
}

/** Segments before the coded samples. */
function* jpegSegments(view: DataView): Generator<Part> {
  for (let start = 2; start + 4 <= view.byteLength;) {
    const marker = view.getUint8(start + 1);
    if (view.getUint8(start) !== 0xff || marker === 0xda) return;
    // A marker may follow any number of 0xff.
    if (marker === 0xff) {
      start++;
      continue;
    }
    const end = start + 2 + view.getUint16(start + 2);
    if (end > view.byteLength || end < start + 4) return;
    yield { start, end, isExif: marker === 0xe1, marker };
    start = end;
  }
}

function pngHeader(view: DataView): PictureHeader | undefined {
  if (view.byteLength < PNG_HEAD || fourLetters(view, 12) !== "IHDR") return undefined;
  const channels = PNG_CHANNELS[view.getUint8(25)];
  if (channels === undefined) return undefined;
  return {
    width: view.getUint32(16),
    height: view.getUint32(20),
    channels,
    bits: view.getUint8(24) === 16 ? 16 : 8,
    isAnimated: false,
  };
}

function jpegHeader(view: DataView): PictureHeader | undefined {
  for (const { start, end, marker } of jpegSegments(view)) {
    // Start of frame, all but the tables 0xc4, 0xc8 and 0xcc.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker % 4 !== 0 || marker === 0xc0;
    if (!isFrame) continue;
    if (end < start + 10) return undefined;
    return {
      bits: view.getUint8(start + 4),
      height: view.getUint16(start + 5),
      width: view.getUint16(start + 7),
      channels: view.getUint8(start + 9),
      isAnimated: false,
    };
  }
  return undefined;
}

function webpHeader(view: DataView): PictureHeader | undefined {
  if (view.byteLength < 30) return undefined;
  const facts = (width: number, height: number, hasAlpha: boolean, isAnimated = false): PictureHeader => ({
    width,
    height,
    channels: hasAlpha ? 4 : 3,
    bits: 8,
    isAnimated,
  });
  const bits24 = (at: number) => view.getUint16(at, true) + 65536 * view.getUint8(at + 2);
  switch (fourLetters(view, 12)) {
    case "VP8 ":
      return facts(view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff, false);
    case "VP8L": {
      const packed = view.getUint32(21, true);
      return facts((packed & 0x3fff) + 1, (packed >>> 14 & 0x3fff) + 1, (packed >>> 28 & 1) === 1);
    }
    case "VP8X": {
      const flags = view.getUint8(20);
      const isAnimated = (flags & WEBP.animated) !== 0;
      return facts(bits24(24) + 1, bits24(27) + 1, (flags & WEBP.alpha) !== 0, isAnimated);
    }
    default:
      return undefined;
  }
}

function fourLetters(view: DataView, at: number): string {
  if (at + 4 > view.byteLength) return "";
  return String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(at + index)));
}
