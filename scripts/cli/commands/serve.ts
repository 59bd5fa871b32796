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
import type { DeviceProfile } from "../../../kernels/target/profile.ts";
import { createHandler } from "../../../runtime/serve/handler.ts";
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
import { cardDevice, deviceText, type KnownDevice, SERVED_DEVICE } from "../devices.ts";
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
  let served: readonly ServedModel[] = [];
  const metrics = createPrometheus({ process: true });
  const telemetry = options.otel ? openTelemetry() : undefined;
  const { maxBatch, maxDelay: maxDelayMs, maxQueue, timeout: timeoutMs, host, port, maxBody } = options;
  const open = async () => {
    served = await openModels(options, signal);
    const handler = createHandler({
      models: served.map(({ model }) => model),
      maxBatch,
      maxDelayMs,
      maxQueue,
      timeoutMs,
      observer: metrics.observer,
      tracer: telemetry?.tracer,
    });
    metrics.watch(handler);
    return handler;
  };
  // Vocabularies and compilers take seconds: an address that is taken is known before.
  const server = await serve(open, {
    host,
    port,
    version: metadata.version,
    metrics: metrics.source,
    contextOf: telemetry?.contextOf,
    ...bodyLimits(maxBody),
    onDefect: (error) => process.stderr.write(describeFailure(error, options.json ?? false).text),
  });
  report(server.url, served, options);
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

/** A model and the device that it runs on. */
interface ServedModel {
  /** Model. */
  readonly model: AnyInferenceModel;
  /** Profile of its device. */
  readonly device: DeviceProfile;
}

/** Creates the models that the options name. Images run on the host by default; the cpu device has no texts. */
async function openModels(options: ServeCommandOptions, signal: AbortSignal): Promise<ServedModel[]> {
  const { pipeline, shape, layout, processor, vocab, name, special, padId, predictor: url } = options;
  const images = await cardDevice(options, signal, SERVED_DEVICE);
  const texts = await cardDevice(options, signal);
  const served: ServedModel[] = [];
  const add = (model: AnyInferenceModel, { profile }: KnownDevice) =>
    served.push({ model: url === undefined ? model : predictedBy(model, { url }), device: profile });
  if (pipeline !== undefined) {
    const steps = await loadPipeline(pipeline, signal);
    const input = { dtype: "u8", ...nameAxes(shape!, layout, "--shape") } as const;
    const plan = compile(steps, { input, device: images.profile });
    add(imageModel({ name: name ?? "image", plan, open: images.open }), images);
  }
  if (processor !== undefined) {
    const config = await readConfig(processor, signal);
    add(processorModel({ name: name ?? "processor", config, open: images.open }), images);
  }
  if (vocab !== undefined) {
    const vocabulary = await loadVocabulary(vocab, { signal });
    add(textModel({ name: name ?? "tokenizer", vocabulary, special, padId, open: texts.open }), texts);
  }
  return served;
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
function report(url: string, served: readonly ServedModel[], { json }: ServeCommandOptions): void {
  if (json) {
    const models = served.map(({ model: { name, version, platform, inputs, outputs }, device }) => ({
      name,
      version,
      platform,
      device: device.name,
      inputs,
      outputs,
    }));
    return printJson({ url, models });
  }
  const tensorText = (tensors: AnyInferenceModel["inputs"]) =>
    tensors.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join(", ")}]`).join(", ");
  print(factTable([
    ...served.flatMap(({ model: { name, inputs, outputs }, device }) => [
      [`model ${name}`, `${tensorText(inputs)} -> ${tensorText(outputs)}`] as const,
      ["on device", deviceText(device)] as const,
    ]),
    ["serving", `${url}/v2, metrics at ${url}/metrics; SIGINT or SIGTERM ends`],
  ]));
}
