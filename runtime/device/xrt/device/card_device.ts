/**
 * The XRT device: the RTL's kernels on a card, or on an emulated one.
 *
 * @module
 */

import { answersPerRequest } from "../../../../kernels/image/plan/rows.ts";
import { checkExchange, lastEpoch } from "../../model.ts";
import { checkPages } from "../../../../kernels/image/model/page_bank.ts";
import type { PageLoad } from "../../../../kernels/program.ts";
import type { Device, DropReason } from "../../device.ts";
import type { DeviceProfile } from "../../../../kernels/target/profile.ts";
import { DROP_REASONS } from "../../../../kernels/rtl/registers.ts";
import { lastEpoch } from "../../../../kernels/epochs.ts";
import { lookupsPerItem } from "../../rtl/device.ts";
import { pageCommands } from "../../../../kernels/rtl/page_commands.ts";
import type { ImagePlan } from "../../../../kernels/image/plan/plan.ts";
import { residentBytes } from "../../../../kernels/image/plan/cost.ts";
import { RTL_PROFILE } from "../../rtl/profile.ts";
import { rtlProgram } from "../../../../kernels/image/rtl/program.ts";
import { schedulePages } from "../../../../kernels/image/plan/schedule.ts";
import type { TextPlan } from "../../../../kernels/tokenize/plan/plan.ts";
import { KERNELS } from "../../../../kernels/image/kernels.ts";
import type { Vocabulary } from "../../../../kernels/tokenize/vocabulary.ts";
import { OnpathError } from "../../../../serialize/errors.ts";
import type { WaitOptions } from "../../../../serialize/wait.ts";
import { type CardBuild, type CardKernel, type KernelCounts, openCardKernel } from "./card_kernel.ts";
import { type CardPackets, createCardPackets } from "./card_packets.ts";
import { type CardTables, createCardTables } from "./card_tables.ts";
import { cardLookups, type CardText, checkCardText, loadCardText } from "./card_text.ts";
import { type OpenOptions, XrtDevice } from "../binding/device.ts";

/** The XRT device's numbers: those of the RTL, which it runs. */
export const XRT_PROFILE: DeviceProfile = {
  ...RTL_PROFILE,
  name: "xrt",
  summary: "the NIC's RTL on a card through XRT, or on an emulated one",
};

/** What an XRT device is made of. */
export interface XrtOffloadOptions {
  /** A device with an xclbin that has the RTL's kernels and their movers. It is closed with the result. */
  readonly device: XrtDevice;
  /** Says why the card is gone, where that shows by no call; undefined while it is there. */
  readonly gone?: (() => string | undefined) | undefined;
  /** Gives the card up, so that every wait in XRT ends. Default: what is open on it is forgotten. */
  readonly giveUp?: ((why: string) => void) | undefined;
  /** Closes what is below, after the device's own things. Default: closes the device. */
  readonly close?: (() => Promise<void>) | undefined;
}

/** A kernel that was opened, with its ways in and out. */
interface Part {
  readonly kernel: CardKernel;
  readonly packets: CardPackets;
  readonly tables: CardTables;
  /** Packets that were sent. */
  sent: number;
  /** What it had counted when it was last asked, and whether that is old. */
  counts: KernelCounts;
  old: boolean;
  /** Whether packets may have been dropped since. */
  dropped: boolean;
}

/** Milliseconds that work which is under way has to end when the device is closed. */
const SETTLE_MS = 500;

/** The check that fails when a packet's page is not there: that is a failure, not a drop. */
const PAGE = DROP_REASONS.indexOf("page");

/**
 * Opens a card and loads its xclbin.
 *
 * @param options Which card, and the path or bytes of the xclbin.
 * @returns The device.
 * @throws {OnpathError} `device` when there is no card, or XRT is not installed; `file` when the xclbin is none.
 */
export async function openXrtOffload(
  options: OpenOptions & { readonly xclbin: string | Uint8Array },
): Promise<Device> {
  const device = await XrtDevice.open(options);
  try {
    await device.load(options.xclbin, options);
  } catch (error) {
    device.close();
    throw error;
  }
  return createXrtOffload({ device });
}

/**
 * Makes a device of an open card.
 *
 * @param options The card.
 * @returns The device. Its cycles and drops are the kernels' own counters.
 */
