/**
 * The remedy for a defect of one build of XRT: Debian's libxrt1 202210.2.13.466+dfsg-8 for x86-64. Its
 * `alloc_void` does not store what `realloc` returns, so the heap is spoiled at the first message that is
 * larger than the one before. Here the buffer is as large as any message from the start. The library's file
 * is left alone, and no other version is touched; with cards nothing of this is used.
 *
 * @module
 */

import { readFileSync, realpathSync } from "node:fs";
import process from "node:process";
import type { XrtDevice } from "../../runtime/device/xrt/binding/device.ts";
import { openLibc } from "./libc.ts";

/** The build that has the defect: its file's name and the place of the two fields in its device's object. */
const DEFECT = {
  /** The file, and the version of the package that it is of. */
  file: "libxrt_swemu.so.2.13.0",
  /** The package's list of versions. */
  packageVersion: "202210.2.13.466+dfsg-8",
  /** u32 at the object's beginning. */
  tag: 0x586c0c6c,
  /** `void* buffer`, then `size_t bytes`. */
  buffer: 0x670,
} as const;

/** Bytes of the buffer: XRT moves at most 8 MiB in a message. */
const ROOM = 2 ** 24;

/**
 * Applies the remedy where it is needed. It is to be called right after a device was opened.
 *
 * @param device The device.
 * @returns Whether it was needed.
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
  // XRT frees it with the device.
  const room = openLibc(provider).malloc(ROOM);
  if (room === null) return false;
  view.setBigUint64(DEFECT.buffer, provider.address(room), true);
  view.setBigUint64(DEFECT.buffer + 8, BigInt(ROOM), true);
  return true;
}

/** Whether the library in this process is that build. */
function hasDefect(): boolean {
  const path = /\S*\/libxrt_swemu\.so\S*/.exec(readFileSync("/proc/self/maps", "utf8"))?.[0];
  if (path === undefined || !realpathSync(path).endsWith(`/${DEFECT.file}`)) return false;
  return installedVersion() === DEFECT.packageVersion;
}

/** The version of Debian's package; undefined where there is none. */
function installedVersion(): string | undefined {
  let status: string;
  try {
    status = readFileSync("/var/lib/dpkg/status", "utf8");
  } catch {
    // No Debian: then it is another build as well.
    return undefined;
  }
  return /^Package: libxrt1\n(?:.+\n)*?Version: (.+)$/m.exec(status)?.[1];
}
