/**
 * Coverage of the RTL by the tests, by module.
 *
 * @module
 */

import type { CoveragePoint } from "./coverage_build.ts";

/** Points of one build, with their counts. */
export interface Counted {
  /** Points of the build. */
  readonly points: readonly CoveragePoint[];
  /** Counts by index of the counter; sums of all instances. */
  readonly counts: Float64Array;
}

/** Number of reached points, and of all points. */
export interface Share {
  /** Points that were reached, 0 to `all`. */
  readonly reached: number;
  /** Points in total. */
  readonly all: number;
}

/** A block of lines that no test enters. */
export interface Unreached {
  /** Name of the file. */
  readonly file: string;
  /** First line of the block, from 1. */
  readonly line: number;
  /** Kind of the block: `if`, `else`, `block`, `case`, `elsif`. */
  readonly what: string;
}

/** Coverage of a module. */
export interface ModuleCoverage {
  /** Name of the module. */
  readonly module: string;
  /** Blocks that are entered; each branch of a condition or a case is a block. */
  readonly lines: Share;
  /** Bits that change. */
  readonly toggles: Share;
  /** Blocks that are never entered. */
  readonly unreached: readonly Unreached[];
  /** Names of the bits that never change. */
  readonly still: readonly string[];
}

/**
 * Sums up coverage by module. One reached instance counts for all builds and parameters of its module.
 *
 * @param builds Counts of all builds.
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
 * Joins adjacent bits: `word[3]`, `word[4]` and `word[5]` become `word[5:3]`.
 *
 * @param bits Names of bits, in any order.
 */
export function joinBits(bits: readonly string[]): string[] {
  const indexes = new Map<string, number[]>();
  for (const bit of bits) {
    const [, name, index] = /^(.*?)(?:\[(\d+)\])?$/.exec(bit)!;
    if (!indexes.has(name!)) indexes.set(name!, []);
    if (index !== undefined) indexes.get(name!)!.push(Number(index));
  }
  return [...indexes].flatMap(([name, numbers]) => {
    if (numbers.length === 0) return [name];
    const runs: [number, number][] = [];
    for (const number of numbers.sort((a, b) => a - b)) {
      if (runs.at(-1)?.[1] === number - 1) runs.at(-1)![1] = number;
      else runs.push([number, number]);
    }
    return runs.map(([first, last]) => first === last ? `${name}[${first}]` : `${name}[${last}:${first}]`);
  });
}

/** Formats a share in percent, rounded down so that only complete coverage is 100%. */
export function percent({ reached, all }: Share): string {
  return all === 0 ? "-" : `${(Math.floor(1000 * reached / all) / 10).toFixed(1)}%`;
}

/** Adds up shares. */
export function total(shares: readonly Share[]): Share {
  return shares.reduce((sum, { reached, all }) => ({ reached: sum.reached + reached, all: sum.all + all }), {
    reached: 0,
    all: 0,
  });
}
