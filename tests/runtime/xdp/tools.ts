/**
 * Tests that need XDP, and programs in network namespaces.
 *
 * @module
 */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { loadKernelProgram } from "../../../runtime/xdp/kernel_program.ts";
import { openNative } from "../../../runtime/xdp/native.ts";
import { ip } from "../../../scripts/xdp/lab.ts";

/** Why XDP cannot run here, or null. CI has all that it needs. */
export const XDP_LACKS: string | null = await lacks();

async function lacks(): Promise<string | null> {
  if (Deno.build.os !== "linux") return "XDP is of Linux";
  try {
    const native = await openNative();
    loadKernelProgram(native).close();
    ip("netns", "list");
    return null;
  } catch (error) {
    return (error as Error).message.split("\n")[0]!;
  }
}

/** Registers a test that needs XDP; skipped with the reason where that, or something else, is missing. */
export function xdpTest(name: string, fn: () => void | Promise<void>, lacksMore: string | null = null): void {
  const reason = XDP_LACKS ?? lacksMore;
  const ignore = reason !== null;
  Deno.test({ name: ignore ? `${name} (skipped: ${reason})` : name, ignore, fn });
}

/** Interpreter of the programs that tests run in namespaces. */
const PYTHON = "/usr/bin/python3";

/** Why programs cannot run in namespaces, or null. */
export const PYTHON_LACKS: string | null = existsSync(PYTHON) ? null : `${PYTHON} is missing`;

/** Starts a Python program in a namespace. Its output is limited to 64 MB, its time to a minute. */
export function startInside(namespace: string, program: string, ...words: string[]) {
  const limits = { timeout: 60_000, maxBuffer: 2 ** 26 };
  return promisify(execFile)("ip", ["netns", "exec", namespace, PYTHON, "-c", program, ...words], limits);
}

/** Waits until a program prints its first line. */
export async function ready({ child }: ReturnType<typeof startInside>): Promise<void> {
  await new Promise((resolve, reject) => {
    child.stdout!.once("data", resolve);
    child.once("exit", () => reject(new Error("the program ended before it was ready")));
  });
}
