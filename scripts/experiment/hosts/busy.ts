/**
 * Other work on the cores: a process that computes without a pause until its parent disconnects.
 *
 * @module
 */

import process from "node:process";

/** Milliseconds between two looks at the channel of the parent. */
const SLICE_MS = 10;

let isOpen = true, state = 1;
process.on("message", () => {});
process.on("disconnect", () => isOpen = false);

function work(): void {
  const end = performance.now() + SLICE_MS;
  while (performance.now() < end) {
    for (let n = 0; n < 10_000; n++) state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  }
  if (isOpen) setImmediate(work);
  // The result is used, so that the work is not optimized away.
  else process.exit(state === 0 ? 1 : 0);
}
work();
