/**
 * `serve`: speaks the Open Inference Protocol over HTTP until it is interrupted.
 *
 * @module
 */

import type { Command } from "commander";
import { once } from "node:events";
import process from "node:process";
import metadata from "../../../deno.json" with { type: "json" };
import { compile } from "../../../kernels/compile.ts";
import { createHandler } from "../../../runtime/serve/handler.ts";
import type { InferenceHandler } from "../../../runtime/serve/handler_types.ts";
import { imageModel } from "../../../runtime/serve/image_model.ts";
import type { AnyInferenceModel } from "../../../runtime/serve/model.ts";
import { predictedBy } from "../../../runtime/serve/predictor.ts";
import { processorModel } from "../../../runtime/serve/processor_model.ts";
import { serve } from "../../../runtime/serve/server.ts";
import { textModel } from "../../../runtime/serve/text_model.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { nameAxes } from "../../io/input.ts";
import { readBounded } from "../../io/read.ts";
import { loadVocabulary } from "../../io/vocabulary.ts";
import { createPrometheus } from "../../serve/prometheus.ts";
import { openTelemetry } from "../../serve/telemetry.ts";
import { type Context, print, printJson } from "../context.ts";
import { cardDevice, deviceText, type KnownDevice } from "../devices.ts";
import { loadPipeline, MAX_PIPELINE_BYTES } from "../documents.ts";
import { describeFailure, EXIT } from "../failures.ts";
import { factTable } from "../text.ts";
import type { ServeCommandOptions } from "./serve_options.ts";

/** Bytes of a MiB. */
const MIB = 2 ** 20;

/** Milliseconds in which requests end after an interruption. */
const DRAIN_MS = 30_000;

/**
 * Serves models.
 *
 * @param options Options of the command line.
 * @param command Reports wrong use.
 * @param context Provides the abort signal, which ends the server.
 */
export async function serveModels(
  options: ServeCommandOptions,
  command: Command,
  { signal }: Context,
): Promise<void> {
  checkUse(options, command);
  const known = await cardDevice(options, signal);
  const models = await openModels(options, known, signal);
  const metrics = createPrometheus({ process: true });
  const telemetry = options.otel ? openTelemetry() : undefined;
  const { maxBatch, maxDelay: maxDelayMs, maxQueue, timeout: timeoutMs, host, port, maxBody } = options;
  const handler = createHandler({
    models,
    maxBatch,
    maxDelayMs,
    maxQueue,
    timeoutMs,
    observer: metrics.observer,
    tracer: telemetry?.tracer,
  });
  metrics.watch(handler);
  const server = await serve(handler, {
    host,
    port,
    version: metadata.version,
    metrics: metrics.source,
    contextOf: telemetry?.contextOf,
    ...bodyLimits(maxBody),
    onDefect: (error) => process.stderr.write(describeFailure(error, options.json ?? false).text),
  });
  report(server.url, handler, known, options);
  if (!signal.aborted) await once(signal, "abort");
  await server.close({ timeoutMs: DRAIN_MS });
}

function checkUse(options: ServeCommandOptions, command: Command): void {
  const refuse = (message: string) =>
    command.error(`error: ${message}`, { exitCode: EXIT.usage, code: "onpath.use" });
  const { pipeline, shape, processor, vocab } = options;
  const models = [pipeline, processor, vocab].filter((each) => each !== undefined).length;
  if (models === 0) refuse("expected --pipeline <file>, --processor <file> or --vocab <name>");
  if ((pipeline === undefined) !== (shape === undefined)) {
    refuse("--pipeline <file> and --shape <lengths> go together");
  }
  if (models > 1 && options.name !== undefined) refuse("--name names one model, and several are served");
  if (models > 1 && options.predictor !== undefined) {
    refuse("--predictor stands behind one model, and several are served");
  }
}

/** Creates the models that the options name. */
async function openModels(
  options: ServeCommandOptions,
  { profile, open }: KnownDevice,
  signal: AbortSignal,
): Promise<AnyInferenceModel[]> {
  const { pipeline, shape, layout, processor, vocab, name, special, padId } = options;
  const models: AnyInferenceModel[] = [];
  if (pipeline !== undefined) {
    const steps = await loadPipeline(pipeline, signal);
    const input = { dtype: "u8", ...nameAxes(shape!, layout, "--shape") } as const;
    models.push(
      imageModel({ name: name ?? "image", plan: compile(steps, { input, device: profile }), open }),
    );
  }
  if (processor !== undefined) {
    models.push(
      processorModel({ name: name ?? "processor", config: await readConfig(processor, signal), open }),
    );
  }
  if (vocab !== undefined) {
    const vocabulary = await loadVocabulary(vocab, { signal });
    models.push(textModel({ name: name ?? "tokenizer", vocabulary, special, padId, open }));
  }
  const { predictor: url } = options;
  return url === undefined ? models : models.map((model) => predictedBy(model, { url }));
}

async function readConfig(path: string, signal: AbortSignal): Promise<unknown> {
  const bytes = await readBounded(path, { maxBytes: MAX_PIPELINE_BYTES, signal });
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new OnpathError("pipeline", `Cannot read ${path}: expected JSON`, { path }, { cause });
  }
}

/** Limits of bodies by the largest one: four are held at once, and JSON has a quarter. */
function bodyLimits(maxBody: number | undefined) {
  if (maxBody === undefined) return {};
  const maxBodyBytes = maxBody * MIB;
  return { maxBodyBytes, maxJsonBytes: Math.max(MIB, maxBodyBytes / 4), maxBufferedBytes: 4 * maxBodyBytes };
}

/** Prints what is served, once requests are accepted. */
function report(
  url: string,
  { models }: InferenceHandler,
  known: KnownDevice,
  { json }: ServeCommandOptions,
): void {
  const described = models.map(({ name, version, platform, inputs, outputs }) => ({
    name,
    version,
    platform,
    inputs,
    outputs,
  }));
  if (json) return printJson({ url, device: known.profile.name, models: described });
  const tensorText = (tensors: AnyInferenceModel["inputs"]) =>
    tensors.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join(", ")}]`).join(", ");
  print(factTable([
    ["device", deviceText(known.profile)],
    ...described.map(({ name, inputs, outputs }) =>
      [`model ${name}`, `${tensorText(inputs)} -> ${tensorText(outputs)}`] as const
    ),
    ["serving", `${url}/v2, metrics at ${url}/metrics; SIGINT or SIGTERM ends`],
  ]));
}
