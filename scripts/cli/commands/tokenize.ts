/**
 * `tokenize`: prints the token ids of a text, computed by a device.
 *
 * @module
 */

import type { Command } from "commander";
import { compile } from "../../../kernels/compile.ts";
import type { Device } from "../../../runtime/device/device.ts";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { RTL_PROFILE } from "../../../runtime/device/rtl/profile.ts";
import type { TextMode } from "../../../kernels/tokenize/model.ts";
import type { TokenizePlan } from "../../../kernels/tokenize/plan/plan.ts";
import type { RunReport } from "../../../runtime/run_report.ts";
import { Session } from "../../../runtime/session.ts";
import type { MergedChunk } from "../../../serialize/text/chunk_merge.ts";
import type { TextTokens } from "../../../kernels/tokenize/flows/text_pieces.ts";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { wellFormed } from "../../../kernels/tokenize/text_parts.ts";
import { XRT_PROFILE } from "../../../runtime/device/xrt/device/card_device.ts";
import { MAX_INPUT_BYTES, readBounded, readStdin } from "../../io/read.ts";
import { loadVocabulary } from "../../io/vocabulary.ts";
import { type Context, print, printJson } from "../context.ts";
import { deviceText, fallbackRows, planDevice, resolveDevice, withDevice } from "../devices.ts";
import { EXIT } from "../failures.ts";
import { followProgress } from "../progress.ts";
import { clockTime, columnTable, count, factTable } from "../text.ts";
import { type ChunkRow, chunkRow, chunksText } from "./explain_chunks.ts";

/** Options of `tokenize`. */
export interface TokenizeOptions {
  /** `--vocab`: name of an encoding, or path of a file. */
  readonly vocab: string;
  /** `--input`: path, or `-` for stdin. */
  readonly input?: string | undefined;
  /** `--device` */
  readonly device?: string | undefined;
  /** `--emulate` */
  readonly emulate?: boolean | undefined;
  /** `--xclbin` */
  readonly xclbin?: string | undefined;
  /** `--mode` */
  readonly mode?: TextMode | undefined;
  /** `--payload`, in bytes. */
  readonly payload?: number | undefined;
  /** `--overlap`, in bytes. */
  readonly overlap?: number | undefined;
  /** `--explain` */
  readonly explain?: boolean | undefined;
  /** `--special` */
  readonly special?: boolean | undefined;
  /** `--timeout`, in milliseconds. */
  readonly timeout?: number | undefined;
  /** `--most`: maximum number of tokens to print. */
  readonly most: number;
  /** `--json` */
  readonly json?: boolean | undefined;
}

/** Maximum bytes of a text for the default device, the RTL: some seconds of simulation. */
export const MAX_SIMULATED_BYTES = 16384;
/** Default payload of `--explain` in bytes: short, so that a sentence has several chunks. */
const EXPLAINED_PAYLOAD = 32;

/** Result of a text, and the plan that computed it. */
interface Tokenized {
  readonly plan: TokenizePlan;
  readonly fallbackReason: string | undefined;
  readonly tokens: TextTokens;
  readonly report: RunReport;
  readonly chunks: readonly ChunkRow[];
}

/**
 * Tokenizes a text and prints its tokens.
 *
 * @param text Text, or undefined to read a file or stdin.
 * @param options Options of the command line.
 * @param command Reports wrong use.
 * @param context Provides the abort signal.
 */
export async function tokenizeText(
  text: string | undefined,
  options: TokenizeOptions,
  command: Command,
  context: Context,
): Promise<void> {
  checkUse(text, options, command);
  const { signal } = context;
  const bytes = wellFormed(
    text ??
      (options.input === undefined || options.input === "-"
        ? await readStdin({ maxBytes: MAX_INPUT_BYTES, signal })
        : await readBounded(options.input, { maxBytes: MAX_INPUT_BYTES, signal })),
  );
  const follower = await followProgress("steps");
  let vocabulary: Vocabulary;
  try {
    vocabulary = await loadVocabulary(options.vocab, { signal, onProgress: follower.onProgress });
  } finally {
    follower.stop();
  }
  const done = await tokenize(bytes, vocabulary, options, signal);
  const { plan, fallbackReason, tokens: { ids, starts, ends }, report } = done;
  if (options.json) {
    return printJson({
      vocabulary: vocabulary.name,
      device: plan.target.name,
      instead: fallbackReason,
      mode: plan.body.mode,
      payload: plan.body.cut.payload,
      overlap: plan.body.cut.overlap,
      bytes: bytes.length,
      tokens: ids.length,
      ids: Array.from(ids),
      starts: Array.from(starts),
      ends: Array.from(ends),
      ...(options.explain ? { chunks: done.chunks } : {}),
      report,
    });
  }
  printTokens(done, bytes, vocabulary, options);
}

function checkUse(text: string | undefined, options: TokenizeOptions, command: Command): void {
  const refuse = (message: string) =>
    command.error(`error: ${message}`, { exitCode: EXIT.usage, code: "onpath.use" });
  if (text !== undefined && options.input !== undefined) {
    refuse("expected either a text or --input <file>, not both");
  }
  if (options.explain && options.mode === "stateful") {
    refuse("--explain shows chunks that overlap, which mode stateful lacks");
  }
}

