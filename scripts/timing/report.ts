/**
 * Reads the timing report of nextpnr.
 *
 * @module
 */

/** Timing of one run. Plain data. */
export interface Timing {
  /** Maximum frequency in MHz. */
  readonly fmax: number;
  /** Cells on the longest path, registers not counted. */
  readonly levels: number;
  /** Register or memory at the beginning of the longest path. */
  readonly from: string;
  /** Register or memory at its end. */
  readonly to: string;
}

interface Segment {
  readonly type: string;
  readonly from: { readonly cell: string; readonly port: string };
  readonly to: { readonly cell: string; readonly port: string };
}

/** Report of nextpnr, of its version 0.7, the parts that are read. */
export interface NextpnrReport {
  readonly fmax: Readonly<Record<string, { readonly achieved: number }>>;
  readonly critical_paths: readonly {
    readonly from: string;
    readonly to: string;
    readonly path: readonly Segment[];
  }[];
  readonly utilization: Readonly<Record<string, { readonly used: number }>>;
}

/** Signal of a cell: the tools' own suffixes dropped. */
function signalOf(cell: string): string {
  return cell
    .replace(/^dut\./, "")
    .replace(/^[rw]_/, "port ")
    .replace(/(_(TRELLIS_FF|DP16KD|TRELLIS_DPR16X4|LUT4|PFUMX|L6MUX21|CCU2C|MULT18X18D)\w*)+(\.\w+)*$/, "")
    .replace(/\$\w+\$.*$/, "")
    .replace(/_(Q|D|DI|DO[AB]\d*|O|Z|A|B|C|[A-D][01])(_\d+)?$/, "") || "a cell without a name";
}

/**
 * Reads the longest path between two edges of the clock.
 *
 * @param report The JSON of `nextpnr-ecp5 --report`.
 * @throws {Error} If the report has no clock, or no path of it.
 */
export function timingOf(report: NextpnrReport): Timing {
  const [clock] = Object.values(report.fmax);
  const path = report.critical_paths.find(({ from, to }) => from.startsWith("posedge") && from === to);
  if (clock === undefined || path === undefined || path.path.length === 0) {
    throw new Error("Cannot read the timing report: it has no path between registers");
  }
  return {
    fmax: clock.achieved,
    levels: path.path.filter(({ type }) => type === "logic").length,
    // The first segment is from the clock to the register's output.
    from: signalOf(path.path[0]!.to.cell),
    to: signalOf(path.path.at(-1)!.to.cell),
  };
}

/** Returns the middle of an odd number of runs by their frequency. */
export function medianRun(runs: readonly Timing[]): Timing {
  return [...runs].sort((a, b) => a.fmax - b.fmax)[runs.length >> 1]!;
}
