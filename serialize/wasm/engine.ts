// The hot loops of serialization, in AssemblyScript (the formatter would drop its decorators, so this
// file is left out of formatting), compiled to WebAssembly by
// scripts/build_engine.ts (`deno task engine`). Addresses are fixed here and in ../engine.ts.
//
//   0      8 tables of 256 words: the CRC of byte b followed by k zero bytes
//   8192   256 zero bytes, never written: the history before a message's first byte
//   8448   work area of the sparse reduction, 8 KiB and 512 bytes
//   17408  its remainder, 256 bytes
//   17664  4 tables of 256 words: the CRC of a byte in each place of the register after 56 zero bytes
//   21760  free for the caller

const TABLES: usize = 0;
const WORK: usize = 8448;
const REMAINDER: usize = 17408;
const SHIFT: usize = 17664;

/** Bytes that one sparse reduction takes at most; longer messages are chained. */
const CHUNK: usize = 8192;

/** Bytes that the sparse reduction leaves: more than the 209 of its reach, in four equal quarters. */
const REST: usize = 224;
const QUARTER: usize = 56;

/** Fills the CRC tables. Called once. */
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

/** The register after any number of bytes. */
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

/** The register after the remainder: its quarters side by side, so that their lookups overlap. */
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

/** 16 message bytes at `p` plus what the eliminated bytes before `s` add to them. */
// @ts-ignore: decorator of AssemblyScript
@inline

function folded(p: usize, s: usize): v128 {
  return v128.xor(
    v128.xor(v128.xor(v128.load(p), v128.load(s - 65)), v128.xor(v128.load(s - 155), v128.load(s - 170))),
    v128.xor(v128.load(s - 195), v128.load(s - 209)),
  );
}

/**
 * Sparse reduction. x^209 + x^144 + x^54 + x^39 + x^14 + 1 is a multiple of the CRC-32C polynomial
 * P, the one of six terms with the least degree, so its value at x^8 is one too (squaring keeps
 * multiples of P). Hence a byte may be removed from a message when it is added to the bytes
 * 65, 155, 170, 195 and 209 places later: 16 bytes cost five loads and five additions, no lookup.
 * What remains, 224 to 287 bytes, goes through the tables.
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
  // Four at once: the nearest history lies 65 bytes back, so none of them needs another.
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

/** CRC-32C of `length` bytes at `p`, continuing from the CRC `seed` of what came before (0: nothing). */
export function crc32c(p: usize, length: usize, seed: u32): u32 {
  let c = ~seed;
  while (length > CHUNK) {
    c = reduce(p, CHUNK, c);
    p += CHUNK;
    length -= CHUNK;
  }
  return ~reduce(p, length, c);
}

/** CRC-32C of a packet of `length` bytes at `p`, its CRC field (4 bytes at 40) taken as zero. */
export function packetCrc(p: usize, length: usize): u32 {
  const field = load<u32>(p, 40);
  store<u32>(p, 0, 40);
  const c = crc32c(p, length, 0);
  store<u32>(p, field, 40);
  return c;
}

/** Writes a packet's CRC into its header. */
export function seal(p: usize, length: usize): void {
  store<u32>(p, 0, 40);
  store<u32>(p, crc32c(p, length, 0), 40);
}

/**
 * Cells of 1 channel, 8 bytes each: two neighbours of the upper row at `top`, two of the lower at
 * `bottom`, the weight index, two zero bytes. `columns` holds for each cell the byte offsets of its
 * left and right neighbours (u32 each) and the column's part of the weight index (u32).
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

/** Cells of 3 channels, 16 bytes each. Reads 4 bytes a pixel, so a row needs one byte of slack. */
export function cells3(out: usize, top: usize, bottom: usize, columns: usize, count: u32, row: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const left = load<u32>(columns), right = load<u32>(columns, 4);
    // The right pixel overwrites the left one's fourth byte, the lower left one the right one's, …
    store<u32>(out, load<u32>(top + left));
    store<u32>(out, load<u32>(top + right), 3);
    store<u32>(out, load<u32>(bottom + left), 6);
    store<u32>(out, load<u32>(bottom + right), 9);
    store<u32>(out, row + load<u32>(columns, 8), 12);
    columns += 12;
    out += 16;
  }
}

/** {@link cells3} where every right neighbour follows its left one: 8 bytes a row at once. */
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

/** Cells of 4 channels, 32 bytes each: 16 of pixels, the weight index, 14 zero bytes. */
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
    // The last pixel in two pieces, so that nothing is written behind the payload.
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
