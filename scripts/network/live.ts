/**
 * Text that is drawn again in place on a terminal.
 *
 * @module
 */

import process from "node:process";
import { clearScreenDown, cursorTo, moveCursor } from "node:readline";

/** Milliseconds between two drawings. */
const REDRAW_MS = 100;

/** A place on the terminal. */
export interface Screen {
  /** Draws lines over those that were drawn before. Drawings that follow too soon are left out. */
  draw(text: () => string): void;
  /** Removes the lines. */
  clear(): void;
}

/** Makes a place on standard error; without effect if that is not a terminal. */
export function createScreen(): Screen {
  const stream = process.stderr;
  if (!stream.isTTY) return { draw: () => {}, clear: () => {} };
  let lines = 0, last = -Infinity;
  const clear = () => {
    if (lines === 0) return;
    moveCursor(stream, 0, -lines);
    cursorTo(stream, 0);
    clearScreenDown(stream);
    lines = 0;
  };
  return {
    draw: (text) => {
      const now = performance.now();
      if (now - last < REDRAW_MS) return;
      last = now;
      clear();
      const drawn = text();
      stream.write(drawn);
      lines = drawn.split("\n").length - 1;
    },
    clear,
  };
}
