// The hot loops of serialization, in AssemblyScript. scripts/build_engine.ts (`deno task engine`) compiles
// them to WebAssembly. `deno fmt` skips this file, because it would drop the decorators. Addresses are fixed
// here and in ../engine.ts.
//
//   0      8 tables of 256 words: the CRC of byte b followed by k zero bytes
//   8192   256 zero bytes, never written: the history before a message's first byte
//   8448   work area of the sparse reduction, 8 KiB and 512 bytes
//   17408  its remainder, 256 bytes
//   17664  4 tables of 256 words: the CRC of a byte in each position of the register after 56 zero bytes
//   21760  free for the caller

const TABLES: usize = 0;
const WORK: usize = 8448;
const REMAINDER: usize = 17408;
const SHIFT: usize = 17664;

/** Maximum bytes of one sparse reduction. Longer messages are chained. */
const CHUNK: usize = 8192;

/** Bytes that the sparse reduction leaves, in four equal quarters. They exceed its reach of 209 bytes. */
const REST: usize = 224;
const QUARTER: usize = 56;

/** Fills the CRC tables. Called once, before any other function. */
export function init(): void {
  for (let i: u32 = 0; i < 256; i++) {
    let c = i;
    for (let bit = 0; bit < 8; bit++) c = (c & 1) ? (c >>> 1) ^ 0x82F63B78 : c >>> 1;
    store<u32>(TABLES + (i << 2), c);
  }
  for (let i: u32 = 0; i < 256; i++) {
    let c = load<u32>(TABLES + (i << 2));
    for (let k: u32 = 1; k < 8; k++) {
      c = load<u32>(TABLES + ((c & 255) << 2)) ^ (c >>> 8);
      store<u32>(TABLES + (k << 10) + (i << 2), c);
    }
  }
  for (let k: u32 = 0; k < 4; k++) {
    for (let i: u32 = 0; i < 256; i++) {
      let c = i << (8 * k);
      for (let zero: usize = 0; zero < QUARTER; zero++) c = load<u32>(TABLES + ((c & 255) << 2)) ^ (c >>> 8);
      store<u32>(SHIFT + (k << 10) + (i << 2), c);
    }
  }
}

/** Slicing by 8: the register after eight more bytes. */
// @ts-ignore: decorator of AssemblyScript
@inline

function step8(c: u32, p: usize): u32 {
  const a = load<u32>(p) ^ c;
  const b = load<u32>(p, 4);
  return load<u32>(TABLES + 7168 + ((a & 255) << 2)) ^
    load<u32>(TABLES + 6144 + (((a >>> 8) & 255) << 2)) ^
    load<u32>(TABLES + 5120 + (((a >>> 16) & 255) << 2)) ^
    load<u32>(TABLES + 4096 + ((a >>> 24) << 2)) ^
    load<u32>(TABLES + 3072 + ((b & 255) << 2)) ^
    load<u32>(TABLES + 2048 + (((b >>> 8) & 255) << 2)) ^
    load<u32>(TABLES + 1024 + (((b >>> 16) & 255) << 2)) ^
    load<u32>(TABLES + ((b >>> 24) << 2));
}

/** Slicing by 8: the register after `length` bytes. */
function sliced(p: usize, length: usize, c: u32): u32 {
  const end8 = p + (length & ~7);
  const end = p + length;
  for (; p < end8; p += 8) c = step8(c, p);
  for (; p < end; p++) c = load<u32>(TABLES + (((c ^ load<u8>(p)) & 255) << 2)) ^ (c >>> 8);
  return c;
}

/** The register after a quarter of zero bytes. */
// @ts-ignore: decorator of AssemblyScript
@inline

function shifted(c: u32): u32 {
  return load<u32>(SHIFT + ((c & 255) << 2)) ^
    load<u32>(SHIFT + 1024 + (((c >>> 8) & 255) << 2)) ^
    load<u32>(SHIFT + 2048 + (((c >>> 16) & 255) << 2)) ^
    load<u32>(SHIFT + 3072 + ((c >>> 24) << 2));
}

