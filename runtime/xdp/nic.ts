/**
 * XDP NIC: programs of plans at an interface of this machine. It answers any sender on the network, or forwards the
 * answers to the host that wants them.
 *
 * @module
 */

import type { KernelImage, PageImage, Program } from "../../kernels/program.ts";
import { checkInteger, kindOf, OnpathError } from "../../serialize/errors.ts";
import { requireObject } from "../../serialize/require.ts";
import { makeBank } from "./bank.ts";
import { type KernelProgram, loadKernelProgram, XDP_MODES, type XdpMode } from "./kernel_program.ts";
import { DROP_COUNTERS, encodeSettings, parseAddress, type XdpCounts, type XdpDropReason } from "./layout.ts";
import { inNamespace, interfaceIndex } from "./namespace.ts";
import { openNative } from "./native.ts";
import { encodePages, NO_PAGES, type ResidentPages } from "./pages.ts";

/** Interface of a network namespace. */
export interface XdpInterface {
  /** Name of the interface. */
  readonly interface: string;
  /** Network namespace of the interface, as `ip netns` lists it. Default: that of this thread. */
  readonly namespace?: string | undefined;
}

/** Host that receives the answers in place of the sender. */
export interface XdpTarget {
  /** Address of the host, of the same family as the requests'. */
  readonly address: string;
  /** UDP port of the host. */
  readonly port: number;
  /** Ethernet address of the next hop, such as `02:00:00:00:00:01`. */
  readonly mac: string;
  /** Ethernet address of the interface that sends. */
  readonly from: string;
  /** Interface that sends. Default: the one that receives the requests. */
  readonly interface?: string | undefined;
}

/** Interface and addresses of an XDP NIC. */
export interface XdpNicOptions extends XdpInterface {
  /** Address of the requests, IPv4 or IPv6. Packets to others pass. */
  readonly address: string;
  /** UDP port of the requests, 1 to 65,535. Packets to others pass. */
  readonly port: number;
  /** How the kernel runs the program. Default: native where the driver can, else generic. */
  readonly mode?: XdpMode | undefined;
  /** Host that receives the answers. Default: the sender of each request. */
  readonly target?: XdpTarget | undefined;
  /**
   * Far ends of veth pairs. Each gets a program that passes everything, without which veth drops what a native program
   * sends. Real interfaces need none.
   */
  readonly farEnds?: readonly XdpInterface[] | undefined;
}

/** Counts of an XDP NIC since it was opened. */
export interface XdpNicCounters {
  /** Requests answered. */
  readonly answered: number;
  /** Payload bytes of the answers. */
  readonly answerBytes: number;
  /** Frames passed to the host's network: not addressed to the NIC. */
  readonly passed: number;
  /** Requests dropped, by the check that failed. */
  readonly dropped: Readonly<Partial<Record<XdpDropReason, number>>>;
}

/** Programs at an interface. */
export interface XdpNic extends Disposable {
  /**
   * Loads a program, or replaces one of the same plan as a whole: no packet meets a part of it. Of a program with pages
   * none is resident then.
   *
   * @returns Contents of the tables.
   * @throws {OnpathError} `device` if XDP lacks the kernel, or holds 64 programs; `table` if the tables do not fit.
   */
  readonly load: (program: Program) => KernelImage;
  /**
   * Removes the program of a plan. Its packets are dropped from then on, by the reason `plan`.
   *
   * @throws {OnpathError} `device` if the plan has no program.
   */
  readonly unload: (plan: number) => void;
  /**
   * Replaces the resident pages of a plan, and the first epoch that they serve, as a whole: a packet meets all of the
   * earlier ones or all of the new ones, and a page is never overwritten. No processor uses the earlier ones on return,
   * which takes the kernel 10 to 20 ms.
   *
   * @throws {OnpathError} `device` if the plan has no program with pages; `table` if the pages do not fit.
   */
  readonly swap: (plan: number, resident: ResidentPages) => void;
  /** Reads the counters. */
  readonly counters: () => XdpNicCounters;
  /** Detaches the program and frees everything. Further calls have no effect. */
  readonly close: () => void;
}

