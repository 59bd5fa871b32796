/**
 * What of the RTL the tests reach, by module.
 *
 * @module
 */

import type { CoveragePoint } from "./coverage_build.ts";

/** Points of one build with how often each was met. */
export interface Counted {
  /** The points. */
  readonly points: readonly CoveragePoint[];
  /** By their counters; sums of all instances. */
  readonly counts: Float64Array;
}

/** Reached and all. */
export interface Share {
  /** Reached. */
  readonly reached: number;
  /** All. */
  readonly all: number;
}

/** A block of lines that no test enters. */
export interface Unreached {
  /** The file. */
  readonly file: string;
  /** The line it begins in. */
  readonly line: number;
  /** `if`, `else`, `block`, `case`. */
  readonly what: string;
}

/** What is reached of a module. */
export interface ModuleCoverage {
  /** Its name. */
  readonly module: string;
  /** Blocks: what is entered where a condition or a case holds, and where it does not. */
  readonly lines: Share;
  /** Bits that change. */
  readonly toggles: Share;
  /** Blocks that are never entered. */
  readonly unreached: readonly Unreached[];
  /** Bits that never change. */
  readonly still: readonly string[];
}

/**
 * Counts by module. A block or a bit is reached when it is in any instance, of any build, with any parameters.
 *
 * @param builds All builds.
 */
export function coverageByModule(builds: readonly Counted[]): ModuleCoverage[] {
  const seen = new Map<string, { point: CoveragePoint; reached: boolean }>();
  for (const { points, counts } of builds) {
    for (const point of points) {
      const { module, kind, file, line, column, what } = point;
      const key = [module, kind, file, line, column, what].join(" ");
      const entry = seen.get(key) ?? { point, reached: false };
      entry.reached ||= counts[point.counter]! > 0;
      seen.set(key, entry);
    }
  }
  const entries = [...seen.values()];
  const modules = [...new Set(entries.map(({ point }) => point.module))].sort();
  return modules.map((module) => {
    const own = entries.filter(({ point }) => point.module === module);
    const [lines, toggles] = (["line", "toggle"] as const).map((kind) =>
      own.filter(({ point }) => point.kind === kind)
    );
    const missing = (list: typeof own) => list.filter(({ reached }) => !reached).map(({ point }) => point);
    const share = (list: typeof own) => ({ reached: list.length - missing(list).length, all: list.length });
    return {
      module,
      lines: share(lines!),
      toggles: share(toggles!),
      unreached: missing(lines!).map(({ file, line, what }) => ({ file, line, what }))
        .sort((a, b) => a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1),
      still: missing(toggles!).map(({ what }) => what),
    };
  });
}

/**
 * Puts bits together: `word[3]`, `word[4]` and `word[5]` become `word[5:3]`.
 *
 * @param bits The bits, in any order.
 */
export function joinBits(bits: readonly string[]): string[] {
  const places = new Map<string, number[]>();
  for (const bit of bits) {
    const [, name, place] = /^(.*?)(?:\[(\d+)\])?$/.exec(bit)!;
    if (!places.has(name!)) places.set(name!, []);
    if (place !== undefined) places.get(name!)!.push(Number(place));
  }
  return [...places].flatMap(([name, numbers]) => {
    if (numbers.length === 0) return [name];
    const runs: [number, number][] = [];
    for (const number of numbers.sort((a, b) => a - b)) {
      if (runs.at(-1)?.[1] === number - 1) runs.at(-1)![1] = number;
      else runs.push([number, number]);
    }
    return runs.map(([first, last]) => first === last ? `${name}[${first}]` : `${name}[${last}:${first}]`);
  });
}

/** A share in percent, never rounded up to all. */
export function percent({ reached, all }: Share): string {
  return all === 0 ? "-" : `${(Math.floor(1000 * reached / all) / 10).toFixed(1)}%`;
}

/** The sum of shares. */
export function total(shares: readonly Share[]): Share {
  return shares.reduce((sum, { reached, all }) => ({ reached: sum.reached + reached, all: sum.all + all }), {
    reached: 0,
    all: 0,
  });
}
