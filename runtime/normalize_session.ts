/**
 * A session of normalisation: a plan on a device. Texts in, normalised texts out.
 *
 * @module
 */

import { bounded } from "../serialize/wait.ts";
import { checkWhole, OnpathError } from "../serialize/errors.ts";
import { createTextWriter } from "../serialize/text/text_writer.ts";
import type { TokenOutcome } from "../serialize/text/flow_append.ts";
import type { Device, DeviceCounters } from "./device/device.ts";
import type { RunOptions } from "./session.ts";
import { type NormalizeCounts, NormalizeJob } from "../kernels/text_normalize/normalize_job.ts";
import type { NormalizePlan } from "../kernels/text_normalize/plan.ts";
import { newTimes, Pump, type PumpTimes } from "./pump.ts";

/** What a run did. Times are of this process and this run. */
export interface NormalizeReport extends Readonly<NormalizeCounts>, Readonly<PumpTimes> {
  /** Bytes of text. */
  readonly bytes: number;
  /** Answers, by what became of them, since the session was opened. */
  readonly outcomes: Readonly<Partial<Record<TokenOutcome, number>>>;
  /** The device's counters since it was opened. */
  readonly counters: DeviceCounters;
}

/** A text that grows. Steps of one stream are taken in their order. */
export interface NormalizeStream {
  /**
   * Takes more of the text.
   *
   * @param bytes UTF-8, which may end inside a character and may be invalid.
   * @returns What is certain now.
   */
  readonly push: (bytes: Uint8Array) => Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Ends the text.
   *
   * @returns The rest. The stream can then take a new text.
   */
  readonly end: () => Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * A plan of normalisation on a device. Runs queue up: one at a time reaches the device.
 *
 * @example
 * ```ts
 * import { compileNormalize, createModelDevice, NormalizeSession } from "onpath/runtime";
 * import assert from "node:assert/strict";
 *
 * await using device = createModelDevice();
 * const pipeline = { steps: [{ op: "normalize_text", steps: [{ op: "nfc" }, { op: "lower_case" }] }] };
 * const session = await NormalizeSession.open(compileNormalize(pipeline, { device }), device);
 * const { text } = await session.normalize("CAFE\u0301");
 * assert.equal(new TextDecoder().decode(text), "café");
 * ```
 */
export class NormalizeSession {
  /** The plan. */
  readonly plan: NormalizePlan;
  readonly #device: Device;
  readonly #pump: Pump;
  readonly #newJob: (text?: Uint8Array) => NormalizeJob;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(plan: NormalizePlan, device: Device) {
    this.plan = plan;
    this.#device = device;
    this.#pump = new Pump(plan, device);
    const writer = createTextWriter({ plan: plan.id, checksum: plan.checksum });
    this.#newJob = (text) => new NormalizeJob(plan, writer, text);
  }

  /**
   * Loads a plan and reserves memory for packets.
   *
   * @param plan A plan of normalisation for this device.
   * @param device An open device; it stays the caller's to close.
   * @param options How long to wait for the device, and a signal.
   * @throws {OnpathError} `plan` when the plan is for another device; `device` when the device normalises no text;
   * `timeout`.
   */
  static async open(
    plan: NormalizePlan,
    device: Device,
    options: RunOptions = {},
  ): Promise<NormalizeSession> {
    const { name } = device.profile;
    if (plan.device !== name) {
      throw new OnpathError(
        "plan",
        `Cannot run plan ${plan.id} on device ${name}: it was compiled for ${plan.device}`,
        { plan: plan.id, device: name, expected: plan.device },
      );
    }
    if (device.loadNormalize === undefined) {
      throw new OnpathError("device", `Cannot run plan ${plan.id}: device ${name} normalises no text`, {
        device: name,
      });
    }
    options.signal?.throwIfAborted();
    await bounded(`device ${name} to load plan ${plan.id}`, device.loadNormalize(plan, options), options);
    return new NormalizeSession(plan, device);
  }

  /**
   * Normalises a text.
   *
   * @param text A string, or bytes of UTF-8; what is malformed stands for U+FFFD.
   * @param options Timeout, signal, retries.
   * @returns The normalised text as UTF-8, which is that of `normalizeText` for every text; and what the run did.
   * @throws {OnpathError} `gap` when answers did not come back, `timeout` or `device` when the device fails.
   */
  async normalize(
    text: string | Uint8Array,
    options: RunOptions = {},
  ): Promise<{ readonly text: Uint8Array<ArrayBuffer>; readonly report: NormalizeReport }> {
    const { texts, report } = await this.normalizeMany([text], options);
    return { text: texts[0]!, report };
  }

  /**
   * Normalises texts; their packets travel together.
   *
   * @param texts Strings, or bytes of UTF-8.
   * @param options Timeout, signal, retries, progress by texts.
   * @returns The normalised texts, and what the run did.
   * @throws {OnpathError} As {@linkcode NormalizeSession.normalize}.
   */
  normalizeMany(
    texts: readonly (string | Uint8Array)[],
    options: RunOptions = {},
  ): Promise<{ readonly texts: Uint8Array<ArrayBuffer>[]; readonly report: NormalizeReport }> {
    return this.#queued(async () => {
      checkWhole("a number of retries of", options.retries ?? 2, 0, 1000);
      const utf8 = new TextEncoder();
      const bytes = texts.map((text) => typeof text === "string" ? utf8.encode(text) : text);
      const jobs = bytes.map((text) => text.length === 0 ? null : this.#newJob(text));
      const sent = jobs.filter((job) => job !== null);
      const times = newTimes();
      await this.#pump.run(sent, times, options);
      const report = {
        bytes: bytes.reduce((sum, { length }) => sum + length, 0),
        ...sumOf(sent),
        ...times,
        outcomes: { ...this.#pump.outcomes },
        counters: this.#device.counters(),
      };
      return { texts: jobs.map((job) => job === null ? new Uint8Array(0) : job.take().slice()), report };
    });
  }

  /**
   * Begins a text that grows.
   *
   * @param options Timeout, signal and retries of every step.
   * @returns The stream. Several may be open; their steps queue up.
   */
  stream(options: RunOptions = {}): NormalizeStream {
    let job: NormalizeJob | null = null;
    const step = (bytes: Uint8Array, ends: boolean) =>
      this.#queued(async () => {
        if (job === null && bytes.length === 0) return new Uint8Array(0);
        const one = job ??= this.#newJob();
        one.push(bytes);
        if (ends) {
          one.end();
          job = null;
        }
        await this.#pump.run([one], newTimes(), options);
        return one.take().slice();
      });
    return { push: (bytes) => step(bytes, false), end: () => step(new Uint8Array(0), true) };
  }

  #queued<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(run);
    this.#queue = result.then(() => undefined, () => undefined);
    return result;
  }
}

function sumOf(jobs: readonly NormalizeJob[]): NormalizeCounts {
  const sum: NormalizeCounts = { sent: 0, resent: 0, escapes: 0, hostBytes: 0 };
  for (const { counts } of jobs) {
    for (const name of Object.keys(sum) as (keyof NormalizeCounts)[]) sum[name] += counts[name];
  }
  return sum;
}
