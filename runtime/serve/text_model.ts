/**
 * Model of a vocabulary: texts in, token ids out, as a transformer model takes them.
 *
 * @module
 */

import { compile } from "../../kernels/compile.ts";
import type { TokenizePlan } from "../../kernels/tokenize/plan/plan.ts";
import { requireVocabulary, type Vocabulary } from "../../kernels/tokenize/vocabulary.ts";
import { checkInteger, OnpathError } from "../../serialize/errors.ts";
import { bounded } from "../../serialize/wait.ts";
import type { Device } from "../device/device.ts";
import { checkOptions } from "../option_checks.ts";
import { keepOpen } from "../reopen.ts";
import { Session } from "../session.ts";
import type { ModelOptions } from "./image_model.ts";
import { type InferenceModel, MODEL_CHECKS } from "./model.ts";
import { countStrings, type InferenceTensor, MAX_TENSOR_ELEMENTS } from "./tensors.ts";

/** Options of {@linkcode textModel}. */
export interface TextModelOptions extends ModelOptions {
  /** Vocabulary of the ids. */
  readonly vocabulary: Vocabulary;
  /** Whether special tokens in a text become their ids. Default false: they are text, as users send it. */
  readonly special?: boolean | undefined;
  /** Id that fills shorter texts of a request, 0 to 2^31 − 1. Default 0. */
  readonly padId?: number | undefined;
  /** Name of the input. Default "text". */
  readonly input?: string | undefined;
}

/**
 * Creates the model of a vocabulary. Its outputs are `input_ids` and `attention_mask` of shape [texts, longest]. Shorter
 * texts are filled at the end.
 *
 * @param options Vocabulary and device.
 * @throws {OnpathError} `size` if an option is missing or wrong, or `padId` outside its limits; `table` if the vocabulary
 * is not a compiled one.
 */
export function textModel(options: TextModelOptions): InferenceModel<Uint8Array, Uint32Array> {
  checkOptions("make a text model", options, { ...MODEL_CHECKS, special: { kind: "boolean" } });
  requireVocabulary(options.vocabulary);
  const { name, version = "1", vocabulary, open, special = false, padId = 0, input = "text" } = options;
  checkInteger("padding id", padId, 0, 2 ** 31 - 1);
  const keeper = keepOpen({
    open: async () => {
      const device = await open();
      return { device, session: await openSession(vocabulary, special, device) };
    },
    close: ({ device }) => device.close(),
  });
  return {
    name,
    version,
    platform: "onpath_tokenizer",
    inputs: [{ name: input, datatype: "BYTES", shape: [-1] }],
    outputs: ["input_ids", "attention_mask"].map((name) => ({ name, datatype: "INT64", shape: [-1, -1] })),
    start: (wait) => bounded(`model ${name}`, keeper.run(() => Promise.resolve()), wait),
    begin: ([texts]) => {
      const { data, shape } = texts as InferenceTensor & { readonly datatype: "BYTES" };
      countStrings(input, shape);
      return { items: data, join: (results) => joinIds(results, padId) };
    },
    run: async (items, wait) =>
      await keeper.run(async ({ session }) =>
        (await session.runMany(items, wait)).outputs.map(({ ids }) => ids)
      ),
    close: () => keeper.close(),
  };
}

/** Opens a session, and closes the device if it is refused. */
async function openSession(
  vocabulary: Vocabulary,
  isSpecial: boolean,
  device: Device,
): Promise<Session<TokenizePlan>> {
  try {
    const step = { op: "tokenize", special: isSpecial ? "all" : "none" } as const;
    const plan = compile({ steps: [step] }, { vocabulary, device: device.profile });
    return await Session.open(plan, device, { vocabulary });
  } catch (error) {
    await device.close();
    throw error;
  }
}

function joinIds(texts: readonly Uint32Array[], padId: number): InferenceTensor[] {
  const longest = texts.reduce((most, { length }) => Math.max(most, length), 0);
  const count = texts.length * longest;
  // One long text beside many short ones would need a large matrix.
  if (count > MAX_TENSOR_ELEMENTS / 16) {
    throw new OnpathError(
      "size",
      `Cannot fill ${texts.length} texts to ${longest} ids each: expected at most ${
        MAX_TENSOR_ELEMENTS / 16
      } ids`,
      { texts: texts.length, longest },
    );
  }
  const ids = new BigInt64Array(count).fill(BigInt(padId));
  const mask = new BigInt64Array(count);
  for (const [at, text] of texts.entries()) {
    for (let index = 0; index < text.length; index++) ids[at * longest + index] = BigInt(text[index]!);
    mask.fill(1n, at * longest, at * longest + text.length);
  }
  const shape = [texts.length, longest];
  return [
    { name: "input_ids", datatype: "INT64", shape, data: ids },
    { name: "attention_mask", datatype: "INT64", shape, data: mask },
  ];
}
