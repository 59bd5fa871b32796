/**
 * Inverse of a transformation matrix, as OpenCV computes it.
 *
 * @module
 */

/** Row of a matrix. */
export type Three = readonly [number, number, number];

/** Matrix of an affine transformation, row by row. */
export type Six = readonly [...Three, ...Three];

/**
 * Inverts the matrix of a step as OpenCV does, in binary64. An affine matrix uses the formula in
 * `warpAffine`, a perspective one the cofactors of `cv::invert`.
 *
 * @param matrix 6 or 9 numbers, row by row.
 * @returns As many numbers, without −0. Undefined if the determinant is 0, or if its reciprocal or any result
 * is not finite.
 */
export function invertMatrix(matrix: readonly number[]): number[] | undefined {
  const inverse = matrix.length === 6 ? invertAffine(matrix) : invertPerspective(matrix);
  // A plan file does not keep the sign of a zero, and positions do not depend on it.
  return inverse.every(Number.isFinite) ? inverse.map((value) => value + 0) : undefined;
}

function invertAffine(matrix: readonly number[]): number[] {
  const [m0, m1, m2, m3, m4, m5] = matrix as Six;
  const d = 1 / (m0 * m4 - m1 * m3);
  const [a, b, c, e] = [m4 * d, m1 * -d, m3 * -d, m0 * d];
  return [a, b, -a * m2 - b * m5, c, e, -c * m2 - e * m5];
}

function invertPerspective(matrix: readonly number[]): number[] {
  const [[m0, m1, m2], [m3, m4, m5], [m6, m7, m8]] = rowsOf(matrix);
  const determinant = m0 * (m4 * m8 - m5 * m7) - m1 * (m3 * m8 - m5 * m6) + m2 * (m3 * m7 - m4 * m6);
  const cofactors = [
    ...[m4 * m8 - m5 * m7, m2 * m7 - m1 * m8, m1 * m5 - m2 * m4],
    ...[m5 * m6 - m3 * m8, m0 * m8 - m2 * m6, m2 * m3 - m0 * m5],
    ...[m3 * m7 - m4 * m6, m1 * m6 - m0 * m7, m0 * m4 - m1 * m3],
  ];
  const d = 1 / determinant;
  return cofactors.map((cofactor) => cofactor * d);
}

export function rowsOf(matrix: readonly number[]): readonly [Three, Three, Three] {
  const row = (first: number) => matrix.slice(first, first + 3) as unknown as Three;
  return [row(0), row(3), row(6)];
}
