// Moves samples without computing.

/** Copies bytes; the ranges may overlap. */
export function copy(to: usize, from: usize, length: usize): void {
  memory.copy(to, from, length);
}

/** Splits interleaved pixels of 3 channels into planes. `count` is rounded up to 16. */
export function deinterleave3(to: usize, plane: usize, from: usize, count: i32): void {
  for (let x = 0; x < count; x += 16, from += 48) {
    const a = v128.load(from), b = v128.load(from, 16), c = v128.load(from, 32);
    let p = i8x16.shuffle(a, b, 0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 0, 0, 0, 0, 0);
    v128.store(to + x, i8x16.shuffle(p, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17, 20, 23, 26, 29));
    p = i8x16.shuffle(a, b, 1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 0, 0, 0, 0, 0);
    v128.store(to + plane + x, i8x16.shuffle(p, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 21, 24, 27, 30));
    p = i8x16.shuffle(a, b, 2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 0, 0, 0, 0, 0, 0);
    v128.store(to + 2 * plane + x, i8x16.shuffle(p, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 22, 25, 28, 31));
  }
}

/** Splits interleaved pixels of 4 channels into planes. `count` is rounded up to 4. */
export function deinterleave4(to: usize, plane: usize, from: usize, count: i32): void {
  for (let x = 0; x < count; x += 4, from += 16) {
    const a = v128.load(from);
    const planes = i8x16.shuffle(a, a, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    v128.store32_lane(to + x, planes, 0);
    v128.store32_lane(to + plane + x, planes, 1);
    v128.store32_lane(to + 2 * plane + x, planes, 2);
    v128.store32_lane(to + 3 * plane + x, planes, 3);
  }
}

/** Joins 3 planes to interleaved pixels. `count` is rounded up to 16. */
export function interleave3(to: usize, plane: usize, from: usize, count: i32): void {
  for (let x = 0; x < count; x += 16, to += 48) {
    const r = v128.load(from + x), g = v128.load(from + plane + x), b = v128.load(from + 2 * plane + x);
    let p = i8x16.shuffle(r, g, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5);
    v128.store(to, i8x16.shuffle(p, b, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15));
    p = i8x16.shuffle(r, g, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26);
    v128.store(to, i8x16.shuffle(p, b, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15), 16);
    p = i8x16.shuffle(r, g, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0);
    v128.store(to, i8x16.shuffle(p, b, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31), 32);
  }
}

/** Joins 4 planes to interleaved pixels. `count` is rounded up to 4. */
export function interleave4(to: usize, plane: usize, from: usize, count: i32): void {
  for (let x = 0; x < count; x += 4, to += 16) {
    let p = v128.load32_zero(from + x);
    p = v128.load32_lane(from + plane + x, p, 1);
    p = v128.load32_lane(from + 2 * plane + x, p, 2);
    p = v128.load32_lane(from + 3 * plane + x, p, 3);
    v128.store(to, i8x16.shuffle(p, p, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  }
}
