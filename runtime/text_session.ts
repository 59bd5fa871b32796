/**
 * A text session: a text plan on a device. Texts in, ids out, whatever the device gives up or loses.
 *
 * @module
 */

import type { ChunkCache } from "../kernels/tokenize/chunk_cache.ts";
import { tokenLengths, wellFormed } from "../kernels/tokenize/text_parts.ts";
import type { Vocabulary } from "../kernels/tokenize/vocabulary.ts";
import { bounded } from "../serialize/wait.ts";
import { checkWhole, OnpathError } from "../serialize/errors.ts";
import { createTextWriter } from "../serialize/text/text_writer.ts";
import type { MergedChunk } from "../serialize/text/chunk_merge.ts";
import type { TokenOutcome } from "../serialize/text/flow_append.ts";
import type { Device, DeviceCounters } from "./device/device.ts";
import type { RunOptions } from "./session.ts";
import { checkTextVocabulary } from "../kernels/tokenize/plan/check.ts";
import { HostTail } from "../kernels/tokenize/flows/host_tail.ts";
import { OverlapJob } from "../kernels/tokenize/flows/overlap_job.ts";
import type { TextPlan } from "../kernels/tokenize/plan/plan.ts";
import { newTimes, Pump, type PumpTimes } from "./pump.ts";
import { StatefulJob } from "../kernels/tokenize/flows/stateful_job.ts";
import {
  newJobCounts,
  type TextContext,
  type TextJob,
  type TextJobCounts,
} from "../kernels/tokenize/flows/text_job.ts";
import {
  jobsOf,
  joinPieces,
  rememberChunks,
  splitIntoPieces,
  type TextTokens,
} from "../kernels/tokenize/flows/text_pieces.ts";
import { openTextStream, type TextStream } from "../kernels/tokenize/flows/text_stream.ts";

/** What a run did. Times are of this process and this run. */
export interface TextReport extends Readonly<TextJobCounts>, Readonly<PumpTimes> {
  /** Bytes of text, as UTF-8. */
  readonly bytes: number;
  /** Answers, by what became of them, since the session was opened. */
  readonly outcomes: Readonly<Partial<Record<TokenOutcome, number>>>;
  /** The device's counters since it was opened. */
  readonly counters: DeviceCounters;
}

/** Options of a run over texts. */
export interface TextRunOptions extends RunOptions {
  /** Called with what became of each chunk, in `overlap` mode. */
  readonly onChunk?: ((text: number, chunk: MergedChunk) => void) | undefined;
}

/** How a session waits, and what it remembers. */
export interface TextSessionOptions extends RunOptions {
  /** Chunks that were seen before are taken from here and put here; other sessions may share it. */
  readonly cache?: ChunkCache | undefined;
}

/**
 * A text plan on a device. Runs queue up: one at a time reaches the device.
 *
 * @example
 * ```ts ignore
 * import { compileText, createModelDevice, decodeVocabulary, TextSession } from "onpath";
 *
 * await using device = createModelDevice();
 * const vocabulary = decodeVocabulary(bytes);
 * const plan = compileText({ steps: [{ op: "tokenize" }] }, { vocabulary, device });
 * const session = await TextSession.open(plan, vocabulary, device);
 * const { ids } = await session.encode("Hello, world");
 * ```
 */
