/**
 * XDP device: plans run in the Linux kernel, on the packets of an interface, before its network stack sees them.
 *
 * @module
 */

import { checkPages } from "../../kernels/image/model/page_bank.ts";
import type { Exchange, KernelImage, Program } from "../../kernels/program.ts";
import { checkInteger, OnpathError } from "../../serialize/errors.ts";
import { HEADER_BYTES, OFFSET } from "../../serialize/header.ts";
import { type PacketSlots, slotAddress } from "../../serialize/packets.ts";
import type { Device, DeviceCounters } from "../device/device.ts";
import { checkExchange, createSerial } from "../device/serial.ts";
import { openDatagrams } from "./datagrams.ts";
import { type DatagramLink, exchangeDatagrams } from "./exchange.ts";
import { parseAddress } from "./layout.ts";
import { openNative } from "./native.ts";
import { countDrops, openXdpNic, type XdpNic, type XdpNicOptions } from "./nic.ts";
import { createPageSwaps, type PageSwaps } from "./page_swaps.ts";
import { NO_PAGES } from "./pages.ts";
import { XDP_PROFILE } from "./profile.ts";

/** Interface and addresses of an XDP device. */
export interface XdpOptions extends Omit<XdpNicOptions, "target" | "farEnds"> {
  /**
   * Sender's end of a veth pair, in the sender's namespace. It gets a program that passes everything, without which
   * veth drops what a native program sends. Real interfaces need none.
   */
  readonly peer?: string | undefined;
  /** Network namespace of the sender. Default: that of this thread. */
  readonly from?: string | undefined;
  /** Milliseconds without any answer or drop after which requests in flight count as lost, 1 to 10,000. Default 100. */
  readonly lostAfterMs?: number | undefined;
}

/**
 * Opens an XDP device: a NIC at an interface, and a UDP socket that sends requests there. It wants Linux 5.18, root
 * rights and libbpf 1. The program is detached when the device closes, or this process ends.
 *
 * @param options Interface and addresses.
 * @returns Device for image plans of cells and samples, and for lookups of items of 1 and 2 bytes.
 * @throws {OnpathError} `device` if the kernel, a right, libbpf or the interface is missing; `size` for a number out of
 * range.
 *
 * @example
 * ```ts
 * import { createXdpDevice } from "onpath/xdp";
 * import assert from "node:assert/strict";
 *
 * const options = { interface: "eth0", address: "192.0.2.1", port: 5470, lostAfterMs: 0 };
 * await assert.rejects(createXdpDevice(options), /lostAfterMs/);
 * ```
 */
export async function createXdpDevice(options: XdpOptions): Promise<Device> {
  const { peer, from, lostAfterMs = 100, ...nicOptions } = Object(options) as XdpOptions;
  checkInteger("lostAfterMs", lostAfterMs, 1, 10_000);
  const farEnds = peer === undefined ? [] : [{ interface: peer, namespace: from }];
  const nic = await openXdpNic({ ...nicOptions, farEnds });
  try {
    const address = parseAddress(nicOptions.address);
    const datagrams = openDatagrams(await openNative(), address, nicOptions.port, from);
    return deviceOf(nic, { ...datagrams, lostAfterMs });
  } catch (error) {
    nic.close();
    throw error;
  }
}

/** Program in the kernel. */
interface Loaded {
  readonly program: Program;
  readonly image: KernelImage;
  /** Bytes of answers that the NIC had counted when the program was loaded. */
  readonly bytesBefore: number;
  /** Swaps of its pages; null if it has none. */
  readonly swaps: PageSwaps | null;
}