/** Tokenizes on the named device; by default on the RTL, with the model as fallback. */
async function tokenize(
  bytes: Uint8Array,
  vocabulary: Vocabulary,
  options: TokenizeOptions,
  signal: AbortSignal,
): Promise<Tokenized> {
  const onCard = options.emulate || options.xclbin !== undefined;
  const named = options.device ?? (onCard ? XRT_PROFILE.name : undefined);
  const name = named ?? RTL_PROFILE.name;
  if (named === undefined && bytes.length > MAX_SIMULATED_BYTES) {
    const reason = `${
      count(bytes.length)
    } bytes take long to simulate; --device ${name} simulates them nevertheless`;
    return await onDevice(MODEL_PROFILE.name, reason, bytes, vocabulary, options, signal);
  }
  try {
    return await onDevice(name, undefined, bytes, vocabulary, options, signal);
  } catch (error) {
    const lacks = error instanceof OnpathError && ["device", "table"].includes(error.code);
    if (named !== undefined || !lacks) throw error;
    return await onDevice(MODEL_PROFILE.name, error.message, bytes, vocabulary, options, signal);
  }
}

async function onDevice(
  name: string,
  fallbackReason: string | undefined,
  bytes: Uint8Array,
  vocabulary: Vocabulary,
  options: TokenizeOptions,
  signal: AbortSignal,
): Promise<Tokenized> {
  const known = name === XRT_PROFILE.name
    ? planDevice({ target: XRT_PROFILE }, options)
    : await resolveDevice(name, signal);
  const { explain, special, overlap, timeout: timeoutMs } = options;
  const mode = options.mode ?? (explain || overlap !== undefined ? "overlap" : "stateful");
  const payload = options.payload ??
    (explain ? Math.min(EXPLAINED_PAYLOAD, known.profile.payload) : undefined);
  const step = { op: "tokenize", mode, special: special ? "all" : "none" } as const;
  const plan = compile({ steps: [step] }, { vocabulary, device: known.profile, payload, overlap });
  const chunks: ChunkRow[] = [];
  const onChunk = (chunk: MergedChunk) => chunks.push(chunkRow(bytes, chunk, chunks.at(-1)?.bytes[1] ?? 0));
  return await withDevice(known, async (device: Device) => {
    const session = await Session.open(plan, device, { vocabulary }, { signal, timeoutMs });
    const { output: tokens, report } = await session.run(bytes, {
      signal,
      timeoutMs,
      ...(explain ? { onChunk } : {}),
    });
    return { plan, fallbackReason, tokens, report, chunks };
  });
}

function printTokens(
  { plan, fallbackReason, tokens, report, chunks }: Tokenized,
  bytes: Uint8Array,
  vocabulary: Vocabulary,
  { most, explain }: TokenizeOptions,
): void {
  const { ids, starts, ends } = tokens;
  const rows = Math.min(ids.length, most);
  if (explain) print(`${chunksText(chunks)}\n`);
  else if (rows > 0) {
    const utf8 = new TextDecoder();
    print(columnTable(
      ["id", "from", "to", "text"],
      Array.from({ length: rows }, (_, n) => [
        ids[n]!,
        starts[n]!,
        ends[n]!,
        JSON.stringify(utf8.decode(bytes.subarray(starts[n], ends[n]))),
      ]),
    ));
  }
  const perToken = ids.length === 0 ? "" : `, ${(bytes.length / ids.length).toFixed(2)} bytes a token`;
  print(factTable([
    ["device", deviceText(plan.target)],
    ...fallbackRows(fallbackReason),
    ["vocabulary", vocabulary.name],
    ["tokens", `${count(ids.length)} of ${count(bytes.length)} bytes${perToken}`],
    ["packets", packetsText(plan, report)],
    ...workRows(plan, report, bytes.length),
    ...(!explain && rows < ids.length
      ? [["not shown", `${count(ids.length - rows)} tokens; --most shows more, --json all`]] as const
      : []),
  ]));
}

function packetsText({ body: { mode, cut: { payload, overlap } } }: TokenizePlan, report: RunReport): string {
  const sent = `${count(report.sent)} of at most ${payload} bytes`;
  if (mode === "stateful") return `${sent}, each sent once`;
  return `${sent}, ${overlap} of them overlap; ${count(report.removed)} tokens removed, ` +
    `${count(report.retries)} stretches sent again`;
}

/** Rows about the device's counters, and about bytes completed on the host. */
function workRows(
  plan: TokenizePlan,
  { counters, escapes, hostBytes }: RunReport,
  bytes: number,
): [string, string][] {
  const rows: [string, string][] = [];
  const perByte = (value: number) => bytes === 0 ? "0" : (value / bytes).toFixed(2);
  rows.push(["lookups", `${perByte(counters.lookups)} a byte`]);
  if (plan.target.name !== MODEL_PROFILE.name && counters.cycles !== null) {
    const { clockMHz } = RTL_PROFILE;
    rows.push([
      "simulated",
      `${count(counters.cycles)} cycles, with the loading of tables; at an assumed ${clockMHz} MHz ${
        clockTime(counters.cycles, clockMHz)
      }`,
    ]);
  }
  if (escapes > 0 || hostBytes > 0) {
    rows.push(["on the host", `${count(hostBytes)} bytes that exceeded the device's window`]);
  }
  return rows;
}
