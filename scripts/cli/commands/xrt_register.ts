/**
 * Reads and writes registers: `onpath xrt register nic.xclbin onpath_image 0x200 --count 8`, or with a
 * value to write: `onpath xrt register nic.xclbin onpath_image 0x10 7`.
 *
 * @module
 */

import { type Context, print, printJson } from "../context.ts";
import { hex, openRegisters, parseNumber, withXrt, type XrtFlags } from "../../xrt/open.ts";

/** Options of `xrt register`. */
export interface RegisterFlags extends XrtFlags {
  /** `--count` of registers to read; default 1. */
  readonly count?: number | undefined;
}

/** Writes a register if a value is given, then reads it and the following ones. */
export async function xrtRegister(
  path: string,
  kernel: string,
  offset: string,
  value: string | undefined,
  flags: RegisterFlags,
  { signal }: Context,
): Promise<void> {
  await withXrt(flags, signal, async (device, waits) => {
    await device.load(path, waits);
    using registers = openRegisters(device, kernel);
    const first = parseNumber(offset);
    if (value !== undefined) registers.writeRegister(first, parseNumber(value));
    const words = Array.from({ length: flags.count ?? 1 }, (_, i) => registers.readRegister(first + 4 * i));
    if (flags.json) return printJson({ kernel, offset: first, words });
    print(words.map((word, i) => `${hex(first + 4 * i, 4)}  ${hex(word, 8)}  ${word}\n`).join(""));
  });
}
