/**
 * Shared parts of the card commands: flags, opening and closing of the device, and number formats.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { startEmulation } from "../emulation/emulation.ts";
import type { Registers } from "../../runtime/device/xrt/binding/registers.ts";
import { type XrtDevice, XrtDevice as Device } from "../../runtime/device/xrt/binding/device.ts";

/** Flags of every card command. */
export interface XrtFlags {
  /** `--index`: device index, 0 to 255. */
  readonly index?: number | undefined;
  /** `--bdf`: PCIe address that replaces the index. */
  readonly bdf?: string | undefined;
  /** `--timeout`: timeout of each wait, in milliseconds. */
  readonly timeout?: number | undefined;
  /** `--emulate`: use an emulated card. */
  readonly emulate?: boolean | undefined;
  /** `--faults`: faults of the emulated card, in the syntax of `parseFaults`. */
  readonly faults?: string | undefined;
  /** `--json`: print JSON. */
  readonly json?: boolean | undefined;
}

/** File that runs the guard and the device process: beside the scripts, or beside the npm package's bundle. */
export function emulationProgram(): URL {
  const here = import.meta.url;
  return new URL(here.endsWith(".ts") ? "../emulate.ts" : "./emulate.js", here);
}

/**
 * Opens a device, calls a function with it, and closes the device.
 *
 * @param flags Device to open, and timeout.
 * @param signal Signal that aborts all waits.
 * @param use Function that uses the device. `waits` has the timeout and the signal for its calls.
 * @returns Result of `use`.
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
 * Opens the registers of a kernel exclusively, or of a free-running instance (AP_CTRL_NONE).
 *
 * @param device Device with a loaded xclbin.
 * @param name `kernel` or `kernel:{instance}`.
 */
export function openRegisters(device: XrtDevice, name: string): Registers & Disposable {
  const kernel = device.xclbin.kernels.find((each) => each.name === name.split(":")[0]);
  const isFreeRunning = kernel?.instances.every(({ control }) => control === "AP_CTRL_NONE") ?? false;
  return isFreeRunning ? device.ip(name) : device.kernel(name, { exclusive: true });
}

/**
 * Parses a decimal or hexadecimal number, such as `16` or `0x10`.
 *
 * @param text Text of the number.
 * @returns 0 to 2^53 - 1.
 * @throws {OnpathError} `size` when the text is invalid or the number larger.
 */
export function parseNumber(text: string): number {
  const value = /^(0x[0-9a-f]{1,13}|\d{1,15})$/i.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new OnpathError("size", `Cannot use "${text}" as a number: expected one such as 16 or 0x10`, {
    text,
  });
}

/** Formats a number as hexadecimal digits after `0x`, padded with zeros to `digits`. */
export function hex(value: number | bigint, digits = 0): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

/** Formats bytes in rows of 16: address, bytes, ASCII text. `first` is the address of the first byte. */
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
