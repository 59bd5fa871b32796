// Decoder of small floats to bf16. Every code is a bf16 value, and is made in lanes of 8 bits: the upper and the lower
// byte of 16 elements. Scales then multiply in lanes of binary32.

import { loadCodes } from "./codes";
import { decode16, groupScale } from "./decode16";
import { high16, low16 } from "./transpose";

/** Product with a scale that is not NaN, rounded to bf16 in the lower half of each lane. */
// @ts-ignore: decorator of AssemblyScript
@inline

function scaled(x: v128, scale: v128): v128 {
  const product = f32x4.mul(x, scale);
  const odd = v128.and(i32x4.shr_u(product, 16), i32x4.splat(1));
  return i32x4.shr_u(i32x4.add(i32x4.add(product, i32x4.splat(0x7fff)), odd), 16);
}

/** Arguments are those of `decodeFloats`. */
export function decodeBf16(
  from: usize, to: usize, groups: i32, values: i32, bits: i32,
  shift: i32, bias: i32, maxCode: i32, infinityCode: i32, scales: usize, stored: i32,
): void {
  // Upper bits of a code that go into the upper byte; biases of all formats differ by an even number.
  const up = shift - 16, down = 8 - up, count = 1 << (7 - up), toTop = 8 - bits;
  const byteMask = (1 << (bits - 1)) - 1, signs = 1 << (bits - 1), upper = bias >>> 24;
  const lowMask = 0xff & (0xff << up), highMask = 0xff >> down;
  const magnitudes = i8x16.splat(<i8>byteMask), signBit = i8x16.splat(<i8>signs), base = i8x16.splat(<i8>upper);
  const lowBits = i8x16.splat(<i8>lowMask), highBits = i8x16.splat(<i8>highMask);
  const most = i8x16.splat(<i8>maxCode), firstNormal = i8x16.splat(<i8>count);
  // Values of exponent field 0, at most 8.
  const unit = f32x4.splat(reinterpret<f32>(bias + 0x800000) / <f32>count);
  const start = f32x4.convert_i32x4_s(i32x4(0, 1, 2, 3));
  const small = i16x8.narrow_i32x4_u(
    i32x4.shr_u(f32x4.mul(start, unit), 16),
    i32x4.shr_u(f32x4.mul(f32x4.add(start, f32x4.splat(4)), unit), 16),
  );
  const smallLow = i8x16.narrow_i16x8_u(v128.and(small, i16x8.splat(0xff)), i16x8.splat(0));
  const smallHigh = i8x16.narrow_i16x8_u(i16x8.shr_u(small, 8), i16x8.splat(0));
  const zero = i32x4.splat(0);
  for (let group = 0; group < groups; group++) {
    const scale = groupScale(scales, group, stored), factor = f32x4.splat(scale);
    const end = to + 2 * values;
    for (; to < end; to += 32, from += 2 * bits) {
      const codes = loadCodes(from, bits);
      const magnitude = v128.and(codes, magnitudes);
      if (scale !== scale || v128.any_true(i8x16.gt_u(magnitude, most))) {
        decode16<u16>(from, to, bits, shift, bias, maxCode, infinityCode, scale);
        continue;
      }
      const isSmall = i8x16.lt_u(magnitude, firstNormal);
      const low = v128.bitselect(
        i8x16.swizzle(smallLow, magnitude), v128.and(i16x8.shl(magnitude, up), lowBits), isSmall,
      );
      const high = v128.or(
        v128.bitselect(
          i8x16.swizzle(smallHigh, magnitude),
          i8x16.add(v128.and(i16x8.shr_u(magnitude, down), highBits), base),
          isSmall,
        ),
        i16x8.shl(v128.and(codes, signBit), toTop),
      );
      const first = v128.shuffle<u8>(low, high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const second = v128.shuffle<u8>(low, high, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      if (stored === -1) {
        v128.store(to, first);
        v128.store(to, second, 16);
        continue;
      }
      v128.store(to, i16x8.narrow_i32x4_u(scaled(low16(zero, first), factor), scaled(high16(zero, first), factor)));
      v128.store(
        to,
        i16x8.narrow_i32x4_u(scaled(low16(zero, second), factor), scaled(high16(zero, second), factor)),
        16,
      );
    }
  }
}
