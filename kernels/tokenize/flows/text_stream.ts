/**
 * A text that grows: its tokens come as soon as they are final.
 *
 * @module
 */

import { createNormalizerStream, type NormalizerStream } from "../../text_normalize/stream.ts";
import { SpecialSplitter } from "../special.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { StatefulJob } from "./stateful_job.ts";
import type { TextContext } from "./text_job.ts";

/** A text that grows. Steps of one stream are taken in their order. */
export interface TextStream {
  /**
   * Takes more of the text.
   *
   * @param text A string, or bytes of UTF-8, which may end inside a character.
   * @returns The ids that are final now.
   */
  readonly push: (text: string | Uint8Array) => Promise<Uint32Array>;
  /**
   * Ends the text.
   *
   * @returns The remaining ids. The stream can then take a new text.
   */
  readonly end: () => Promise<Uint32Array>;
}

/** Tokens that have been given out are forgotten when there are so many. */
const MOST_KEPT = 4096;

/**
 * Begins a text that grows.
 *
 * @param context What jobs of the session share.
 * @param run Sends what a job has to send.
 * @returns The stream.
 * @throws {OnpathError} `pipeline` when chunks overlap.
 */
export function openTextStream(context: TextContext, run: (job: StatefulJob) => Promise<void>): TextStream {
  const { plan } = context;
  if (plan.mode !== "stateful") {
    throw new OnpathError(
      "pipeline",
      `Cannot stream a text with plan ${plan.id}: its chunks overlap, use mode "stateful"`,
      { plan: plan.id, mode: plan.mode },
    );
  }
  const utf8 = new TextEncoder();
  let decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let begun = false;
  let job: StatefulJob | null = null;
  // Tokens of the job that have been given out.
  let given = 0;
  let normalizer: NormalizerStream | null = null;
  // What is to be done, in order: text, special tokens, and the end of what stands before one.
  let tasks: (Uint8Array | { readonly id: number } | "end")[] = [];
  const splitter = plan.special.length === 0 ? null : new SpecialSplitter(plan.special, {
    text: (bytes, from, to) => tasks.push(bytes.slice(from, to)),
    special: (id) => tasks.push("end", { id }),
  });

  const put = (bytes: Uint8Array) => {
    job ??= new StatefulJob(context);
    job.push(bytes, 0, bytes.length);
  };
  const take = (ids: number[]) => {
    if (job === null) return;
    const { run } = job;
    for (; given < run.count; given++) ids.push(run.tokens[given]! >> 1);
    const settled = run.confirmed();
    if (settled > MOST_KEPT && given >= settled) {
      job.forget(settled);
      given -= settled;
    }
  };
  const endPart = async (ids: number[]) => {
    if (normalizer !== null) {
      const rest = normalizer.end();
      normalizer = null;
      if (rest.length > 0) put(rest);
    }
    if (job === null) return;
    job.end();
    await run(job);
    take(ids);
    job = null;
    given = 0;
  };
  const work = async (ids: number[]) => {
    const todo = tasks;
    tasks = [];
    for (const task of todo) {
      if (task === "end") await endPart(ids);
      else if ("id" in task) ids.push(task.id);
      else if (plan.normalization.length === 0) put(task);
      else {
        normalizer ??= createNormalizerStream(plan.normalization);
        const bytes = normalizer.push(task);
        if (bytes.length > 0) put(bytes);
      }
    }
    if (job !== null) {
      await run(job);
      take(ids);
    }
  };
  const step = async (text: Uint8Array, ends: boolean): Promise<Uint32Array> => {
    const ids: number[] = begun ? [] : [...plan.around.before];
    begun = !ends;
    if (splitter === null) { if (text.length > 0) tasks.push(text); }
    else {
      splitter.take(text, 0, text.length);
      if (ends) splitter.end();
    }
    if (ends) tasks.push("end");
    await work(ids);
    if (ends) ids.push(...plan.around.after);
    return Uint32Array.from(ids);
  };
  let queue: Promise<unknown> = Promise.resolve();
  const queued = (next: () => Promise<Uint32Array>) => {
    const result = queue.then(next);
    queue = result.then(() => undefined, () => undefined);
    return result;
  };
  return {
    push: (text) =>
      queued(() =>
        step(
          typeof text === "string" ? utf8.encode(text) : utf8.encode(decoder.decode(text, { stream: true })),
          false,
        )
      ),
    end: () =>
      queued(() => {
        const rest = utf8.encode(decoder.decode());
        decoder = new TextDecoder("utf-8", { ignoreBOM: true });
        return step(rest, true);
      }),
  };
}
