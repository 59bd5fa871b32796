// Codes of 16 values, packed and unpacked in the order of `formats/pack.ts`.

/** Packs 16 codes of a byte each. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function storeCodes(p: usize, codes: v128, bits: i32): void {
  if (bits === 8) {
    v128.store(p, codes);
    return;
  }
  if (bits === 6) {
    const packed = v128.or(
      v128.or(
        v128.and(codes, i32x4.splat(0x3f)),
        v128.and(i32x4.shr_u(codes, 2), i32x4.splat(0xfc0)),
      ),
      v128.or(
        v128.and(i32x4.shr_u(codes, 4), i32x4.splat(0x3f000)),
        v128.and(i32x4.shr_u(codes, 6), i32x4.splat(0xfc0000)),
      ),
    );
    const bytes = i8x16.swizzle(packed, i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    v128.store64_lane(p, bytes, 0);
    v128.store32_lane(p, bytes, 2, 8);
    return;
  }
  const low = v128.and(codes, i8x16.splat(bits === 4 ? 15 : 3));
  if (bits === 4) {
    const pairs = v128.and(v128.or(low, i16x8.shr_u(low, 4)), i16x8.splat(0xff));
    v128.store64_lane(p, i8x16.narrow_i16x8_u(pairs, pairs), 0);
    return;
  }
  const pairs = v128.and(v128.or(low, i16x8.shr_u(low, 6)), i16x8.splat(0xff));
  const nibbles = i8x16.narrow_i16x8_u(pairs, pairs);
  const bytes = v128.and(v128.or(nibbles, i16x8.shr_u(nibbles, 4)), i16x8.splat(0xff));
  v128.store32_lane(p, i8x16.narrow_i16x8_u(bytes, bytes), 0);
}

/** Unpacks 16 codes to a byte each. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function loadCodes(p: usize, bits: i32): v128 {
  if (bits === 8) return v128.load(p);
  if (bits === 6) {
    const bytes = v128.load32_lane(p, v128.load64_zero(p), 2, 8);
    const x = i8x16.swizzle(bytes, i8x16(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1));
    return v128.or(
      v128.or(
        v128.and(x, i32x4.splat(0x3f)),
        v128.and(i32x4.shl(x, 2), i32x4.splat(0x3f00)),
      ),
      v128.or(
        v128.and(i32x4.shl(x, 4), i32x4.splat(0x3f0000)),
        v128.and(i32x4.shl(x, 6), i32x4.splat(0x3f000000)),
      ),
    );
  }
  if (bits === 4) {
    const x = i16x8.extend_low_i8x16_u(v128.load64_zero(p));
    return v128.and(v128.or(x, i16x8.shl(x, 4)), i8x16.splat(15));
  }
  const nibbles = i16x8.extend_low_i8x16_u(v128.load32_zero(p));
  const pairs = v128.and(v128.or(nibbles, i16x8.shl(nibbles, 4)), i8x16.splat(15));
  const x = i16x8.extend_low_i8x16_u(pairs);
  return v128.and(v128.or(x, i16x8.shl(x, 6)), i8x16.splat(3));
}
