/**
 * `normalize`: a text after normalisation, as it is before it is tokenized.
 *
 * @module
 */

import type { Command } from "commander";
import { createReadStream } from "node:fs";
import process from "node:process";
import { Readable } from "node:stream";
import { checkTextSteps } from "../../../kernels/text_normalize/spec.ts";
import { compile } from "../../../kernels/compile.ts";
import { createNormalizerStream } from "../../../kernels/text_normalize/stream.ts";
import { Session } from "../../../runtime/session.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import type { TextStep } from "../../../kernels/tokenize/vocabulary.ts";
import { loadVocabulary } from "../../io/vocabulary.ts";
import { type Context, printBytes, printJson } from "../context.ts";
import { resolveDevice, withDevice } from "../devices.ts";
import { EXIT } from "../failures.ts";

/** Options of `normalize`. */
export interface NormalizeOptions {
  /** `--steps` */
  readonly steps?: string | undefined;
  /** `--vocab` */
  readonly vocab?: string | undefined;
  /** `--input` */
  readonly input?: string | undefined;
  /** `--device` */
  readonly device?: string | undefined;
  /** `--payload` */
  readonly payload?: number | undefined;
  /** `--timeout` */
  readonly timeout?: number | undefined;
  /** `--json` */
  readonly json?: boolean | undefined;
}

/**
 * Normalises a text and writes it to stdout, as it comes: a text of any length takes little memory.
 *
 * @param text The text, or undefined where it comes from a file or from stdin.
 * @param options The options.
 * @param command The command, for errors of use.
 * @param context What the process gives.
 */
export async function normalizeText(
  text: string | undefined,
  options: NormalizeOptions,
  command: Command,
  { signal }: Context,
): Promise<void> {
  const refuse = (message: string) =>
    command.error(`error: ${message}`, { exitCode: EXIT.usage, code: "onpath.use" });
  if (text !== undefined && options.input !== undefined) {
    refuse("expected either a text or --input <file>, not both");
  }
  if (options.payload !== undefined && options.device === undefined) {
    refuse("--payload is of packets, which --device has");
  }
  if ((options.steps === undefined) === (options.vocab === undefined)) {
    refuse("expected either --steps <steps> or --vocab <name>");
  }
  const steps = options.steps === undefined
    ? (await loadVocabulary(options.vocab!, { signal })).normalization
    : readSteps(options.steps);
  const pass = (stream: Normalizing) => passText(source(text, options.input), stream, options, signal);
  if (options.device === undefined) {
    const counts = await pass(createNormalizerStream(steps));
    if (options.json) printJson({ steps, device: null, ...counts });
    return;
  }
  const { timeout: timeoutMs, payload } = options;
  const known = await resolveDevice(options.device, signal);
  const plan = compile({ steps: [{ op: "normalize_text", steps }] }, {
    device: known.profile,
    payload,
  });
  await withDevice(known, async (device) => {
    const session = await Session.open(plan, device, undefined, { signal, timeoutMs });
    const counts = await pass(session.stream({ signal, timeoutMs }));
    const { packets } = device.counters();
    if (options.json) {
      printJson({ steps, device: plan.target.name, payload: plan.packets.request, packets, ...counts });
    }
  });
}

/** What normalises a text that grows, here or on a device. */
interface Normalizing {
  push(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
  end(): Uint8Array | Promise<Uint8Array>;
}

/** Passes a text through, to stdout where no JSON is wanted. */
async function passText(
  pieces: AsyncIterable<Uint8Array>,
  stream: Normalizing,
  { json, input }: NormalizeOptions,
  signal: AbortSignal,
): Promise<{ readonly bytesIn: number; readonly bytesOut: number }> {
  const counts = { bytesIn: 0, bytesOut: 0 };
  const put = async (bytes: Uint8Array) => {
    counts.bytesOut += bytes.length;
    if (json || bytes.length === 0) return;
    // What the normaliser gives holds until the next call, so it is waited for.
    await printBytes(bytes);
  };
  try {
    for await (const piece of pieces) {
      signal.throwIfAborted();
      counts.bytesIn += piece.length;
      await put(await stream.push(piece));
    }
    await put(await stream.end());
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== "ENOENT" && code !== "EISDIR" && code !== "EACCES") throw error;
    throw new OnpathError("file", `Cannot read ${input}: ${code}`, { path: input }, { cause: error });
  }
  return counts;
}

function source(text: string | undefined, input: string | undefined): AsyncIterable<Uint8Array> {
  if (text !== undefined) return Readable.from([new TextEncoder().encode(text)]);
  return input === undefined || input === "-" ? process.stdin : createReadStream(input);
}

/** Steps as people write them: names with commas between, or JSON. */
function readSteps(text: string): readonly TextStep[] {
  if (!text.trimStart().startsWith("[")) {
    return checkTextSteps(text.split(",").map((op) => ({ op: op.trim() })));
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new OnpathError("pipeline", `Cannot read steps: expected JSON, found ${text.slice(0, 40)}`, {}, {
      cause,
    });
  }
  return checkTextSteps(json);
}