export function createXrtOffload(options: XrtOffloadOptions): Device {
  const { device } = options;
  const gone = options.gone ?? (() => undefined);
  const parts = new Map<CardBuild, Part>();
  let part: Part | undefined;
  let plan: ImagePlan | undefined;
  let text: CardText | undefined;
  let textLookups = 0;
  let each = 1;
  let staged: PageLoad[] = [];
  // Pages in the order of their first use, for those that are brought while others are at work.
  let ahead: number[] = [];
  let lookups = 0;
  let tableBytes = 0;
  let pastSwaps = 0;
  let closed = false;
  // Why the card is used no more.
  let broken: string | undefined;
  let busy: Promise<unknown> = Promise.resolve();

  const giveUp = (why: string) => {
    if (broken !== undefined) return;
    broken = why;
    if (options.giveUp !== undefined) options.giveUp(why);
    else device.abandon();
  };

  /** Runs work on the card. A card that is gone, or did not answer, is not used again. */
  const onCard = <T>(intent: string, work: () => Promise<T>): Promise<T> => {
    const result = (async () => {
      if (closed) throw new OnpathError("device", `Cannot ${intent}: the XRT device is closed`);
      refuseGone(intent);
      try {
        const value = await work();
        // A card that went meanwhile has answered nothing: what came is no answer.
        refuseGone(intent);
        return value;
      } catch (error) {
        refuseGone(intent, error);
        if (error instanceof OnpathError && error.code === "timeout") giveUp(error.message);
        throw error;
      }
    })();
    busy = result.catch(() => undefined);
    return result;
  };

  const refuseGone = (intent: string, cause?: unknown) => {
    const why = broken ?? gone();
    if (why === undefined) return;
    giveUp(why);
    throw new OnpathError(
      "device",
      `Cannot ${intent}: the card is gone, ${why}. Open it again`,
      { why },
      cause === undefined ? undefined : { cause },
    );
  };

  const openPart = async (build: CardBuild, wait: WaitOptions): Promise<Part> => {
    let found = parts.get(build);
    if (found === undefined) {
      const kernel = openCardKernel(device, build);
      try {
        const tables = await createCardTables(device, kernel.tables, wait);
        const packets = createCardPackets(device, kernel.packets);
        const counts = kernel.counts(false);
        found = { kernel, tables, packets, sent: 0, counts, old: false, dropped: false };
      } catch (error) {
        kernel.close();
        throw error;
      }
      parts.set(build, found);
    }
    return found;
  };

  const swapsOf = () => [...parts.values()].reduce((sum, part) => sum + countsOf(part).swaps, 0);

  const countsOf = (part: Part): KernelCounts => {
    if (!part.old || broken !== undefined || gone() !== undefined) return part.counts;
    const counts = part.kernel.counts(part.dropped);
    if (gone() !== undefined) return part.counts;
    Object.assign(part, { counts, old: false, dropped: false });
    return counts;
  };

  const load = async (next: ImagePlan, wait: WaitOptions) => {
    const { build, values, tables } = rtlProgram(next);
    forgetText();
    const kept = plan?.id === next.id;
    if (kept && next.body.pages === null && build !== "rows") return;
    const opened = await openPart(build, wait);
    await opened.packets.settle(wait);
    const swaps = swapsOf();
    tableBytes += (swaps - pastSwaps) * (plan?.body.pages?.bytes ?? 0);
    pastSwaps = swaps;
    staged = [];
    part = opened;
    plan = undefined;
    // A session begins without pages and without rows on chip, whatever the one before has left.
    await opened.kernel.start(values, wait);
    if (kept) plan = next;
    else {
      if (next.body.pages !== null) {
        await opened.tables.openPages(next.body.pages.count, next.body.pages.bytes, wait);
        const all = [[0, next.body.layout.cut.packets - 1]] as const;
        ahead = schedulePages(next, all).work.map(({ page }) => page).reverse();
      }
      await opened.tables.load(tables, wait);
      each = answersPerRequest(next);
      tableBytes += residentBytes(next.body.tables, next.body.pages !== null);
      plan = next;
    }
    opened.old = true;
  };

  const forgetText = () => {
    text?.words.close();
    text = undefined;
  };

  const loadText = async (next: TextPlan, vocabulary: Vocabulary, wait: WaitOptions) => {
    checkCardText(next, vocabulary);
    const opened = await openPart("tokenize", wait);
    await opened.packets.settle(wait);
    cardLookups(opened.kernel);
    const loaded = await loadCardText(device, opened.kernel, opened.tables, next, vocabulary, wait);
    forgetText();
    [text, part, plan, opened.old] = [loaded, opened, undefined, true];
    tableBytes += loaded.tableBytes;
  };

  /** Brings pages that come later into the card's memory, as long as packets are at work. */
  const bringAhead = async (
    { body: { stages } }: ImagePlan,
    { tables }: Part,
    moving: Promise<unknown>,
    wait: WaitOptions,
  ) => {
    const { kernel, params, form } = stages[0]!;
    let over = false;
    void moving.catch(() => {}).then(() => over = true);
    while (!over && ahead.length > 0) {
      const page = ahead.pop()!;
      if (!tables.holds(page)) await tables.bring(page, KERNELS[kernel]!.page!(params, form, page), wait);
    }
  };

  const exchange: Device["exchange"] = (exchange, wait = {}) =>
    onCard("exchange packets", async () => {
      wait.signal?.throwIfAborted();
      if (text !== undefined && part !== undefined) {
        checkExchange(exchange);
        if (exchange.count === 0) return 0;
        const { answers } = await part.packets.exchange(exchange, text.plan.parts, wait);
        part.sent += exchange.count;
        part.old = part.dropped = true;
        return answers;
      }
      if (plan === undefined || part === undefined) {
        throw new OnpathError("device", "Cannot exchange packets: the XRT device has no plan");
      }
      checkExchange(exchange);
      const { kernel, packets, tables } = part;
      const { planes, itemBytes } = plan.body.output;
      const loads = staged;
      if (exchange.count === 0 && loads.length === 0) return 0;
      if (plan.body.pages !== null) {
        const commands = pageCommands(loads, lastEpoch(exchange));
        await tables.queue(
          commands.map((command, n) => ({ ...command, page: loads[n - 1]?.page ?? null })),
          wait,
        );
        staged = [];
      }
      const before = kernel.left();
      const moving = packets.exchange(exchange, each, wait);
      const [{ answers, bytes }] = await Promise.all([
        moving,
        plan.body.pages === null ? undefined : bringAhead(plan, part, moving, wait),
      ]).finally(() => moving.catch(() => undefined));
      part.sent += exchange.count;
      part.old = true;
      lookups += bytes / (itemBytes * planes) * lookupsPerItem(plan);
      const left = (kernel.left() - before) >>> 0;
      const inside = kernel.present();
      refuseGone("exchange packets");
      if (left !== exchange.count || each !== 1) {
        part.dropped = true;
        const missed = countsBefore(part, () => countsOf(part!));
        refuseGone("exchange packets");
        if (missed > 0) {
          throw new OnpathError(
            "table",
            `Cannot process ${missed} of ${exchange.count} packets: their page is not resident in their epoch, ` +
              "its swap schedule does not serve it",
            { packets: missed },
          );
        }
      }
      if (inside > 0) {
        throw new OnpathError(
          "device",
          `Cannot complete an exchange: ${inside} packets are still in the kernel, though its mover is done`,
          { inside },
        );
      }
      return answers;
    });

  /** Packets whose page was missing, since the counters were last read. */
  const countsBefore = (part: Part, read: () => KernelCounts): number => {
    const before = part.counts.drops[PAGE]!;
    return read().drops[PAGE]! - before;
  };

  /** Lets what is under way end before it is closed: loads for an epoch that never came do not. */
  const settle = async ({ packets, tables }: Part): Promise<void> => {
    if (broken === undefined) {
      try {
        await packets.settle({ timeoutMs: SETTLE_MS });
        await tables.settle({ timeoutMs: SETTLE_MS });
      } catch (error) {
        giveUp(`it was closed with work under way: ${(error as Error).message}`);
      }
    }
    if (broken === undefined || options.giveUp === undefined) return;
    // It was given up: every wait ends, and what it held can be freed.
    await packets.settle({});
    await tables.settle({});
  };

  const self: Device = {
    profile: XRT_PROFILE,
    load: (next, wait = {}) => onCard("load a plan", () => load(next, wait)),
    loadText: (next, vocabulary, wait = {}) =>
      onCard("load a text plan", () => loadText(next, vocabulary, wait)),
    stage: (pages, wait = {}) =>
      onCard("stage pages", async () => {
        if (plan?.body.pages == null) {
          throw new OnpathError("device", "Cannot stage pages: the XRT device has no plan with pages");
        }
        checkPages(pages, plan.body.pages.bytes);
        for (const { page, bytes } of pages) await part!.tables.bring(page, bytes, wait);
        staged.push(...pages);
      }),
    exchange,
    counters: () => {
      const tokenizer = parts.get("tokenize");
      if (tokenizer?.old && broken === undefined && gone() === undefined) {
        textLookups = cardLookups(tokenizer.kernel);
      }
      const all = [...parts.values()].map((part) => ({ part, counts: countsOf(part) }));
      const sum = (count: (counts: KernelCounts) => number) =>
        all.reduce((total, { counts }) => total + count(counts), 0);
      const dropped: Partial<Record<DropReason, number>> = {};
      DROP_REASONS.forEach((name, reason) => {
        const count = reason === PAGE ? 0 : sum(({ drops }) => drops[reason]!);
        if (count > 0) dropped[name as DropReason] = count;
      });
      const drops = sum(({ drops }) => drops.reduce((total, count) => total + count, 0));
      const swaps = sum(({ swaps }) => swaps);
      return {
        packets: all.reduce((total, { part }) => total + part.sent, 0) - drops,
        dropped,
        lookups: Math.round(lookups) + textLookups,
        cycles: sum(({ cycles }) => cycles),
        stalls: sum(({ stalls }) => stalls),
        swaps,
        tableBytes: tableBytes + (swaps - pastSwaps) * (plan?.body.pages?.bytes ?? 0),
      };
    },
    close: async () => {
      if (closed) return;
      closed = true;
      // What is under way holds buffers. It ends within its timeout, and at once where the card is gone.
      await busy;
      for (const part of parts.values()) {
        countsOf(part);
        part.old = false;
        await settle(part);
      }
      plan = part = undefined;
      if (broken === undefined || options.giveUp !== undefined) await (options.close?.() ?? device.close());
    },
    [Symbol.asyncDispose]: () => self.close(),
  };
  return self;
}
