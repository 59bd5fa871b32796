/**
 * `normalize`: prints the normalised text, the input of a tokenizer.
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
  /** `--steps`, unparsed. */
  readonly steps?: string | undefined;
  /** `--vocab`: vocabulary whose steps are used. */
  readonly vocab?: string | undefined;
  /** `--input`: path, or `-` for stdin. */
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
 * Normalises a text and streams it to stdout, so that memory does not grow with its length.
 *
 * @param text Text, or undefined to read a file or stdin.
 * @param options Options of the command line.
 * @param command Reports wrong use.
 * @param context Provides the abort signal.
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
    refuse("--payload requires --device <name>");
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

/** Stream that normalises a growing text, on the host or on a device. */
interface Normalizing {
  push(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
  end(): Uint8Array | Promise<Uint8Array>;
}

/** Passes a text through a stream, and to stdout unless `--json` is set. */
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
    // The bytes are valid only until the next push, so the write must end first.
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

/** Parses the value of `--steps`: names separated by commas, or JSON. */
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
