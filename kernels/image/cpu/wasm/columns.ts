// Filters the columns of rows. A weight is 256 high + low, so that sums of both parts stay in 32 bits.

// @ts-ignore: decorator of AssemblyScript
@inline

function halfOf(shift: i32): i32 {
  return shift === 0 ? 0 : 1 << (shift - 1);
}

/** Sums of high and low parts without `shift` bits, rounded half up, in i32 lanes. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function levelOf(high: v128, low: v128, shift: i32): v128 {
  const sum = i32x4.add(i32x4.add(i32x4.shl(high, 8), low), i32x4.splat(halfOf(shift)));
  return i32x4.shr_s(sum, shift);
}

/** Four taps of 3 and of 4 channels: neighbours in pairs for each channel. */
const PAIRS: usize = memory.data<u8>([
  0, 3, 1, 4, 2, 5, 0, 0, 6, 9, 7, 10, 8, 11, 0, 0,
  0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15,
], 16);

/** Stores one pixel: bytes, or i32 where the row pass needs whole sums. */
// @ts-ignore: decorator of AssemblyScript
@inline

function storePixel(to: usize, high: v128, low: v128, shift: i32, isWide: bool): void {
  const level = levelOf(high, low, shift);
  if (isWide) {
    v128.store(to, level);
  } else {
    const words = i16x8.narrow_i32x4_s(level, level);
    v128.store32_lane(to, i8x16.narrow_i16x8_u(words, words), 0);
  }
}

/** Two rows at a time, so that both use a loaded weight. */
// @ts-ignore: decorator of AssemblyScript
@inline

function columns(
  from: usize, pitch: usize, to: usize, toPitch: usize, rows: i32, table: usize, count: i32, shift: i32,
  channels: i32, isWide: bool,
): void {
  // A loaded vector stays in its register; a constant one would be made again in every round.
  const order = v128.load(PAIRS + (channels === 3 ? 0 : 16));
  for (let row = 0; row < rows; row += 2, from += 2 * pitch, to += 2 * toPitch) {
    const isPair = row + 1 < rows;
    const step = isPair ? pitch : 0, toStep = isPair ? toPitch : 0;
    let entry = table, out = to;
    for (let x = 0; x < count; x++, out += isWide ? 4 * channels : channels) {
      let p = from + load<u32>(entry);
      let groups = load<u32>(entry, 4);
      entry += 8;
      let high = i32x4.splat(0), low = high, high2 = high, low2 = high;
      for (; groups > 0; groups--, entry += 16, p += 4 * channels) {
        const h01 = v128.load32_splat(entry), h23 = v128.load32_splat(entry, 4);
        const l01 = v128.load32_splat(entry, 8), l23 = v128.load32_splat(entry, 12);
        let pairs = i8x16.swizzle(v128.load(p), order);
        let a = i16x8.extend_low_i8x16_u(pairs), b = i16x8.extend_high_i8x16_u(pairs);
        high = i32x4.add(high, i32x4.add(i32x4.dot_i16x8_s(a, h01), i32x4.dot_i16x8_s(b, h23)));
        low = i32x4.add(low, i32x4.add(i32x4.dot_i16x8_s(a, l01), i32x4.dot_i16x8_s(b, l23)));
        pairs = i8x16.swizzle(v128.load(p + step), order);
        a = i16x8.extend_low_i8x16_u(pairs), b = i16x8.extend_high_i8x16_u(pairs);
        high2 = i32x4.add(high2, i32x4.add(i32x4.dot_i16x8_s(a, h01), i32x4.dot_i16x8_s(b, h23)));
        low2 = i32x4.add(low2, i32x4.add(i32x4.dot_i16x8_s(a, l01), i32x4.dot_i16x8_s(b, l23)));
      }
      storePixel(out, high, low, shift, isWide);
      storePixel(out + toStep, high2, low2, shift, isWide);
    }
  }
}

/**
 * Filters `rows` rows to `count` pixels. An output in `table`: byte offset of the first tap, number of groups,
 * and 16 bytes a group of 4 taps: four high parts and four low parts, 16 bits each.
 */
export function columns3(
  from: usize, pitch: usize, to: usize, toPitch: usize, rows: i32, table: usize, count: i32, shift: i32,
): void {
  columns(from, pitch, to, toPitch, rows, table, count, shift, 3, false);
}

/** As `columns3`, for 4 channels. */
export function columns4(
  from: usize, pitch: usize, to: usize, toPitch: usize, rows: i32, table: usize, count: i32, shift: i32,
): void {
  columns(from, pitch, to, toPitch, rows, table, count, shift, 4, false);
}

// @ts-ignore: decorator of AssemblyScript
@inline

function total(x: v128): i32 {
  const pairs = i32x4.add(x, i32x4.shuffle(x, x, 2, 3, 0, 1));
  return i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1);
}

// @ts-ignore: decorator of AssemblyScript
@inline

function columnsOf1(
  from: usize, pitch: usize, to: usize, toPitch: usize, rows: i32, table: usize, count: i32, shift: i32,
  isWide: bool,
): void {
  for (let row = 0; row < rows; row++, from += pitch, to += toPitch) {
    let entry = table;
    for (let x = 0; x < count; x++) {
      let p = from + load<u32>(entry);
      let groups = load<u32>(entry, 4);
      entry += 8;
      let high = i32x4.splat(0), low = high;
      for (; groups > 0; groups--, entry += 32, p += 8) {
        const samples = v128.load8x8_u(p);
        high = i32x4.add(high, i32x4.dot_i16x8_s(samples, v128.load(entry)));
        low = i32x4.add(low, i32x4.dot_i16x8_s(samples, v128.load(entry, 16)));
      }
      const sum = ((total(high) << 8) + total(low) + halfOf(shift)) >> shift;
      if (isWide) store<i32>(to + 4 * x, sum);
      else store<u8>(to + x, <u8>min(255, max(0, sum)));
    }
  }
}

/** As `columns3`, for 1 channel: groups of 8 taps, 32 bytes each. */
export function columns1(
  from: usize, pitch: usize, to: usize, toPitch: usize, rows: i32, table: usize, count: i32, shift: i32,
): void {
  columnsOf1(from, pitch, to, toPitch, rows, table, count, shift, false);
}

/** As `columns1`, to i32. */
export function columnsWide1(
  from: usize, pitch: usize, to: usize, toPitch: usize, rows: i32, table: usize, count: i32, shift: i32,
): void {
  columnsOf1(from, pitch, to, toPitch, rows, table, count, shift, true);
}

/** As `columns3`, to i32. */
export function columnsWide3(
  from: usize, pitch: usize, to: usize, toPitch: usize, rows: i32, table: usize, count: i32, shift: i32,
): void {
  columns(from, pitch, to, toPitch, rows, table, count, shift, 3, true);
}

/** As `columns4`, to i32. */
export function columnsWide4(
  from: usize, pitch: usize, to: usize, toPitch: usize, rows: i32, table: usize, count: i32, shift: i32,
): void {
  columns(from, pitch, to, toPitch, rows, table, count, shift, 4, true);
}