function deviceOf(nic: XdpNic, link: DatagramLink): Device {
  const serial = createSerial();
  // Lookups of earlier programs; pages loaded, and bytes of all tables and pages.
  const past = { lookups: 0, swaps: 0, tableBytes: 0 };
  let loaded: Loaded | null = null;
  let isClosed = false;

  const refuseClosed = (intent: string) => {
    if (isClosed) throw new OnpathError("device", `Cannot ${intent}: the XDP device is closed`);
  };
  /** Lookups of the current program. */
  const lookups = (bytes: number) =>
    loaded === null ? 0 : lookupsOf(loaded.image, bytes - loaded.bytesBefore);

  const load = (next: Program) => {
    refuseClosed("load a plan");
    const { id } = next.plan;
    if (loaded?.program === next) {
      if (loaded.swaps !== null) {
        // Epochs restart, and no page of an earlier session is resident.
        nic.swap(id, NO_PAGES);
        loaded = { ...loaded, swaps: createPageSwaps() };
      }
      return;
    }
    const image = nic.load(next);
    const { answerBytes } = nic.counters();
    past.lookups += lookups(answerBytes);
    const isKept = loaded?.program.plan.id === id;
    // Tables of the same plan were resident.
    if (!isKept) past.tableBytes += image.tableBytes;
    if (loaded !== null && !isKept) nic.unload(loaded.program.plan.id);
    const swaps = image.pages === undefined ? null : createPageSwaps();
    loaded = { program: next, image, bytesBefore: answerBytes, swaps };
  };

  /** Sends requests from a slot on, and puts their answers into slots from `answer` on. */
  const send = (exchange: Exchange, from: number, to: number, answer: number, check: () => void) => {
    const part = {
      input: slotsFrom(exchange.input, from),
      count: to - from,
      output: slotsFrom(exchange.output, answer),
    };
    const room = HEADER_BYTES + loaded!.program.plan.packets.answer;
    return exchangeDatagrams(link, part, room, { drops: () => countDrops(nic.counters()), check });
  };

  /** Sends the requests in turns, between which pages are swapped. */
  const sendPaged = async (exchange: Exchange, { program, image, swaps }: Loaded, check: () => void) => {
    const { input, count, pages = [] } = exchange;
    checkPages(pages, image.pages!.bytes);
    swaps!.queue(pages);
    const missedBefore = nic.counters().dropped.page ?? 0;
    let [sent, answers] = [0, 0];
    while (sent < count) {
      const first = epochOf(input, sent);
      if (swaps!.isDue(first)) {
        const { resident, loads } = swaps!.swap(first);
        nic.swap(program.plan.id, resident);
        past.swaps += loads.length;
        past.tableBytes += loads.length * image.pages!.bytes;
      }
      let to = sent + 1;
      while (to < count && !swaps!.isDue(epochOf(input, to))) to++;
      answers += await send(exchange, sent, to, answers, check);
      sent = to;
    }
    const missed = (nic.counters().dropped.page ?? 0) - missedBefore;
    if (missed > 0) {
      throw new OnpathError(
        "table",
        `Cannot process ${missed} of ${count} packets: their page is not resident in their epoch, ` +
          "the swap schedule does not load it",
        { packets: missed },
      );
    }
    return answers;
  };

  const device: Device = {
    profile: XDP_PROFILE,
    loaded: () => loaded?.program ?? null,
    load: (next) => serial(() => load(next)),
    exchange: (exchange, options) =>
      serial(async () => {
        const check = () => {
          options?.signal?.throwIfAborted();
          refuseClosed("exchange packets");
        };
        check();
        if (loaded === null) {
          throw new OnpathError("device", "Cannot exchange packets: the XDP device has no program");
        }
        checkExchange(exchange);
        if (loaded.swaps !== null) return await sendPaged(exchange, loaded, check);
        const { plan: { id } } = loaded.program;
        if ((exchange.pages ?? []).length > 0) {
          throw new OnpathError("device", `Cannot load pages: plan ${id} has no pages`, { plan: id });
        }
        return await send(exchange, 0, exchange.count, 0, check);
      }),
    counters: (): DeviceCounters => {
      const { answered, answerBytes, dropped: { page: _, ...dropped } } = nic.counters();
      return {
        packets: answered,
        dropped,
        lookups: past.lookups + lookups(answerBytes),
        cycles: null,
        stalls: null,
        swaps: past.swaps,
        tableBytes: past.tableBytes,
      };
    },
    close: () => {
      if (!isClosed) {
        isClosed = true;
        past.lookups += lookups(nic.counters().answerBytes);
        loaded = null;
        link.close();
        nic.close();
      }
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => device.close(),
  };
  return device;
}

/** Epoch of the request in a slot. */
function epochOf(slots: PacketSlots, slot: number): number {
  return slots.engine.view.getUint32(slotAddress(slots, slot) + OFFSET.epoch, true);
}

/** The slots from one on. */
function slotsFrom(slots: PacketSlots, first: number): PacketSlots {
  return { ...slots, address: slotAddress(slots, first), slots: slots.slots - first };
}

/** Lookups that made so many bytes of answers. */
function lookupsOf({ lookups }: KernelImage, bytes: number): number {
  return "perItem" in lookups ? Math.round(bytes / lookups.itemBytes * lookups.perItem) : 0;
}
