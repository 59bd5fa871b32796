/**
 * TUN interfaces: IP packets of a network namespace that a program reads and writes.
 *
 * @module
 */

import { cString } from "../../../../runtime/device/xrt/binding/native.ts";
import { type Native, openNative, succeed } from "../../../../runtime/xdp/native.ts";

const READ_WRITE_NONBLOCKING = 0x802;
const NEW_NET = 0x40000000;
const SET_INTERFACE = 0x400454ca;
/** An interface of IP packets, without a header before them. */
const TUN_WITHOUT_HEADER = 0x1001;
const POLL_IN = 1;

/** Bytes that a packet may have. */
const MOST = 65_536;

/** One end. */
export interface TunEnd {
  /** File descriptor. */
  readonly file: number;
}

/** Open ends. */
export interface Tun extends Disposable {
  readonly ends: readonly TunEnd[];
  /** Reads a packet; undefined if none is there. Valid until the next call. */
  read(end: TunEnd): Uint8Array | undefined;
  /** Writes a packet. Returns whether the kernel took it. */
  write(end: TunEnd, packet: Uint8Array): boolean;
  /** Waits until one of the ends has a packet, or the time is over. */
  wait(milliseconds: number): Promise<void>;
}

/**
 * Makes interfaces, each in the namespace of a process. They vanish when they are closed.
 *
 * @param places Process and name of each interface.
 */
export async function openTun(
  places: readonly { readonly holder: number; readonly name: string }[],
): Promise<Tun> {
  const native = await openNative();
  const { calls, tasks } = native.provider.load("libc.so.6", {
    ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
    read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
    write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
    poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  });
  const ends = places.map(({ holder, name }): TunEnd =>
    inNamespaceOf(native, holder, () => {
      const device = cString("/dev/net/tun");
      const file = succeed(native, "open /dev/net/tun", native.libc.open(device, READ_WRITE_NONBLOCKING, 0));
      const request = new Uint8Array(40);
      request.set(new TextEncoder().encode(name));
      new DataView(request.buffer).setUint16(16, TUN_WITHOUT_HEADER, true);
      succeed(native, `make interface ${name}`, calls.ioctl(file, BigInt(SET_INTERFACE), request));
      return { file };
    })
  );
  const memory = new Uint8Array(MOST), length = BigInt(MOST);
  const polled = new DataView(new ArrayBuffer(8 * ends.length));
  for (const [n, { file }] of ends.entries()) {
    polled.setInt32(8 * n, file, true);
    polled.setInt16(8 * n + 4, POLL_IN, true);
  }
  const polledBytes = new Uint8Array(polled.buffer);
  return {
    ends,
    read: ({ file }) => {
      const count = calls.read(file, memory, length);
      return count > 0 ? memory.subarray(0, count) : undefined;
    },
    write: ({ file }, packet) => calls.write(file, packet, BigInt(packet.length)) === packet.length,
    wait: async (milliseconds) => {
      await tasks.poll(polledBytes, BigInt(ends.length), milliseconds);
    },
    [Symbol.dispose]: () => {
      for (const { file } of ends) calls.close(file);
    },
  };
}

/** Runs a function in the network namespace of a process. */
function inNamespaceOf<T>(native: Native, holder: number, run: () => T): T {
  const { libc } = native;
  const open = (path: string) => succeed(native, `open ${path}`, libc.open(cString(path), 0, 0));
  const own = open("/proc/thread-self/ns/net"), other = open(`/proc/${holder}/ns/net`);
  try {
    succeed(native, "enter a network namespace", libc.setns(other, NEW_NET));
    return run();
  } finally {
    succeed(native, "return to the own network namespace", libc.setns(own, NEW_NET));
    libc.close(own);
    libc.close(other);
  }
}
