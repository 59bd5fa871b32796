/**
 * Watch for the loss of stdout's reader.
 *
 * A host of emulated cards may work for hours without output. If the process that reads its output is killed,
 * EPIPE would report that only at the next line. Until then the host and its device processes would occupy two
 * cores.
 *
 * @module
 */

import type { Provider } from "../../runtime/device/xrt/binding/native.ts";
import { openLibc } from "./libc.ts";

/** Milliseconds between two checks. */
const CHECK_MS = 500;

/** `POLLERR`: a pipe without a reader. `POLLHUP`: a socket or terminal whose other end is closed. */
const READER_LOST = 0x0008 | 0x0010;

/** File descriptor of stdout. */
const STDOUT = 1;

/**
 * Whether the reader of stdout is lost. A file has no reader, so a process that writes to one (nohup) continues.
 *
 * @param provider Foreign function interface that makes the calls.
 */
export function readerIsGone(provider: Provider): boolean {
  // struct pollfd { int fd; short events; short revents; }
  const pollfd = new Uint8Array(8);
  const view = new DataView(pollfd.buffer);
  view.setInt32(0, STDOUT, true);
  return openLibc(provider).poll(pollfd, 1n, 0) > 0 && (view.getInt16(6, true) & READER_LOST) !== 0;
}

/**
 * Checks every {@linkcode CHECK_MS} ms whether the reader of stdout is lost. The timer keeps no process alive.
 *
 * @param provider Foreign function interface that makes the calls.
 * @param gone Called once, when the reader is lost.
 * @returns Function that ends the watch.
 */
export function watchReader(provider: Provider, gone: () => void): () => void {
  const timer = setInterval(() => {
    if (!readerIsGone(provider)) return;
    clearInterval(timer);
    gone();
  }, CHECK_MS) as unknown as { unref: () => void } & Parameters<typeof clearInterval>[0];
  timer.unref();
  return () => clearInterval(timer);
}
