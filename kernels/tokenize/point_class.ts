/**
 * Classes of code points, by which the piece automaton steps.
 *
 * @module
 */

import type { EngineTables } from "./tables.ts";

/** Looks up the class of a code point. */
export function classOfPoint({ ascii, blockOf, classOf }: EngineTables, point: number): number {
  return point < 0x80 ? ascii[point]! : classOf[blockOf[point >> 8]! * 256 + (point & 255)]!;
}
