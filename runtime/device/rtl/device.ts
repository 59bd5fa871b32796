/**
 * The RTL device: the SystemVerilog of the NIC, compiled to WebAssembly, cycle by cycle.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { residentBytes } from "../../../kernels/image/plan/cost.ts";
import type { ImagePlan } from "../../../kernels/image/plan/plan.ts";
import type { Device, DropReason } from "../device.ts";
import { checkExchange, lastEpoch } from "../model.ts";
import { checkPages } from "../../../kernels/image/model/page_bank.ts";
import type { PageLoad } from "../../../kernels/program.ts";
import type { DeviceProfile } from "../../../kernels/target/profile.ts";
import { DROP_REASONS } from "../../../kernels/rtl/registers.ts";
import { type CardCounters, openRtlCard, type RtlCard } from "./card.ts";
import { compileBuild, type RtlBuildName } from "./build.ts";
import { fillCard, takeAnswers } from "./exchange.ts";
import { pageCommands } from "../../../kernels/rtl/page_commands.ts";
import { RTL_PROFILE } from "./profile.ts";
import { rtlProgram } from "../../../kernels/image/rtl/program.ts";
import { driveRtlText, type RtlText } from "./text.ts";
import { checkWave, type WaveOptions } from "./wave.ts";

/** The check that fails when a packet's page is not there: that is a failure, not a drop. */
const PAGE = DROP_REASONS.indexOf("page");

/** A run that takes so many has gone wrong: the longest one has some millions. */
const MOST_CYCLES = 2 ** 30;

/** What an RTL device may be asked for. */
export interface RtlDeviceOptions {
  /**
   * A waveform of the signals within the build that the first plan is loaded into; packets of plans for
   * another build are neither counted nor written. Answers and counts are the same with it. It wants that build
   * with waveforms in {@linkcode RtlDeviceOptions.builds}: the library carries none of these.
   */
  readonly wave?: WaveOptions | undefined;
  /** The profile of an RTL of one's own, as {@linkcode rtlProfile} makes it. */
  readonly profile?: DeviceProfile;
  /**
   * The WebAssembly of an RTL of one's own, by what plans ask for: `kernels/rtl` built with other parameters,
   * and for waveforms where one is asked for. What is left out is the library's.
   */
  readonly builds?: Readonly<Partial<Record<RtlBuildName, WebAssembly.Module>>>;
}

/**
 * Opens an RTL device.
 *
 * @param options A waveform, where one is wanted; an RTL of one's own.
 * @returns The device. Its cycles and drops are the hardware's own counters; times follow from an
 * assumed clock.
 * @throws {OnpathError} `size` when the waveform's packets are no range.
 *
 * @example
 * ```ts
 * import { createRtlDevice } from "onpath";
 * import assert from "node:assert/strict";
 *
 * await using device = await createRtlDevice();
 * assert.equal(device.counters().cycles, 0);
 * ```
 */