/**
 * Opens an XDP NIC: attaches the program to an interface. It wants Linux 5.18, root rights and libbpf 1. The program is
 * detached when the NIC closes, or this process ends.
 *
 * @param options Interface and addresses.
 * @throws {OnpathError} `device` if the kernel, a right, libbpf or the interface is missing, or an address is invalid;
 * `size` for a port out of range.
 *
 * @example
 * ```ts
 * import { openXdpNic } from "onpath/xdp";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(openXdpNic({ interface: "eth0", address: "192.0.2.1", port: 0 }), /UDP port/);
 * ```
 */
export async function openXdpNic(options: XdpNicOptions): Promise<XdpNic> {
  const { address, port, mode, target, namespace, farEnds } = checkOptions(options);
  const kernel = loadKernelProgram(await openNative());
  try {
    const to = target && {
      ...target,
      interface: target.interface === undefined
        ? 0
        : inNamespace(kernel.native, namespace, () => interfaceIndex(kernel.native, target.interface!)),
    };
    kernel.configure(encodeSettings(address, port, to));
    kernel.attach("answer", options.interface, namespace, mode);
    for (const end of farEnds) kernel.attach("pass", end.interface, end.namespace, mode);
  } catch (error) {
    kernel.close();
    throw error;
  }
  return nicOf(kernel);
}

function checkOptions(options: XdpNicOptions) {
  const { port, mode, target, namespace, farEnds = [], ...given } = Object(options) as XdpNicOptions;
  const address = parseAddress(given.address);
  checkInteger("UDP port", port, 1, 65535);
  if (target !== undefined) {
    requireObject("open an XDP NIC", "the target is", target, "device");
    checkInteger("UDP port", target.port, 1, 65535);
  }
  if (!Array.isArray(farEnds)) {
    throw new OnpathError(
      "device",
      `Cannot open an XDP NIC: farEnds is ${kindOf(farEnds)}, expected an array`,
    );
  }
  for (const end of farEnds) requireObject("open an XDP NIC", "a far end is", end, "device");
  if (mode !== undefined && !XDP_MODES.includes(mode)) {
    const known = XDP_MODES.join(", ");
    throw new OnpathError("device", `Cannot use XDP mode ${kindOf(mode)}: expected one of ${known}`);
  }
  return { address, port, mode, target, namespace, farEnds };
}

function nicOf(kernel: KernelProgram): XdpNic {
  // Counts at the time of the close.
  let last: XdpCounts | undefined;
  const refuseClosed = (intent: string) => {
    if (last !== undefined) throw new OnpathError("device", `Cannot ${intent}: the XDP NIC is closed`);
  };
  // Pages of the loaded programs that have some, by plan.
  const paged = new Map<number, PageImage>();
  const nic: XdpNic = {
    load: (program) => {
      refuseClosed("load a plan");
      const { bytes, image } = makeBank(program);
      const { plan: { id } } = program;
      // First the pages: those of an earlier program meet no bank of the new one.
      if (image.pages !== undefined) kernel.putPages(id, encodePages(NO_PAGES, image.pages));
      kernel.put(id, bytes);
      if (image.pages !== undefined) paged.set(id, image.pages);
      else if (paged.delete(id)) kernel.removePages(id);
      return image;
    },
    unload: (plan) => {
      refuseClosed("unload a plan");
      kernel.remove(plan);
      if (paged.delete(plan)) kernel.removePages(plan);
    },
    swap: (plan, resident) => {
      refuseClosed("swap pages");
      const pages = paged.get(plan);
      if (pages === undefined) {
        throw new OnpathError("device", `Cannot swap pages: XDP has no plan ${plan} with pages`, { plan });
      }
      kernel.putPages(plan, encodePages(resident, pages));
    },
    counters: () => {
      const { answered, answerBytes, passed, ...reasons } = last ?? kernel.counts();
      const dropped = Object.entries(reasons).filter(([, count]) => count !== 0);
      return { answered, answerBytes, passed, dropped: Object.fromEntries(dropped) };
    },
    close: () => {
      if (last !== undefined) return;
      last = kernel.counts();
      kernel.close();
    },
    [Symbol.dispose]: () => nic.close(),
  };
  return nic;
}

/** Counts all requests dropped. */
export function countDrops({ dropped }: XdpNicCounters): number {
  return DROP_COUNTERS.reduce((sum, reason) => sum + (dropped[reason] ?? 0), 0);
}
