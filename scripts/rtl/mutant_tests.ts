/**
 * Runs `tests/rtl` on a folder of builds, within a limit of CPU time. Wall time judges nothing: on a busy machine a
 * slow run would look like a broken one.
 *
 * @module
 */

import { execFile } from "node:child_process";
import process from "node:process";

/** Test files that are nearest to a build, quickest first. */
const NEAREST: readonly (readonly [build: RegExp, files: readonly string[]])[] = [
  [/^packet_tokenize/, [
    "tokenize_test.ts",
    "tokenize_small_test.ts",
    "tokenize_model_test.ts",
    "tokenize_pieces_test.ts",
  ]],
  [/^packet_rows/, ["rows_test.ts"]],
  [/^packet_lookup/, ["lookup_test.ts"]],
  [/^packet_rotate/, ["rotate_test.ts", "rotate_all_test.ts"]],
  [/^packet_(de)?quantize/, ["groups_exact_test.ts", "groups_test.ts"]],
  [/^packet_widths/, ["widths_test.ts"]],
  [/^packet_echo/, ["packets_test.ts"]],
  [/^host_echo/, ["movers_test.ts", "card_movers_test.ts"]],
  [/^door_echo/, ["door_test.ts"]],
  [/^spread_echo/, ["spread_test.ts"]],
  [/^linked_image$/, ["page_fetch_test.ts"]],
  [/^linked_tokenize$/, ["words_test.ts"]],
  [/^onpath_image/, ["card_test.ts"]],
  [/^packet_image/, ["image_test.ts", "pages_test.ts", "outsider_test.ts"]],
];

/** Test files of several builds, and the builds that they open. */
const SHARED: readonly (readonly [file: string, builds: RegExp])[] = [
  ["start_test.ts", /^packet_(echo|image|rows|tokenize)/],
  ["sockets_test.ts", /^packet_(echo|image)/],
  ["gaps_test.ts", /^packet_(echo|image|rows)/],
  ["card_test.ts", /^packet_(?!widths|tokenize)/],
  ["disturbed_test.ts", /^packet_(image|rows)/],
];

/** Maximum CPU time of a mutant's tests, as a multiple of that on the unchanged RTL. */
const PATIENCE = 5;

/** Minimum limit of a test file, in seconds of CPU time. */
const MIN_LIMIT_S = 20;

/** Wall time after which a run is given up without a verdict, in milliseconds. */
const GIVE_UP_MS = 3_600_000;

/** CPU time within which the tests on the unchanged RTL must end, in seconds. */
const SOUND_LIMIT_S = 3600;

/** Runs a command within a soft limit of CPU seconds, and prints the seconds that it took. */
const LIMITED = 'ulimit -S -t "$0"; "$@"; code=$?; times >&2; exit $code';

/** Exit status of a shell's command that SIGXCPU ended. */
const OUT_OF_TIME = 128 + 24;

/** Result of one run. */
export interface TestRun {
  /** Name of the first test that failed; null if all passed. */
  readonly failure: string | null;
  /** CPU time, in seconds. */
  readonly cpuSeconds: number;
}

/**
 * Lists the test files that are nearest to a build.
 *
 * @param build Name of the build.
 * @returns Names of files in `tests/rtl`, in the order in which to run them; none if no test opens the build.
 */
export function nearestTests(build: string): readonly string[] {
  return NEAREST.find(([builds]) => builds.test(build))?.[1] ?? [];
}

/**
 * Lists all test files that open a build.
 *
 * @param build Name of the build.
 * @returns The nearest ones, then those of several builds; none if no test opens the build.
 */
export function nearTests(build: string): readonly string[] {
  return [...nearestTests(build), ...SHARED.flatMap(([file, builds]) => builds.test(build) ? [file] : [])];
}

/** Limit of CPU time for a mutant, in whole seconds, from the CPU seconds on the unchanged RTL. */
export function limitOf(cpuSeconds: number): number {
  return Math.max(MIN_LIMIT_S, Math.ceil(PATIENCE * cpuSeconds));
}

/** Reads the CPU seconds of the children from the last line that the shell's `times` printed. */
export function cpuSecondsOf(stderr: string): number {
  const [, ...times] = /(\d+)m([\d.]+)s (\d+)m([\d.]+)s\s*$/.exec(stderr) ?? [];
  if (times.length === 0) throw new Error(`Cannot measure CPU time: ${JSON.stringify(stderr.slice(-200))}`);
  const [userMinutes, user, systemMinutes, system] = times.map(Number);
  return 60 * (userMinutes! + systemMinutes!) + user! + system!;
}

/** Names the test that failed, or that ran when the time was over, from the output of `deno test`. */
export function failureOf(stdout: string, stderr: string, isOutOfTime: boolean): string {
  const file = /^\.\/(tests\/rtl\/\w+\.ts) \(uncaught error\)/m.exec(stdout)?.[1];
  const test = /^(.+) \.\.\. FAILED/m.exec(stdout)?.[1];
  if (test !== undefined) return test;
  if (file !== undefined) return `${file}, at its start`;
  if (!isOutOfTime) return `${stdout}${stderr}`.trim().slice(-200);
  const running = /^(.+) \.\.\.[^\n]*$/.exec(stdout.trimEnd().split("\n").at(-1)!)?.[1];
  return running === undefined ? "timeout" : `timeout: ${running}`;
}

/**
 * Runs test files up to the first failure.
 *
 * @param root Folder of the repository.
 * @param folder Folder of the builds.
 * @param tests Name of a file in `tests/rtl`; empty for all.
 * @param suite `all` for the long suite too.
 * @param limitSeconds Limit of CPU time. Default that of the unchanged RTL.
 * @throws {Error} If the run took an hour of wall time: no verdict.
 */
export function runTests(
  root: string,
  folder: string,
  tests: string,
  suite: "" | "all",
  limitSeconds: number = SOUND_LIMIT_S,
): Promise<TestRun> {
  const env = { ...process.env, ONPATH_RTL: folder, ONPATH_TESTS: suite, NO_COLOR: "1" };
  const deno = [process.execPath, ..."test -A --no-check --fail-fast".split(" "), `tests/rtl/${tests}`];
  const options = { cwd: root, env, timeout: GIVE_UP_MS, killSignal: "SIGKILL", maxBuffer: 2 ** 26 } as const;
  return new Promise((resolve, reject) => {
    execFile("sh", ["-c", LIMITED, String(limitSeconds), ...deno], options, (error, stdout, stderr) => {
      if (error?.killed) {
        return reject(new Error("Cannot judge: the tests took an hour, the machine is busy"));
      }
      try {
        const cpuSeconds = cpuSecondsOf(stderr);
        const isOutOfTime = (error as { code?: unknown } | null)?.code === OUT_OF_TIME;
        const failure = error === null ? null : failureOf(stdout, stderr, isOutOfTime);
        resolve({ failure, cpuSeconds });
      } catch (unmeasured) {
        reject(unmeasured);
      }
    });
  });
}
