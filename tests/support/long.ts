/**
 * Tests of the long suite: `deno task test:all` and CI run them, `deno task test` shows them as ignored.
 *
 * @module
 */

/** Whether the long suite runs. */
export const IS_LONG_SUITE = Deno.env.get("ONPATH_TESTS") === "all";

/**
 * Size of a test in each suite, such as the runs of a property.
 *
 * @param long Size in the long suite.
 * @param quick Smaller size in the quick suite.
 */
export function sized<T>(long: T, quick: T): T {
  return IS_LONG_SUITE ? long : quick;
}

/**
 * Registers a test that takes seconds. Keep a quicker one of the same kind in the quick suite.
 *
 * @param name Its name; the reason is added where it is skipped.
 * @param run The test.
 * @param isLong Whether it is long; a loop over cases keeps one of them quick by this.
 */
export function longTest(name: string, run: () => void | Promise<void>, isLong = true): void {
  const ignore = isLong && !IS_LONG_SUITE;
  Deno.test({ name: ignore ? `${name} (skipped: long, see test:all)` : name, ignore, fn: run });
}
