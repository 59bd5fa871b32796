/**
 * `plan` of a text pipeline: prints packets, steps and vocabulary.
 *
 * @module
 */

import type { Command } from "commander";
import type { NormalizePlan } from "../../../kernels/text_normalize/plan.ts";
import type { TextCompileOptions } from "../../../kernels/tokenize/plan/compile.ts";
import type { TokenizePlan } from "../../../kernels/tokenize/plan/plan.ts";
import { loadVocabulary } from "../../io/vocabulary.ts";
import { checkFolderOf } from "../../io/write.ts";
import { type Context, print, printJson } from "../context.ts";
import { deviceText, PLANNED_DEVICE, resolveDevice } from "../devices.ts";
import { type LoadedPipeline, savePlan } from "../documents.ts";
import { EXIT } from "../failures.ts";
import { count, factTable } from "../text.ts";
import type { PlanCommandOptions } from "./plan_options.ts";

/** Options of `plan` that only image pipelines have. */
const IMAGE_OPTIONS = {
  input: "--input",
  shape: "--shape",
  layout: "--layout",
  tolerance: "--tolerance",
  form: "--form",
  packetLayout: "--packet-layout",
  html: "--html",
  trace: "--trace",
  lineRate: "--line-rate",
} as const;

/**
 * Compiles a text pipeline and explains the plan.
 *
 * @param loaded Pipeline of workload `tokenize` or `text_normalize`.
 * @param options Options of the command line.
 * @param command Reports wrong use.
 * @param context Provides the abort signal.
 */
export async function explainTextPlan(
  { workload, pipeline }: LoadedPipeline,
  options: PlanCommandOptions,
  command: Command,
  { signal }: Context,
): Promise<void> {
  const refuse = (message: string) =>
    command.error(`error: ${message}`, { exitCode: EXIT.usage, code: "onpath.use" });
  const wrong = Object.entries(IMAGE_OPTIONS).find(([name]) =>
    options[name as keyof typeof IMAGE_OPTIONS] !== undefined
  );
  if (wrong !== undefined) refuse(`${wrong[1]} is for image pipelines, this one is for text`);
  const needsVocabulary = workload.name === "tokenize";
  if (needsVocabulary && options.vocab === undefined) {
    refuse("a pipeline with tokenize requires --vocab <name>, one of tiktoken's encodings or a file");
  }
  if (!needsVocabulary && options.vocab !== undefined) {
    refuse("--vocab is for pipelines with tokenize, this one has none");
  }
  if (options.output !== undefined) await checkFolderOf(options.output);
  const { profile: device } = await resolveDevice(options.device ?? PLANNED_DEVICE, signal);
  const { checksum, payload, overlap } = options;
  const settings: Partial<TextCompileOptions> & object = { device, checksum, payload };
  const vocabulary = options.vocab === undefined
    ? {}
    : { vocabulary: await loadVocabulary(options.vocab, { signal }), overlap };
  const plan = workload.compile(pipeline, { ...settings, ...vocabulary }) as TokenizePlan | NormalizePlan;
  if (options.output !== undefined) await savePlan(options.output, plan, signal);
  if (options.json) return printJson(plan);
  print(textPlanText(plan, options.output));
}

/** Formats a text plan as a table. */
function textPlanText(plan: TokenizePlan | NormalizePlan, file: string | undefined): string {
  const { request, answer, answersPerRequest, inFlight } = plan.packets;
  return factTable([
    ["plan", String(plan.id)],
    ["workload", plan.workload],
    ["device", deviceText(plan.target)],
    ["packets", [
      `text of at most ${count(request)} bytes, checksum ${plan.body.checksum}`,
      `at most ${count(answersPerRequest)} answers to each, of at most ${count(answer)} bytes`,
      `at most ${count(inFlight)} in one exchange`,
    ]],
    ...(plan.workload === "tokenize" ? tokenizeRows(plan) : [stepsRow(plan.body.steps)]),
    ...(file === undefined ? [] : [["written", file] as const]),
  ]);
}

function tokenizeRows({ body }: TokenizePlan): (readonly [string, string | readonly string[]])[] {
  const { vocabulary: { name, checksum, algorithm, idLimit }, mode, special, around, notes } = body;
  const hex = checksum.toString(16).padStart(8, "0");
  return [
    ["vocabulary", `${name} (${hex}), ${algorithm}, ids below ${count(idLimit)}`],
    ["mode", [mode, ...notes]],
    stepsRow(body.normalization),
    ["special tokens", special.length === 0 ? "treated as text" : `${count(special.length)} matched`],
    ["ids around", `${count(around.before.length)} before, ${count(around.after.length)} after`],
  ];
}

function stepsRow(steps: readonly { readonly op: string }[]): readonly [string, string] {
  return ["normalisation", steps.length === 0 ? "none" : steps.map(({ op }) => op).join(", ")];
}
