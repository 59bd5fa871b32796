/**
 * Numbers of flows.
 *
 * @module
 */

/**
 * Flow numbers are never used twice in a process, and start anywhere: a late answer to an earlier run,
 * of another session too, meets no open flow.
 */
let nextFlow = crypto.getRandomValues(new Uint32Array(1))[0]!;

/** Gives the number of a new flow. */
export function newFlow(): number {
  const flow = nextFlow;
  nextFlow = (flow + 1) % 2 ** 32;
  return flow;
}