/** The register after the remainder. Its quarters run side by side, so that their lookups overlap in time. */
function remainder(): u32 {
  let a: u32 = 0, b: u32 = 0, c: u32 = 0, d: u32 = 0;
  for (let p = REMAINDER; p < REMAINDER + QUARTER; p += 8) {
    a = step8(a, p);
    b = step8(b, p + QUARTER);
    c = step8(c, p + 2 * QUARTER);
    d = step8(d, p + 3 * QUARTER);
  }
  return shifted(shifted(shifted(a) ^ b) ^ c) ^ d;
}

/** 16 message bytes at `p` XOR the contributions of the eliminated bytes before `s`. */
// @ts-ignore: decorator of AssemblyScript
@inline

function folded(p: usize, s: usize): v128 {
  return v128.xor(
    v128.xor(v128.xor(v128.load(p), v128.load(s - 65)), v128.xor(v128.load(s - 155), v128.load(s - 170))),
    v128.xor(v128.load(s - 195), v128.load(s - 209)),
  );
}

/**
 * Sparse reduction. x^209 + x^144 + x^54 + x^39 + x^14 + 1 is a multiple of the CRC-32C polynomial P. Of
 * those with six terms it has the least degree. Its value at x^8 is also a multiple, because squaring keeps
 * multiples of P.
 * Hence a byte may be removed from a message if it is added to the bytes 65, 155, 170, 195 and 209 positions
 * later. 16 bytes then cost five loads and five additions, without a lookup.
 * The remaining 224 to 287 bytes go through the tables.
 */
function reduce(p: usize, length: usize, c: u32): u32 {
  if (length < 320) return sliced(p, length, c);
  const removed = (length - REST) & ~63;
  let s = WORK;
  const end = WORK + removed;
  v128.store(s, v128.xor(v128.load(p), i32x4.replace_lane(i32x4.splat(0), 0, c)));
  v128.store(s, folded(p + 16, s + 16), 16);
  v128.store(s, folded(p + 32, s + 32), 32);
  v128.store(s, folded(p + 48, s + 48), 48);
  // Four at once: the nearest history is 65 bytes back, so the four vectors are independent.
  for (s += 64, p += 64; s < end; s += 64, p += 64) {
    const v0 = folded(p, s);
    const v1 = folded(p + 16, s + 16);
    const v2 = folded(p + 32, s + 32);
    const v3 = folded(p + 48, s + 48);
    v128.store(s, v0);
    v128.store(s, v1, 16);
    v128.store(s, v2, 32);
    v128.store(s, v3, 48);
  }
  for (let k: usize = 0; k < REST; k += 16) v128.store(end + k, i32x4.splat(0));
  for (let k: usize = 0; k < REST; k += 16) v128.store(REMAINDER + k, folded(p + k, end + k));
  return sliced(p + REST, length - removed - REST, remainder());
}

/** CRC-32C of `length` bytes at `p`, continued from `seed`; 0 starts a new CRC. */
export function crc32c(p: usize, length: usize, seed: u32): u32 {
  let c = ~seed;
  while (length > CHUNK) {
    c = reduce(p, CHUNK, c);
    p += CHUNK;
    length -= CHUNK;
  }
  return ~reduce(p, length, c);
}

/** CRC-32C of a packet of `length` bytes at `p`, with its CRC field (4 bytes at offset 40) read as zero. */
export function packetCrc(p: usize, length: usize): u32 {
  const field = load<u32>(p, 40);
  store<u32>(p, 0, 40);
  const c = crc32c(p, length, 0);
  store<u32>(p, field, 40);
  return c;
}

/** Computes the CRC of a packet and writes it into the header. */
export function seal(p: usize, length: usize): void {
  store<u32>(p, 0, 40);
  store<u32>(p, crc32c(p, length, 0), 40);
}

/**
 * Cells of 1 channel, 8 bytes each: two neighbours of the upper row at `top`, two of the lower row at
 * `bottom`, and the weight index (u32).
 * `columns` holds 12 bytes a cell, u32 each: left byte offset, right byte offset, and the column's part of
 * the weight index.
 */
