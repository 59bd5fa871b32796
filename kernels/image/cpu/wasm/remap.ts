// Samples at any positions.

/** Pixel of up to 4 channels. */
// @ts-ignore: decorator of AssemblyScript
@inline

function pixels(entry: usize): v128 {
  let p = v128.load32_zero(load<u32>(entry));
  p = v128.load32_lane(load<u32>(entry, 4), p, 1);
  p = v128.load32_lane(load<u32>(entry, 8), p, 2);
  return v128.load32_lane(load<u32>(entry, 12), p, 3);
}

/**
 * Samples `count` pixels, interleaved. `map` has 24 bytes a pixel: addresses of four neighbours, and four 16-bit
 * weights over 1024. Up to 3 bytes after the last pixel are overwritten.
 */
export function remapSamples(to: usize, map: usize, count: i32, channels: i32): void {
  for (let x = 0; x < count; x++, map += 24, to += channels) {
    const p = pixels(map);
    const pairs = i8x16.shuffle(p, p, 0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
    const sum = i32x4.add(
      i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(pairs), v128.load32_splat(map, 16)),
      i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(pairs), v128.load32_splat(map, 20)),
    );
    const level = i32x4.shr_s(i32x4.add(sum, i32x4.splat(512)), 10);
    const words = i16x8.narrow_i32x4_s(level, level);
    v128.store32_lane(to, i8x16.narrow_i16x8_u(words, words), 0);
  }
}
