/**
 * Receiver in Debian's Python, with OpenCV.
 *
 * @module
 */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Path } from "./hosts/sender.ts";
import type { Usage } from "./calls.ts";

/** Python of Debian, whose packages have OpenCV. */
const PYTHON = "/usr/bin/python3";
/** Milliseconds in which the program must start or answer. */
const ANSWER_MS = 60_000;

/** An open receiver in Python. */
export interface PythonReceiver extends AsyncDisposable {
  /** Its address and window. */
  readonly path: Exclude<Path, "nic">;
  /** Its CPU time, bytes and inputs served. */
  usage(): Promise<Usage & { served: number }>;
}

/** Whether Debian's Python has OpenCV. */
export function hasOpenCv(): boolean {
  return spawnSync(PYTHON, ["-c", "import cv2"]).status === 0;
}

/**
 * Starts a receiver.
 *
 * @param size Height, width and side of the output.
 * @param dtype Type of the output's elements.
 * @param signal Ends the program.
 */
export async function startPython(
  [height, width, side]: readonly [height: number, width: number, side: number],
  dtype: "f16" | "f32",
  signal?: AbortSignal,
): Promise<PythonReceiver> {
  signal?.throwIfAborted();
  const program = fileURLToPath(new URL("plain/receiver.py", import.meta.url));
  const child = spawn(PYTHON, [program, ...[height, width, side].map(String), dtype], {
    stdio: ["pipe", "pipe", "inherit"],
    // Otherwise malloc returns large arrays to the system, and their page faults cost more than the work.
    env: { ...process.env, MALLOC_TRIM_THRESHOLD_: String(2 ** 32), MALLOC_MMAP_THRESHOLD_: String(2 ** 30) },
  });
  const exited = once(child, "exit");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const stop = () => void child.kill("SIGKILL");
  signal?.addEventListener("abort", stop, { once: true });
  const line = async (): Promise<number[]> => {
    const timer = setTimeout(stop, ANSWER_MS);
    const { done, value } = await lines.next();
    clearTimeout(timer);
    if (done === true) throw new Error("Cannot use the receiver in Python: it has ended");
    return value.split(" ").map(Number);
  };
  const [port, window] = await line() as [number, number];
  return {
    path: { to: { host: "127.0.0.1", port }, window },
    usage: async () => {
      child.stdin.write("usage\n");
      const [seconds, bytes, served] = await line() as [number, number, number];
      return { cpuMs: 1000 * seconds, bytes, served };
    },
    [Symbol.asyncDispose]: async () => {
      signal?.removeEventListener("abort", stop);
      child.stdin.end();
      const timer = setTimeout(stop, 1000);
      await exited;
      clearTimeout(timer);
    },
  };
}
