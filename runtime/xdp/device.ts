/**
 * XDP device: plans run in the Linux kernel, on the packets of an interface, before its network stack sees them.
 *
 * @module
 */

import type { DropReason, KernelImage, Program } from "../../kernels/program.ts";
import { HEADER_BYTES } from "../../serialize/header.ts";
import { checkInteger, kindOf, OnpathError } from "../../serialize/errors.ts";
import type { Device, DeviceCounters } from "../device/device.ts";
import { checkExchange, createSerial } from "../device/serial.ts";
import { makeBank } from "./bank.ts";
import { openDatagrams } from "./datagrams.ts";
import { exchangeDatagrams } from "./exchange.ts";
import { type KernelProgram, loadKernelProgram, XDP_MODES, type XdpMode } from "./kernel_program.ts";
import { DROP_COUNTERS, encodeSettings, parseAddress, type XdpCounts } from "./layout.ts";
import { openNative } from "./native.ts";
import { XDP_PROFILE } from "./profile.ts";

/** Interface and addresses of an XDP device. */
export interface XdpOptions {
  /** Interface that receives the requests. */
  readonly interface: string;
  /** Network namespace of the interface, as `ip netns` lists it. Default: that of this thread. */
  readonly namespace?: string | undefined;
  /** Address of the requests, IPv4 or IPv6. Packets to others pass. */
  readonly address: string;
  /** UDP port of the requests, 1 to 65,535. Packets to others pass. */
  readonly port: number;
  /** How the kernel runs the program. Default: native where the driver can, else generic. */
  readonly mode?: XdpMode | undefined;
  /**
   * Sender's end of a veth pair, in the sender's namespace. It gets a program that passes everything, which veth needs
   * to receive what a native program sends. Real interfaces need none.
   */
  readonly peer?: string | undefined;
  /** Network namespace of the sender. Default: that of this thread. */
  readonly from?: string | undefined;
  /** Milliseconds without any answer or drop after which requests in flight count as lost, 1 to 10,000. Default 100. */
  readonly lostAfterMs?: number | undefined;
}

/**
 * Opens an XDP device: attaches the program to an interface and sends requests there by UDP. It wants Linux 5.18, root
 * rights and libbpf 1. The program is detached when the device closes, or this process ends.
 *
 * @param options Interface and addresses.
 * @returns Device for image plans of cells and samples, and lookups of items of 1 and 2 bytes.
 * @throws {OnpathError} `device` if the kernel, a right, libbpf or the interface is missing; `size` for a number out of
 * range.
 *
 * @example
 * ```ts
 * import { createXdpDevice } from "onpath/xdp";
 * import assert from "node:assert/strict";
 *
 * const device = createXdpDevice({ interface: "none", address: "192.0.2.1", port: 0 });
 * await assert.rejects(device, /Cannot use UDP port/);
 * ```
 */
export async function createXdpDevice(options: XdpOptions): Promise<Device> {
  const { address, port, mode, lostAfterMs, namespace, peer, from } = checkOptions(options);
  const native = await openNative();
  const kernel = loadKernelProgram(native);
  try {
    kernel.configure(encodeSettings(address, port));
    kernel.attach("answer", options.interface, namespace, mode);
    if (peer !== undefined) kernel.attach("pass", peer, from, mode);
    const datagrams = openDatagrams(native, address, port, from);
    return deviceOf(kernel, { ...datagrams, lostAfterMs });
  } catch (error) {
    kernel.close();
    throw error;
  }
}

function checkOptions(options: XdpOptions) {
  const given = Object(options) as XdpOptions;
  const { port, mode, lostAfterMs = 100, namespace, peer, from } = given;
  const address = parseAddress(given.address);
  checkInteger("UDP port", port, 1, 65535);
  checkInteger("lostAfterMs", lostAfterMs, 1, 10_000);
  if (mode !== undefined && !XDP_MODES.includes(mode)) {
    throw new OnpathError(
      "device",
      `Cannot use XDP mode ${kindOf(mode)}: expected one of ${XDP_MODES.join(", ")}`,
    );
  }
  return { address, port, mode, lostAfterMs, namespace, peer, from };
}

/** Program in the kernel, with the counts at its load. */
interface Loaded {
  readonly program: Program;
  readonly image: KernelImage;
  readonly before: XdpCounts;
}

function deviceOf(
  kernel: KernelProgram,
  link: Parameters<typeof exchangeDatagrams>[0] & { close(): void },
): Device {
  const serial = createSerial();
  // Lookups of earlier programs, and bytes of all tables.
  const past = { lookups: 0, tableBytes: 0 };
  let loaded: Loaded | null = null;
  // Counts at the time of the close.
  let last: XdpCounts | undefined;

  const counts = () => last ?? kernel.counts();
  const refuseClosed = (intent: string) => {
    if (last !== undefined) throw new OnpathError("device", `Cannot ${intent}: the XDP device is closed`);
  };
  const lookups = (now: XdpCounts) =>
    loaded === null ? 0 : lookupsOf(loaded.image, now.answerBytes - loaded.before.answerBytes);

  const load = (next: Program) => {
    refuseClosed("load a plan");
    if (loaded?.program === next) return;
    const { bytes, image } = makeBank(next);
    if (loaded?.program.plan.id === next.plan.id) {
      // Tables of the same plan are already resident.
      loaded = { ...loaded, program: next };
      return;
    }
    kernel.put(next.plan.id, bytes);
    const before = counts();
    past.lookups += lookups(before);
    past.tableBytes += image.tableBytes;
    if (loaded !== null) kernel.remove(loaded.program.plan.id);
    loaded = { program: next, image, before };
  };

  const device: Device = {
    profile: XDP_PROFILE,
    loaded: () => loaded?.program ?? null,
    load: (next) => serial(() => load(next)),
    exchange: (exchange, options) =>
      serial(async () => {
        options?.signal?.throwIfAborted();
        refuseClosed("exchange packets");
        if (loaded === null) {
          throw new OnpathError("device", "Cannot exchange packets: the XDP device has no program");
        }
        checkExchange(exchange);
        const { plan } = loaded.program;
        if ((exchange.pages ?? []).length > 0) {
          throw new OnpathError("device", `Cannot load pages: plan ${plan.id} has no pages`, {
            plan: plan.id,
          });
        }
        const room = HEADER_BYTES + plan.packets.answer;
        return await exchangeDatagrams(link, exchange, room, () => dropsOf(kernel.counts()), options ?? {});
      }),
    counters: (): DeviceCounters => {
      const now = counts();
      return {
        packets: now.answered,
        dropped: Object.fromEntries(
          DROP_COUNTERS.map((reason) => [reason, now[reason as keyof XdpCounts]]).filter(([, count]) =>
            count !== 0
          ),
        ) as Partial<Record<DropReason, number>>,
        lookups: past.lookups + lookups(now),
        cycles: null,
        stalls: null,
        swaps: 0,
        tableBytes: past.tableBytes,
      };
    },
    close: () => {
      if (last === undefined) {
        const now = kernel.counts();
        past.lookups += lookups(now);
        last = now;
        loaded = null;
        link.close();
        kernel.close();
      }
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => device.close(),
  };
  return device;
}

/** Lookups that made so many bytes of answers. */
function lookupsOf({ lookups }: KernelImage, bytes: number): number {
  return "perItem" in lookups ? Math.round(bytes / lookups.itemBytes * lookups.perItem) : 0;
}

/** Counts all packets dropped. */
function dropsOf(counts: XdpCounts): number {
  return DROP_COUNTERS.reduce((sum, reason) => sum + counts[reason as keyof XdpCounts], 0);
}
