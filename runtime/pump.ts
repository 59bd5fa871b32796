/**
 * Jobs through a device: packets of all of them in turns, exchange by exchange.
 *
 * @module
 */

import { bounded, DEFAULT_TIMEOUT_MS } from "../serialize/wait.ts";
import { createEngine } from "../serialize/engine.ts";
import { OnpathError } from "../serialize/errors.ts";
import {
  type PacketSlots,
  reserveSlots,
  slotAddress,
  slotBytesFor,
  SLOTS_ALIGNMENT,
} from "../serialize/packets.ts";
import type { TokenOutcome } from "../serialize/text/flow_append.ts";
import { TEXT_FLOWS } from "../kernels/tokenize/held_flows.ts";
import type { Device } from "./device/device.ts";
import type { RunOptions } from "./session.ts";
import type { TextPlan } from "../kernels/tokenize/plan/plan.ts";
import type { PacketJob } from "../kernels/tokenize/flows/text_job.ts";

/** Texts that are cut into chunks and are under way at once; of those with state, as many as a device holds. */
const MOST_CHUNKED = 64;

/** What the exchanges of a run took. */
export interface PumpTimes {
  /** Milliseconds of host time spent writing packets. */
  serializeMs: number;
  /** Milliseconds waiting for the device. */
  deviceMs: number;
  /** Milliseconds of host time spent putting answers together. */
  appendMs: number;
}

/** No time yet. */
export function newTimes(): PumpTimes {
  return { serializeMs: 0, deviceMs: 0, appendMs: 0 };
}

/** What a pump asks of a plan. */
export type PumpPlan = Pick<TextPlan, "mode" | "packets" | "parts" | "longest">;

/** Moves packets between jobs and a device. Lives as long as a session. */
export class Pump {
  /** Packets that came back, by what became of them. */
  readonly outcomes: Partial<Record<TokenOutcome, number>> = {};
  readonly #plan: PumpPlan;
  readonly #device: Device;
  readonly #requests: PacketSlots;
  readonly #answers: PacketSlots;
  #broken = false;

  /**
   * Reserves memory for packets.
   *
   * @param plan The plan.
   * @param device A device that has loaded it.
   */
  constructor(plan: PumpPlan, device: Device) {
    this.#plan = plan;
    this.#device = device;
    const { packets, parts, longest } = plan;
    const slots = packets + packets * parts;
    const engine = createEngine(slots * slotBytesFor(longest) + 2 * SLOTS_ALIGNMENT);
    this.#requests = reserveSlots(engine, packets, longest);
    this.#answers = reserveSlots(engine, packets * parts, longest);
  }

  /**
   * Sends what jobs have to send until they have nothing more.
   *
   * @param jobs The jobs.
   * @param times Where time is added.
   * @param options Timeout, signal, retries, progress.
   * @throws {OnpathError} `gap` when answers did not come back, `timeout`, `device`.
   */
  async run(jobs: readonly PacketJob[], times: PumpTimes, options: RunOptions): Promise<void> {
    if (this.#broken) {
      throw new OnpathError(
        "device",
        "Cannot run: an exchange with the device failed or was cut short, open a new session",
      );
    }
    const { retries = 2, onProgress } = options;
    const most = this.#plan.mode === "stateful" ? TEXT_FLOWS : MOST_CHUNKED;
    let active: PacketJob[] = [];
    let next = 0, done = 0;
    for (;;) {
      while (active.length < most && next < jobs.length) active.push(jobs[next++]!);
      options.signal?.throwIfAborted();
      const start = performance.now();
      const count = this.#write(active);
      times.serializeMs += performance.now() - start;
      if (count === 0) {
        const waits = active.filter((job) => job.done).length;
        done += waits;
        if (waits === 0) return;
        active = active.filter((job) => !job.done);
        continue;
      }
      await this.#exchange(active, count, times, options);
      for (const job of active) {
        if (job.idle > retries) throw lost(retries, this.outcomes);
      }
      const still = active.filter((job) => !job.done);
      done += active.length - still.length;
      active = still;
      onProgress?.({ done, total: jobs.length });
    }
  }

  /** Writes packets, one of each job in turn; returns how many. */
  #write(jobs: readonly PacketJob[]): number {
    const { packets } = this.#plan;
    let count = 0;
    for (let more = true; more && count < packets;) {
      more = false;
      for (let n = 0; n < jobs.length && count < packets; n++) {
        if (!jobs[n]!.write(this.#requests, count)) continue;
        count++;
        more = true;
      }
    }
    return count;
  }

  async #exchange(
    jobs: readonly PacketJob[],
    count: number,
    times: PumpTimes,
    options: RunOptions,
  ): Promise<void> {
    const { name } = this.#device.profile;
    const sentAt = performance.now();
    let answers: number;
    try {
      const answered = this.#device.exchange(
        { input: this.#requests, count, output: this.#answers },
        options,
      );
      answers = await bounded(`device ${name}`, answered, {
        timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
        signal: options.signal,
      });
    } catch (error) {
      this.#broken = true;
      throw error;
    }
    const backAt = performance.now();
    times.deviceMs += backAt - sentAt;
    if (!Number.isInteger(answers) || answers < 0 || answers > this.#answers.slots) {
      throw new OnpathError("device", `Cannot run: device ${name} announced ${answers} answers`, {
        device: name,
        answers,
        most: this.#answers.slots,
      });
    }
    let job: PacketJob | undefined;
    for (let slot = 0; slot < answers; slot++) {
      const flow = this.#answers.engine.view.getUint32(slotAddress(this.#answers, slot) + FLOW_AT, true);
      if (job === undefined || !job.owns(flow)) job = jobs.find((each) => each.owns(flow));
      const outcome = job === undefined ? "flow" : job.accept(this.#answers, slot);
      this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
    }
    for (const each of jobs) each.settle();
    times.appendMs += performance.now() - backAt;
  }
}

/** Where a header has its flow. */
const FLOW_AT = 8;

function lost(retries: number, outcomes: Readonly<Partial<Record<TokenOutcome, number>>>): OnpathError {
  const { accepted: _, early: __, duplicate: ___, ...refused } = outcomes;
  const reasons = Object.entries(refused).map(([name, count]) => `${name} ${count}`).join(", ");
  return new OnpathError(
    "gap",
    `Cannot complete a text: answers did not come back after ${retries + 1} tries` +
      (reasons === "" ? "" : ` (refused answers: ${reasons})`),
    { refused },
  );
}
