/**
 * Timing of alternatives in turn, so that changes of the machine's speed affect all of them.
 *
 * @module
 */

/** Something to time. */
export interface Candidate {
  /** Name in the table. */
  readonly name: string;
  /** Does the work once. */
  readonly run: () => void | Promise<void>;
}

/** Measured times of a candidate. */
export interface Timing {
  /** Name in the table. */
  readonly name: string;
  /** Microseconds a run, for each round. */
  readonly rounds: readonly number[];
}

/** Default number of rounds. */
const ROUNDS = 11;
/** Minimum time of one candidate in one round, in milliseconds. */
const SLICE_MS = 40;

/**
 * Times candidates: each is warmed up, then repeated for `SLICE_MS` in every round.
 *
 * @param candidates Candidates to time; each round runs them in this order.
 * @param onRound Called after every round.
 * @param total Number of rounds.
 * @returns A timing for each candidate, in order.
 */
export async function measure(
  candidates: readonly Candidate[],
  onRound: (done: number, total: number) => void = () => {},
  total: number = ROUNDS,
): Promise<Timing[]> {
  const timings = candidates.map(({ name }) => ({ name, rounds: [] as number[] }));
  for (const candidate of candidates) await slice(candidate, 3 * SLICE_MS);
  for (let round = 0; round < total; round++) {
    for (const [i, candidate] of candidates.entries()) {
      timings[i]!.rounds.push(await slice(candidate, SLICE_MS));
    }
    onRound(round + 1, total);
  }
  return timings;
}

/** Repeats a candidate for at least `ms` milliseconds and returns microseconds a run. */
async function slice({ run }: Candidate, ms: number): Promise<number> {
  const start = performance.now();
  let runs = 0;
  let now = start;
  do {
    const pending = run();
    if (pending !== undefined) await pending;
    runs++;
    now = performance.now();
  } while (now - start < ms);
  return (1000 * (now - start)) / runs;
}

/** Median of some values; the upper one of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

/** Median of the ratios of two timings, taken round by round. */
export function ratio(timing: Timing, to: Timing): number {
  return median(timing.rounds.map((value, round) => value / to.rounds[round]!));
}