export function cells1(out: usize, top: usize, bottom: usize, columns: usize, count: u32, row: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const left = load<u32>(columns), right = load<u32>(columns, 4);
    const pixels = <u32> load<u8>(top + left) | (<u32> load<u8>(top + right) << 8) |
      (<u32> load<u8>(bottom + left) << 16) | (<u32> load<u8>(bottom + right) << 24);
    store<u32>(out, pixels);
    store<u32>(out, row + load<u32>(columns, 8), 4);
    columns += 12;
    out += 8;
  }
}

/** Cells of 3 channels, 16 bytes each. Every pixel is read as 4 bytes, so a row needs one byte of padding. */
export function cells3(out: usize, top: usize, bottom: usize, columns: usize, count: u32, row: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const left = load<u32>(columns), right = load<u32>(columns, 4);
    // Each 4-byte store overwrites the fourth byte of the previous pixel.
    store<u32>(out, load<u32>(top + left));
    store<u32>(out, load<u32>(top + right), 3);
    store<u32>(out, load<u32>(bottom + left), 6);
    store<u32>(out, load<u32>(bottom + right), 9);
    store<u32>(out, row + load<u32>(columns, 8), 12);
    columns += 12;
    out += 16;
  }
}

/** {@link cells3} for right neighbours that directly follow the left ones: one 8-byte load a row. */
export function cells3Adjacent(
  out: usize,
  top: usize,
  bottom: usize,
  columns: usize,
  count: u32,
  row: u32,
): void {
  for (let i: u32 = 0; i < count; i++) {
    const left = load<u32>(columns);
    const pixels = v128.shuffle<u8>(
      v128.load64_zero(top + left),
      v128.load64_zero(bottom + left),
      0,
      1,
      2,
      3,
      4,
      5,
      16,
      17,
      18,
      19,
      20,
      21,
      8,
      8,
      8,
      8,
    );
    v128.store(out, i32x4.replace_lane(pixels, 3, row + load<u32>(columns, 8)));
    columns += 12;
    out += 16;
  }
}

/** Cells of 4 channels, 32 bytes each: 16 of pixels, the weight index (u32), 12 zero bytes. */
export function cells4(out: usize, top: usize, bottom: usize, columns: usize, count: u32, row: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const left = load<u32>(columns), right = load<u32>(columns, 4);
    store<u32>(out, load<u32>(top + left));
    store<u32>(out, load<u32>(top + right), 4);
    store<u32>(out, load<u32>(bottom + left), 8);
    store<u32>(out, load<u32>(bottom + right), 12);
    store<u64>(out, <u64> (row + load<u32>(columns, 8)), 16);
    store<u64>(out, 0, 24);
    columns += 12;
    out += 32;
  }
}

/** Tiles of 1 channel: {@link cells1} without the weight index. */
export function tiles1(out: usize, top: usize, bottom: usize, columns: usize, count: u32, _row: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const left = load<u32>(columns), right = load<u32>(columns, 4);
    const pixels = <u32> load<u8>(top + left) | (<u32> load<u8>(top + right) << 8) |
      (<u32> load<u8>(bottom + left) << 16) | (<u32> load<u8>(bottom + right) << 24);
    store<u32>(out, pixels);
    columns += 12;
    out += 4;
  }
}

/** Tiles of 3 channels, 12 bytes each. */
export function tiles3(out: usize, top: usize, bottom: usize, columns: usize, count: u32, _row: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const left = load<u32>(columns), right = load<u32>(columns, 4);
    store<u32>(out, load<u32>(top + left));
    store<u32>(out, load<u32>(top + right), 3);
    store<u32>(out, load<u32>(bottom + left), 6);
    // The last pixel is stored in two pieces, so that no byte after the payload is written.
    store<u16>(out, load<u16>(bottom + right), 9);
    store<u8>(out, load<u8>(bottom + right, 2), 11);
    columns += 12;
    out += 12;
  }
}

/** Tiles of 4 channels, 16 bytes each. */
export function tiles4(out: usize, top: usize, bottom: usize, columns: usize, count: u32, _row: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const left = load<u32>(columns), right = load<u32>(columns, 4);
    store<u32>(out, load<u32>(top + left));
    store<u32>(out, load<u32>(top + right), 4);
    store<u32>(out, load<u32>(bottom + left), 8);
    store<u32>(out, load<u32>(bottom + right), 12);
    columns += 12;
    out += 16;
  }
}
