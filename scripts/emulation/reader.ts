/**
 * Whether somebody still reads what this process prints.
 *
 * A host of emulated cards may work for hours before it prints a word, so it would learn by EPIPE alone, and
 * too late, that whoever had started it was killed: it and its device processes would keep two cores busy for
 * nobody.
 *
 * @module
 */

import type { Provider } from "../../runtime/device/xrt/binding/native.ts";
import { openLibc } from "./libc.ts";

/** Milliseconds between two looks. */
const LOOK_MS = 500;

/** `POLLERR`: a pipe without a reader. `POLLHUP`: a socket or a terminal whose other end is gone. */
const GONE = 0x0008 | 0x0010;

/** The descriptor of stdout. */
const STDOUT = 1;

/**
 * Whether the reader of stdout is gone. A file has none, and so never loses one: what runs with nohup goes on.
 *
 * @param provider The foreign function interface.
 */
export function readerIsGone(provider: Provider): boolean {
  // struct pollfd { int fd; short events; short revents; }
  const asked = new Uint8Array(8);
  const view = new DataView(asked.buffer);
  view.setInt32(0, STDOUT, true);
  return openLibc(provider).poll(asked, 1n, 0) > 0 && (view.getInt16(6, true) & GONE) !== 0;
}

/**
 * Looks from time to time whether the reader of stdout is gone; keeps no process alive.
 *
 * @param provider The foreign function interface.
 * @param gone Called once when it is.
 * @returns Ends the watch.
 */
export function watchReader(provider: Provider, gone: () => void): () => void {
  const timer = setInterval(() => {
    if (!readerIsGone(provider)) return;
    clearInterval(timer);
    gone();
  }, LOOK_MS) as unknown as { unref: () => void } & Parameters<typeof clearInterval>[0];
  timer.unref();
  return () => clearInterval(timer);
}
