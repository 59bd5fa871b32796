/**
 * The device over ports, which cards and the RTL in WebAssembly share. The model device does not use it.
 *
 * @module
 */

import { lastEpoch } from "../../kernels/epochs.ts";
import { checkPages } from "../../kernels/image/model/page_bank.ts";
import type { DropReason, Exchange, KernelImage, Program } from "../../kernels/program.ts";
import type { PlanBuild } from "../../kernels/rtl/builds.ts";
import { DROP_REASONS } from "../../kernels/rtl/registers.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { WaitOptions } from "../../serialize/wait.ts";
import type { Device } from "./device.ts";
import { createKernelCounter, type KernelCounter, type KernelCounts } from "./kernel_counts.ts";
import type { Port, Ports } from "./port.ts";
import { checkExchange, createSerial } from "./serial.ts";

/** An open port and its counts. */
interface Part {
  readonly port: Port;
  readonly counter: KernelCounter;
  /** Counts as last read. */
  counts: KernelCounts;
  /** Whether the counts may have changed since they were read. */
  isOld: boolean;
  /** Whether the drop counts may have changed too. Reading them takes one register read a check. */
  mayDrop: boolean;
  /** Whether an exchange is in flight. Registers must not be read until it ends. */
  isBusy: boolean;
}

/** The resident program with its port. */
interface Loaded {
  readonly program: Program;
  readonly image: KernelImage;
  readonly part: Part;
}

/** Check for a resident page. A packet that fails it is reported as an error and not as a drop. */
const PAGE = DROP_REASONS.indexOf("page");

/**
 * Makes a device over ports.
 *
 * @param ports Opens the ports. The device closes them.
 * @returns The device. Cycles and drops come from the hardware's counters.
 */
