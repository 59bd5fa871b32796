/**
 * Remedy for a defect of one build of XRT: Debian's libxrt1 202210.2.13.466+dfsg-8 for x86-64. Its `alloc_void`
 * discards the result of `realloc`, so the first message that exceeds the previous one corrupts the heap. The
 * remedy gives XRT a buffer that any message fits, so that `realloc` is never called. The library's file is
 * unchanged, and so are other versions. The remedy is not used with cards.
 *
 * @module
 */

import { readFileSync, realpathSync } from "node:fs";
import process from "node:process";
import type { XrtDevice } from "../../runtime/device/xrt/binding/device.ts";
import { openLibc } from "./libc.ts";

/** Build with the defect, and offsets of the fields in its device object. */
const DEFECT = {
  /** File name of the library. */
  file: "libxrt_swemu.so.2.13.0",
  /** Version of Debian's package libxrt1. */
  packageVersion: "202210.2.13.466+dfsg-8",
  /** u32 at offset 0 that identifies the object. */
  tag: 0x586c0c6c,
  /** Offset of `void* buffer`; `size_t bytes` follows. */
  buffer: 0x670,
} as const;

/** Bytes of the buffer. A message of XRT carries at most 8 MiB. */
const BUFFER_BYTES = 2 ** 24;

/**
 * Applies the remedy if the build has the defect. Call it before any other call on the device.
 *
 * @param device Device that was just opened.
 * @returns Whether the remedy was applied.
 */
export function remedyDefect(device: XrtDevice): boolean {
  if (process.arch !== "x64" || !hasDefect()) return false;
  const { xrt } = device;
  const { provider } = xrt;
  const shim = xrt.calls.xrtDeviceToXclDevice(device.pointer);
  if (shim === null) return false;
  const view = new DataView(provider.view(shim, DEFECT.buffer + 16));
  const empty = view.getBigUint64(DEFECT.buffer, true) === 0n &&
    view.getBigUint64(DEFECT.buffer + 8, true) === 0n;
  if (view.getUint32(0, true) !== DEFECT.tag || !empty) return false;
  // XRT frees the buffer with the device.
  const buffer = openLibc(provider).malloc(BUFFER_BYTES);
  if (buffer === null) return false;
  view.setBigUint64(DEFECT.buffer, provider.address(buffer), true);
  view.setBigUint64(DEFECT.buffer + 8, BigInt(BUFFER_BYTES), true);
  return true;
}

/** Whether the library in this process is the defective build. */
function hasDefect(): boolean {
  const path = /\S*\/libxrt_swemu\.so\S*/.exec(readFileSync("/proc/self/maps", "utf8"))?.[0];
  if (path === undefined || !realpathSync(path).endsWith(`/${DEFECT.file}`)) return false;
  return installedVersion() === DEFECT.packageVersion;
}

/** Version of Debian's package; undefined if it is not installed. */
function installedVersion(): string | undefined {
  let status: string;
  try {
    status = readFileSync("/var/lib/dpkg/status", "utf8");
  } catch {
    // Not Debian, so the library is another build.
    return undefined;
  }
  return /^Package: libxrt1\n(?:.+\n)*?Version: (.+)$/m.exec(status)?.[1];
}