export class TextSession {
  /** The plan. */
  readonly plan: TextPlan;
  readonly #device: Device;
  readonly #context: TextContext;
  readonly #pump: Pump;
  readonly #cache: ChunkCache | null;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(plan: TextPlan, vocabulary: Vocabulary, device: Device, cache: ChunkCache | null) {
    this.plan = plan;
    this.#cache = cache;
    this.#device = device;
    this.#pump = new Pump(plan, device);
    this.#context = {
      plan,
      writer: createTextWriter({ plan: plan.id, checksum: plan.checksum }),
      lengthOf: tokenLengths(vocabulary),
      makeTail: () => new HostTail(vocabulary),
    };
  }

  /**
   * Makes a plan's vocabulary resident and reserves memory for packets.
   *
   * @param plan A text plan for this device.
   * @param vocabulary The vocabulary that it was compiled for.
   * @param device An open device; it stays the caller's to close.
   * @param options How long to wait for the device, a signal, and a cache of chunks.
   * @throws {OnpathError} `plan` when the plan or the cache is for another device or vocabulary; `device` when the device serves
   * no text, or not this; `table` when the vocabulary does not fit; `timeout`.
   */
  static async open(
    plan: TextPlan,
    vocabulary: Vocabulary,
    device: Device,
    options: TextSessionOptions = {},
  ): Promise<TextSession> {
    const { name } = device.profile;
    if (plan.device !== name) {
      throw new OnpathError(
        "plan",
        `Cannot run text plan ${plan.id} on device ${name}: it was compiled for ${plan.device}`,
        { plan: plan.id, device: name, expected: plan.device },
      );
    }
    checkTextVocabulary(plan, vocabulary);
    if (options.cache !== undefined) checkTextVocabulary(plan, options.cache.vocabulary);
    if (device.loadText === undefined) {
      throw new OnpathError("device", `Cannot run text plan ${plan.id}: device ${name} serves no text`, {
        device: name,
      });
    }
    options.signal?.throwIfAborted();
    await bounded(
      `device ${name} to load text plan ${plan.id}`,
      device.loadText(plan, vocabulary, options),
      options,
    );
    return new TextSession(plan, vocabulary, device, options.cache ?? null);
  }

  /**
   * Tokenizes a text.
   *
   * @param text A string, or bytes of UTF-8; what is malformed stands for U+FFFD.
   * @param options Timeout, signal, retries.
   * @returns Its tokens: those of the reference tokenizer, for every text; and what the run did.
   * @throws {OnpathError} `gap` when answers did not come back, `timeout` or `device` when the device fails.
   */
  async encode(
    text: string | Uint8Array,
    options: TextRunOptions = {},
  ): Promise<TextTokens & { readonly report: TextReport }> {
    const { tokens, report } = await this.encodeMany([text], options);
    return { ...tokens[0]!, report };
  }

  /**
   * Tokenizes texts; their packets travel together.
   *
   * @param texts Strings, or bytes of UTF-8.
   * @param options Timeout, signal, retries, progress by parts of texts.
   * @returns The tokens of each, and what the run did.
   * @throws {OnpathError} As {@linkcode TextSession.encode}.
   */
  encodeMany(
    texts: readonly (string | Uint8Array)[],
    options: TextRunOptions = {},
  ): Promise<{ readonly tokens: TextTokens[]; readonly report: TextReport }> {
    return this.#queued(() => this.#encode(texts, options));
  }

  /**
   * Begins a text that grows, such as a prompt that is being typed or a chat that goes on.
   *
   * @param options Timeout, signal and retries of every step.
   * @returns The stream. Several may be open; their steps queue up.
   * @throws {OnpathError} `pipeline` when chunks overlap: a text that grows wants mode `stateful`.
   */
  stream(options: RunOptions = {}): TextStream {
    return openTextStream(this.#context, (job) =>
      this.#queued(async () => {
        await this.#pump.run([job], newTimes(), options);
      }));
  }

  #queued<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(run);
    this.#queue = result.then(() => undefined, () => undefined);
    return result;
  }

  async #encode(texts: readonly (string | Uint8Array)[], options: TextRunOptions) {
    checkWhole("a number of retries of", options.retries ?? 2, 0, 1000);
    if (options.timeoutMs !== undefined) {
      checkWhole("a timeout in milliseconds of", options.timeoutMs, 0, 2 ** 31 - 1);
    }
    const bytes = texts.map(wellFormed);
    const split = bytes.map((text, n) =>
      splitIntoPieces(this.plan, text, this.#cache, (part) => this.#job(part, n, options))
    );
    const jobs = jobsOf(split);
    const times = newTimes();
    await this.#pump.run(jobs, times, options);
    const unfinished = jobs.filter((job) => !job.done).length;
    if (unfinished > 0) {
      throw new OnpathError(
        "gap",
        `Cannot complete ${unfinished} of ${jobs.length} texts: nothing is left to send`,
        {
          unfinished,
        },
      );
    }
    const sum = newJobCounts();
    for (const { counts } of jobs) {
      for (const name of Object.keys(sum) as (keyof TextJobCounts)[]) sum[name] += counts[name];
    }
    const report: TextReport = {
      bytes: bytes.reduce((total, text) => total + text.length, 0),
      ...sum,
      ...times,
      outcomes: { ...this.#pump.outcomes },
      counters: this.#device.counters(),
    };
    if (this.#cache !== null) { for (const each of split) rememberChunks(each, this.#cache); }
    return { tokens: split.map((each) => joinPieces(this.plan, each)), report };
  }

  #job(part: Uint8Array, text: number, { onChunk }: TextRunOptions): TextJob {
    return this.plan.mode === "stateful"
      ? new StatefulJob(this.#context, part)
      : new OverlapJob(this.#context, part, onChunk && ((chunk) => onChunk(text, chunk)));
  }
}