export function createCardDevice(ports: Ports): Device {
  const { profile } = ports;
  const serial = createSerial();
  // Counts are summed over all builds that were opened, although a card holds one build at a time.
  const parts = new Map<PlanBuild, Part>();
  let loaded: Loaded | null = null;
  // Lookups of earlier programs, and answer bytes of the loaded one.
  let pastLookups = 0;
  let answered = 0;
  let tableBytes = 0;
  // Swaps of earlier programs.
  let pastSwaps = 0;
  let closing: Promise<void> | undefined;

  const refuseLost = (intent: string, cause?: unknown) => {
    const why = ports.lost?.();
    if (why === undefined) return;
    throw new OnpathError(
      "device",
      `Cannot ${intent}: the card is gone, ${why}. Open it again`,
      { why },
      cause === undefined ? undefined : { cause },
    );
  };

  const call = <T>(intent: string, work: () => Promise<T>): Promise<T> =>
    serial(async () => {
      if (closing !== undefined) {
        throw new OnpathError("device", `Cannot ${intent}: device ${profile.name} is closed`);
      }
      refuseLost(intent);
      try {
        const value = await work();
        // A result from a card that was lost during the call is invalid.
        refuseLost(intent);
        return value;
      } catch (error) {
        refuseLost(intent, error);
        ports.failed?.(error);
        throw error;
      }
    });

  const countsOf = (part: Part): KernelCounts => {
    const { port, counter, isOld, isBusy, mayDrop } = part;
    if (!isOld || isBusy || port.isRunning() || ports.lost?.() !== undefined) return part.counts;
    const counts = counter.counts(mayDrop);
    // Counts from a card that was lost during the read are discarded.
    if (ports.lost?.() === undefined) Object.assign(part, { counts, isOld: false, mayDrop: false });
    return part.counts;
  };

  const swaps = () => [...parts.values()].reduce((sum, part) => sum + countsOf(part).swaps, 0);
  const lookups = () => {
    const each = loaded?.image.lookups;
    return pastLookups +
      (each !== undefined && "perItem" in each ? answered / each.itemBytes * each.perItem : 0);
  };
  const retire = () => {
    [pastLookups, answered] = [lookups(), 0];
  };
  const pageBytes = () => (swaps() - pastSwaps) * (loaded?.image.pages?.bytes ?? 0);

  const partOf = async ({ build, lookups }: KernelImage, wait: WaitOptions): Promise<Part> => {
    const opened = parts.get(build);
    if (opened !== undefined) return opened;
    const port = await ports.open(build, wait);
    const counter = createKernelCounter(port.read, "counters" in lookups ? lookups.counters : []);
    const counts = counter.counts(false);
    const part = { port, counter, counts, isOld: false, mayDrop: false, isBusy: false };
    parts.set(build, part);
    return part;
  };

  const load = async (program: Program, wait: WaitOptions): Promise<void> => {
    // Throws for a refused program before any state changes.
    const image = program.image();
    ports.refuse?.(image);
    const isKept = loaded?.program.plan.id === program.plan.id;
    if (isKept && !program.restarts) {
      retire();
      loaded = { ...loaded!, program };
      return;
    }
    const part = await partOf(image, wait);
    await loaded?.part.port.settle(wait);
    await part.port.settle(wait);
    tableBytes += pageBytes();
    pastSwaps = swaps();
    retire();
    loaded = null;
    await part.port.start(image, wait);
    if (!isKept) {
      await part.port.load(image, wait);
      tableBytes += image.tableBytes;
    }
    part.isOld = true;
    loaded = { program, image, part };
  };

  /** Sends the packets and returns the number of answers. */
  const send = async (exchange: Exchange, { program, image, part }: Loaded, wait: WaitOptions) => {
    const { count } = exchange;
    const { port, counter } = part;
    const each = program.plan.packets.answersPerRequest;
    if (part.mayDrop) countsOf(part);
    const missedBefore = part.counts.drops[PAGE]!;
    const before = counter.left();
    part.isBusy = part.isOld = part.mayDrop = true;
    const { answers, bytes } = await port.exchange(exchange, each, wait).finally(() => part.isBusy = false);
    answered += bytes;
    const left = (counter.left() - before) >>> 0;
    const inside = port.isShared ? 0 : counter.present();
    refuseLost("exchange packets");
    if (left === count && each === 1) part.mayDrop = false;
    const missed = image.pages === undefined ? 0 : countsOf(part).drops[PAGE]! - missedBefore;
    refuseLost("exchange packets");
    if (missed > 0) {
      throw new OnpathError(
        "table",
        `Cannot process ${missed} of ${count} packets: their page is not resident in their epoch, ` +
          "the swap schedule does not load it",
        { packets: missed },
      );
    }
    if (inside > 0) {
      throw new OnpathError(
        "device",
        `Cannot complete an exchange: ${inside} packets are still in the kernel after its mover finished`,
        { inside },
      );
    }
    return answers;
  };

  const exchange = async (exchange: Exchange, wait: WaitOptions): Promise<number> => {
    wait.signal?.throwIfAborted();
    if (loaded === null) {
      throw new OnpathError("device", `Cannot exchange packets: device ${profile.name} has no program`);
    }
    checkExchange(exchange);
    const { image, part, program: { plan } } = loaded;
    const { count, pages = [] } = exchange;
    if (image.pages !== undefined) checkPages(pages, image.pages.bytes);
    else if (pages.length > 0) {
      throw new OnpathError("device", `Cannot load pages: plan ${plan.id} has no pages`, { plan: plan.id });
    }
    if (count === 0 && pages.length === 0) return 0;
    await part.port.settle(wait);
    if (image.pages !== undefined) await part.port.queue(pages, lastEpoch(exchange), wait);
    return await send(exchange, loaded, wait);
  };

  const close = async (): Promise<void> => {
    for (const { port } of parts.values()) port.stop?.();
    // Waits for the call in flight, because it uses buffers of the ports.
    await serial(() => {});
    for (const part of parts.values()) {
      countsOf(part);
      part.isOld = false;
      await part.port.close();
    }
    tableBytes += pageBytes();
    pastSwaps = swaps();
    retire();
    loaded = null;
    await ports.close?.();
  };

  const device: Device = {
    profile,
    loaded: () => loaded?.program ?? null,
    load: (program, wait = {}) => call("load a plan", () => load(program, wait)),
    exchange: (packets, wait = {}) => call("exchange packets", () => exchange(packets, wait)),
    counters: () => {
      const all = [...parts.values()].map(countsOf);
      const sum = (count: (counts: KernelCounts) => number) =>
        all.reduce((total, counts) => total + count(counts), 0);
      const dropped: Partial<Record<DropReason, number>> = {};
      DROP_REASONS.forEach((name, reason) => {
        const count = reason === PAGE ? 0 : sum(({ drops }) => drops[reason]!);
        if (count > 0) dropped[name as DropReason] = count;
      });
      const sent = [...parts.values()].reduce((total, { port }) => total + port.sent(), 0);
      return {
        packets: sent - sum(({ drops }) => drops.reduce((total, count) => total + count, 0)),
        dropped,
        lookups: Math.round(lookups()) + sum(({ lookups }) => lookups),
        cycles: sum(({ cycles }) => cycles),
        stalls: sum(({ stalls }) => stalls),
        swaps: sum(({ swaps }) => swaps),
        tableBytes: tableBytes + pageBytes(),
      };
    },
    close: () => closing ??= close(),
    [Symbol.asyncDispose]: () => device.close(),
  };
  return device;
}
