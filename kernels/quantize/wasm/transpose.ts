// Copies, and transpositions between rows of channels and groups of tokens.

/** Copies bytes. */
export function copy(to: usize, from: usize, length: usize): void {
  memory.copy(to, from, length);
}

/** Transposes a matrix of 16-bit elements. `pitch` and `toPitch` are the bytes of a row of both. */
export function transpose16(from: usize, pitch: usize, rows: i32, columns: i32, to: usize, toPitch: usize): void {
  const rows8 = rows & ~7, columns8 = columns & ~7;
  for (let r = 0; r < rows8; r += 8) {
    for (let c = 0; c < columns8; c += 8) transpose8(from + r * pitch + 2 * c, pitch, to + c * toPitch + 2 * r, toPitch);
  }
  for (let r = 0; r < rows; r++) {
    for (let c = r < rows8 ? columns8 : 0; c < columns; c++) {
      store<u16>(to + c * toPitch + 2 * r, load<u16>(from + r * pitch + 2 * c));
    }
  }
}

/** Transposes 8 x 8 elements of 16 bits. */
// @ts-ignore: decorator of AssemblyScript
@inline

function transpose8(from: usize, pitch: usize, to: usize, toPitch: usize): void {
  const a0 = v128.load(from), a1 = v128.load(from + pitch);
  const a2 = v128.load(from + 2 * pitch), a3 = v128.load(from + 3 * pitch);
  const a4 = v128.load(from + 4 * pitch), a5 = v128.load(from + 5 * pitch);
  const a6 = v128.load(from + 6 * pitch), a7 = v128.load(from + 7 * pitch);
  const b0 = low16(a0, a1), b1 = high16(a0, a1), b2 = low16(a2, a3), b3 = high16(a2, a3);
  const b4 = low16(a4, a5), b5 = high16(a4, a5), b6 = low16(a6, a7), b7 = high16(a6, a7);
  const c0 = low32(b0, b2), c1 = high32(b0, b2), c2 = low32(b1, b3), c3 = high32(b1, b3);
  const c4 = low32(b4, b6), c5 = high32(b4, b6), c6 = low32(b5, b7), c7 = high32(b5, b7);
  v128.store(to, low64(c0, c4));
  v128.store(to + toPitch, high64(c0, c4));
  v128.store(to + 2 * toPitch, low64(c1, c5));
  v128.store(to + 3 * toPitch, high64(c1, c5));
  v128.store(to + 4 * toPitch, low64(c2, c6));
  v128.store(to + 5 * toPitch, high64(c2, c6));
  v128.store(to + 6 * toPitch, low64(c3, c7));
  v128.store(to + 7 * toPitch, high64(c3, c7));
}

/** Transposes a matrix of 32-bit elements. */
export function transpose32(from: usize, pitch: usize, rows: i32, columns: i32, to: usize, toPitch: usize): void {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      store<u32>(to + c * toPitch + 4 * r, load<u32>(from + r * pitch + 4 * c));
    }
  }
}

// @ts-ignore: decorator of AssemblyScript
@inline

export function low16(a: v128, b: v128): v128 {
  return v128.shuffle<u16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

// @ts-ignore: decorator of AssemblyScript
@inline

export function high16(a: v128, b: v128): v128 {
  return v128.shuffle<u16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

// @ts-ignore: decorator of AssemblyScript
@inline

function low32(a: v128, b: v128): v128 {
  return v128.shuffle<u32>(a, b, 0, 4, 1, 5);
}

// @ts-ignore: decorator of AssemblyScript
@inline

function high32(a: v128, b: v128): v128 {
  return v128.shuffle<u32>(a, b, 2, 6, 3, 7);
}

// @ts-ignore: decorator of AssemblyScript
@inline

function low64(a: v128, b: v128): v128 {
  return v128.shuffle<u64>(a, b, 0, 2);
}

// @ts-ignore: decorator of AssemblyScript
@inline

function high64(a: v128, b: v128): v128 {
  return v128.shuffle<u64>(a, b, 1, 3);
}
