/**
 * Texts around code points that engines of different versions of Unicode put into different classes.
 *
 * @module
 */

/** Ranges that Unicode 15.0, 15.1, 16.0 and 17.0 added or gave case or a decomposition: letters, digits, marks. */
const NEWER: readonly (readonly [number, number])[] = [
  // 15.0 and 15.1
  [0x0cf3, 0x0cf3],
  [0x10efd, 0x10eff],
  [0x11f00, 0x11f59],
  [0x1e030, 0x1e06d],
  [0x1e4d0, 0x1e4f9],
  [0x31350, 0x323af],
  [0x2ebf0, 0x2ee5d],
  // 16.0
  [0x0897, 0x0897],
  [0x1c89, 0x1c8a],
  [0xa7cb, 0xa7cd],
  [0xa7da, 0xa7dc],
  [0x105c0, 0x105f3],
  [0x10d40, 0x10d85],
  [0x11380, 0x113e2],
  [0x116d0, 0x116e3],
  [0x11bc0, 0x11bf9],
  [0x13460, 0x143fa],
  [0x16100, 0x16139],
  [0x16d40, 0x16d79],
  [0x1ccf0, 0x1ccf9],
  [0x1e5d0, 0x1e5ff],
  // 17.0
  [0x088f, 0x088f],
  [0x1acf, 0x1aeb],
  [0xa7ce, 0xa7d5],
  [0xa7f1, 0xa7f1],
  [0x10940, 0x10959],
  [0x11db0, 0x11de9],
  [0x16ea0, 0x16ed3],
  [0x1e6c0, 0x1e6ff],
  [0x323b0, 0x33479],
];

/** Most code points of a range that are taken. */
const EACH = 16;

/**
 * Makes the texts: letters, digits and contractions around each of the code points.
 *
 * @returns More than 1,200 texts.
 */
export function newerTexts(): string[] {
  return NEWER.flatMap(([from, to]) => {
    const step = Math.max(1, Math.ceil((to - from + 1) / EACH));
    const texts: string[] = [];
    for (let code = from; code <= to; code += step) {
      const one = String.fromCodePoint(code);
      texts.push(
        `a${one}'s`,
        ` ${one}${one} 12${one}345`,
        `Don't${one}'LL x${one}Y`,
        `e\u0323${one}\u0301\n${one}`,
      );
    }
    return texts;
  });
}