export async function createRtlDevice(options: RtlDeviceOptions = {}): Promise<Device> {
  const { wave, profile = RTL_PROFILE, builds = {} } = options;
  if (wave !== undefined) checkWave(wave);
  // A card holds one build at a time; the counts of all that were opened add up.
  const cards = new Map<RtlBuildName | "tokenize", RtlCard>();
  const open = async (build: RtlBuildName): Promise<RtlCard> => {
    const opened = cards.get(build);
    if (opened !== undefined) return opened;
    const traced = cards.size === 0 ? wave : undefined;
    if (traced !== undefined && builds[build] === undefined) throw lacksWaves(build);
    const module = builds[build] ?? await compileBuild(build);
    const made = await openRtlCard(module, traced, profile.clockMHz);
    cards.set(build, made);
    return made;
  };
  let card!: RtlCard;
  // Which build writes a waveform is known when a plan comes.
  if (wave === undefined) card = await open("terms");
  // Packets may bring several answers or none, so those that came are counted here.
  const sentIn = new Map<RtlCard, number>();
  let plan: ImagePlan | undefined;
  // The tokenizer, once it was asked for, and whether a text plan is what is loaded.
  let text: RtlText | undefined;
  let isText = false;
  let closed = false;
  let lookups = 0;
  let tableBytes = 0;
  // Of plans before the one that is loaded.
  let pastSwaps = 0;
  let staged: PageLoad[] = [];
  const device: Device = {
    profile,
    load: async (next) => {
      if (closed) throw new OnpathError("device", "Cannot load a plan: the RTL device is closed");
      const { build, values, tables } = rtlProgram(next);
      isText = false;
      const kept = plan?.id === next.id;
      if (kept && next.body.pages === null && build !== "rows") return;
      const opened = await open(build);
      if (!sentIn.has(opened)) sentIn.set(opened, 0);
      const swaps = swapsOf(cards);
      tableBytes += (swaps - pastSwaps) * (plan?.body.pages?.bytes ?? 0);
      pastSwaps = swaps;
      staged = [];
      card = opened;
      // A session begins without pages and without rows, whatever the one before has left.
      card.start(values);
      plan = next;
      if (kept) return;
      for (const { table, entries } of tables) card.loadTable(table, entries);
      tableBytes += residentBytes(next.body.tables, next.body.pages !== null);
    },
    loadText: async (next, vocabulary) => {
      if (closed) throw new OnpathError("device", "Cannot load a text plan: the RTL device is closed");
      if (text === undefined) {
        text = await driveRtlText();
        cards.set("tokenize", text.card);
        sentIn.set(text.card, 0);
      }
      tableBytes += text.load(next, vocabulary);
      card = text.card;
      plan = undefined;
      isText = true;
    },
    stage: (pages) =>
      attempt(() => {
        if (plan?.body.pages == null) {
          throw new OnpathError("device", "Cannot stage pages: the RTL device has no plan with pages");
        }
        checkPages(pages, plan.body.pages.bytes);
        staged.push(...pages);
      }),
    exchange: (exchange, options) =>
      attempt(() => {
        options?.signal?.throwIfAborted();
        if (!closed && isText) {
          checkExchange(exchange);
          const answers = text!.exchange(exchange);
          sentIn.set(card, sentIn.get(card)! + exchange.count);
          return answers;
        }
        if (closed || plan === undefined) {
          throw new OnpathError(
            "device",
            `Cannot exchange packets: the RTL device ${closed ? "is closed" : "has no plan"}`,
          );
        }
        checkExchange(exchange);
        if (plan.body.pages !== null) {
          card.queue(pageCommands(staged, lastEpoch(exchange)));
          staged = [];
        }
        const missing = card.counters().drops[PAGE]!;
        let answers = 0;
        const { planes, itemBytes } = plan.body.output;
        const perItem = lookupsPerItem(plan);
        for (let sent = 0; sent < exchange.count;) {
          options?.signal?.throwIfAborted();
          const count = fillCard(card, exchange.input, sent, exchange.count);
          const collect = (given: number) => {
            for (const bytes of takeAnswers(card, exchange.output, answers, given)) {
              lookups += bytes / (itemBytes * planes) * perItem;
            }
            answers += given;
          };
          collect(card.run(count, {}, MOST_CYCLES, collect));
          sent += count;
          sentIn.set(card, sentIn.get(card)! + count);
        }
        const missed = card.counters().drops[PAGE]! - missing;
        if (missed > 0) {
          throw new OnpathError(
            "table",
            `Cannot process ${missed} of ${exchange.count} packets: their page is not resident in their epoch, ` +
              "its swap schedule does not serve it",
            { packets: missed },
          );
        }
        return answers;
      }),
    counters: () => {
      const all = [...cards.values()].map((each) => each.counters());
      const sum = (count: (each: CardCounters) => number) =>
        all.reduce((total, each) => total + count(each), 0);
      const dropped: Partial<Record<DropReason, number>> = {};
      DROP_REASONS.forEach((name, reason) => {
        if (reason === PAGE) return;
        const count = sum(({ drops }) => drops[reason]!);
        if (count > 0) dropped[name as DropReason] = count;
      });
      return {
        packets: [...sentIn].reduce((total, [each, sent]) => total + sent - sumOf(each.counters().drops), 0),
        dropped,
        lookups: Math.round(lookups) + (text?.lookups() ?? 0),
        cycles: sum(({ cycles, words }) => cycles + words),
        stalls: sum(({ stalls }) => stalls),
        swaps: sum(({ swaps }) => swaps),
        tableBytes: tableBytes + (swapsOf(cards) - pastSwaps) * (plan?.body.pages?.bytes ?? 0),
      };
    },
    close: () => {
      closed = true;
      plan = undefined;
      isText = false;
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => device.close(),
  };
  return device;
}

function lacksWaves(build: RtlBuildName): OnpathError {
  return new OnpathError(
    "device",
    `Cannot write a waveform: the library carries no build of the RTL with waveforms. Make it in a checkout with ` +
      `deno task rtl --wave, and give it as builds.${build}`,
    { build },
  );
}

function swapsOf(cards: ReadonlyMap<unknown, RtlCard>): number {
  let swaps = 0;
  for (const card of cards.values()) swaps += card.counters().swaps;
  return swaps;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/**
 * Lookups that a plan takes for each item of its answers.
 *
 * @param plan The plan.
 */
export function lookupsPerItem({ body: { tables, layout } }: ImagePlan): number {
  return tables.reduce(
    (sum, table) => sum + table.lookups * (table.per === "sample" ? layout.channels : 1),
    0,
  );
}

/** Runs a function at once; what it throws becomes a rejection. */
function attempt<T>(run: () => T): Promise<T> {
  return new Promise((resolve) => resolve(run()));
}
