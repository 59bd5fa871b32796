/**
 * What all commands on a card share: which one, how long to wait, and that it is closed again.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { startEmulation } from "../emulation/emulation.ts";
import type { Registers } from "../../runtime/device/xrt/binding/registers.ts";
import { type XrtDevice, XrtDevice as Device } from "../../runtime/device/xrt/binding/device.ts";

/** Options of every command. */
export interface XrtFlags {
  /** `--index` */
  readonly index?: number | undefined;
  /** `--bdf` */
  readonly bdf?: string | undefined;
  /** `--timeout`, in milliseconds */
  readonly timeout?: number | undefined;
  /** `--emulate`: a card that is none, in a process of its own */
  readonly emulate?: boolean | undefined;
  /** `--faults` of an emulated card */
  readonly faults?: string | undefined;
  /** `--json` */
  readonly json?: boolean | undefined;
}

/** The emulation's other side: a program beside the scripts, and beside the bundle in the npm package. */
export function emulationProgram(): URL {
  const here = import.meta.url;
  return new URL(here.endsWith(".ts") ? "../emulate.ts" : "./emulate.js", here);
}

/**
 * Opens a device for as long as a function runs.
 *
 * @param flags Which device.
 * @param signal Ends the waits.
 * @param use What is done with it.
 */
export async function withXrt<T>(
  { index, bdf, timeout, emulate, faults }: XrtFlags,
  signal: AbortSignal,
  use: (
    device: XrtDevice,
    waits: { readonly timeoutMs: number | undefined; readonly signal: AbortSignal },
  ) => Promise<T>,
): Promise<T> {
  const waits = { timeoutMs: timeout, signal };
  if (emulate) {
    await using emulation = await startEmulation({ program: emulationProgram(), timeoutMs: timeout });
    await using card = await emulation.open({ faults, ...waits });
    return await use(card.device, waits);
  }
  using device = await Device.open({ index, bdf, ...waits });
  return await use(device, waits);
}

/**
 * Opens a kernel's registers: for this process alone where it is started by the host, or those of an
 * instance that runs by itself.
 *
 * @param device A device with an xclbin.
 * @param name The kernel or `kernel:{instance}`.
 */
export function openRegisters(device: XrtDevice, name: string): Registers & Disposable {
  const kernel = device.xclbin.kernels.find((each) => each.name === name.split(":")[0]);
  const alone = kernel?.instances.every(({ control }) => control === "AP_CTRL_NONE") ?? false;
  return alone ? device.ip(name) : device.kernel(name, { exclusive: true });
}

/**
 * Reads a whole number as people write addresses: `16`, `0x10`.
 *
 * @param text The number.
 * @throws {OnpathError} `size` when it is none.
 */
export function parseNumber(text: string): number {
  const value = /^(0x[0-9a-f]{1,13}|\d{1,15})$/i.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new OnpathError("size", `Cannot use "${text}" as a number: expected one such as 16 or 0x10`, {
    text,
  });
}

/** A number as an address. */
export function hex(value: number | bigint, digits = 0): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

/** Rows of 16 bytes: address, bytes, text. */
export function hexDump(bytes: Uint8Array, first = 0n): string {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const digits = Array.from(row, (byte) => byte.toString(16).padStart(2, "0")).join(" ").padEnd(47);
    const text = Array.from(row, (byte) => byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".").join(
      "",
    );
    rows.push(`${hex(first + BigInt(at), 10)}  ${digits}  ${text}`);
  }
  return rows.join("\n") + "\n";
}
