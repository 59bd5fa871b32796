/**
 * A growing text: its tokens are returned as soon as they are final.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { createNormalizerStream, type NormalizerStream } from "../../text_normalize/stream.ts";
import type { FlowStream, RunFlow } from "../../workload.ts";
import { checkText } from "../text_parts.ts";
import { createSplitter } from "../special_strip.ts";
import type { TextContext } from "./context.ts";
import { SequentialFlow } from "./token_flow.ts";

/** Delivered tokens beyond this number are removed from memory. */
const MAX_KEPT = 4096;

/** Next work of a stream: text, a special token, or the end of a stretch before one. */
type Task = Uint8Array | { readonly id: number } | "end";

/**
 * Starts a growing text.
 *
 * @param context Context of the session.
 * @param run Sends the packets of a flow.
 * @returns The stream. Each step returns the ids that became final; after a rejected step they stay for the
 * next.
 * @throws {OnpathError} `pipeline` if chunks overlap.
 */
export function openTextStream(
  context: TextContext,
  run: RunFlow,
): FlowStream<string | Uint8Array, Uint32Array> {
  const { plan } = context;
  const { mode, special, normalization, around } = plan.body;
  if (mode !== "stateful") {
    throw new OnpathError(
      "pipeline",
      `Cannot stream a text with plan ${plan.id}: its chunks overlap, use mode "stateful"`,
      { plan: plan.id, mode },
    );
  }
  const utf8 = new TextEncoder();
  let decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let isBegun = false;
  let flow: SequentialFlow | null = null;
  let delivered = 0;
  let normalizer: NormalizerStream | null = null;
  const tasks: Task[] = [];
  // Final ids that were not delivered yet: a failed step loses none.
  let ids: number[] = [];
  const splitter = createSplitter(special, {
    text: (bytes, from, to) => tasks.push(new Uint8Array(bytes.subarray(from, to))),
    special: (id) => tasks.push("end", { id }),
  });

  const put = (bytes: Uint8Array) => {
    if (bytes.length === 0) return;
    flow ??= new SequentialFlow(context);
    flow.push(bytes, 0, bytes.length);
  };
  const collect = () => {
    if (flow === null) return;
    const tokens = flow.run;
    const settled = tokens.confirmed();
    for (; delivered < tokens.count; delivered++) ids.push(tokens.tokens[delivered]! >> 1);
    if (settled > MAX_KEPT && delivered >= settled) {
      flow.forget(settled);
      delivered -= settled;
    }
  };
  const endStretch = async () => {
    if (normalizer !== null) {
      put(normalizer.end());
      normalizer = null;
    }
    if (flow === null) return;
    flow.end();
    await run(flow);
    collect();
    flow = null;
    delivered = 0;
  };
  const work = async () => {
    for (let task = tasks[0]; task !== undefined; task = tasks[0]) {
      // A task is removed once it has succeeded; the next step retries a failed one.
      if (task === "end") await endStretch();
      else if ("id" in task) ids.push(task.id);
      else if (normalization.length === 0) put(task);
      else put((normalizer ??= createNormalizerStream(normalization)).push(task));
      tasks.shift();
    }
    if (flow === null) return;
    await run(flow);
    collect();
  };
  const step = async (text: Uint8Array, isLast: boolean): Promise<Uint32Array> => {
    if (!isBegun) ids.push(...around.before);
    isBegun = !isLast;
    if (splitter === null) {
      if (text.length > 0) tasks.push(text.slice());
    } else {
      splitter.take(text, 0, text.length);
      if (isLast) splitter.end();
    }
    if (isLast) tasks.push("end");
    await work();
    if (isLast) ids.push(...around.after);
    const given = new Uint32Array(ids);
    ids = [];
    return given;
  };
  return {
    push: async (text) =>
      await step(
        typeof checkText(text) === "string"
          ? utf8.encode(text as string)
          : utf8.encode(decoder.decode(text as Uint8Array, { stream: true })),
        false,
      ),
    end: () => {
      const rest = utf8.encode(decoder.decode());
      decoder = new TextDecoder("utf-8", { ignoreBOM: true });
      return step(rest, true);
    },
  };
}
