/**
 * `tokenize`: the ids of a text, through a device.
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
import { type RunReport, Session } from "../../../runtime/session.ts";
import type { MergedChunk } from "../../../serialize/text/chunk_merge.ts";
import type { TextTokens } from "../../../kernels/tokenize/flows/text_pieces.ts";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { wellFormed } from "../../../kernels/tokenize/text_parts.ts";
import { XRT_PROFILE } from "../../../runtime/device/xrt/device/card_device.ts";
import { MAX_INPUT_BYTES, readBounded, readStdin } from "../../io/read.ts";
import { loadVocabulary } from "../../io/vocabulary.ts";
import { type Context, print, printJson } from "../context.ts";
import { deviceText, insteadRows, planDevice, resolveDevice, withDevice } from "../devices.ts";
import { EXIT } from "../failures.ts";
import { followProgress } from "../progress.ts";
import { columnTable, count, factTable, milliseconds } from "../text.ts";
import { type ChunkRow, chunkRow, chunksText } from "./explain_chunks.ts";

/** Options of `tokenize`. */
export interface TokenizeOptions {
  /** `--vocab` */
  readonly vocab: string;
  /** `--input` */
  readonly input?: string | undefined;
  /** `--device` */
  readonly device?: string | undefined;
  /** `--emulate` */
  readonly emulate?: boolean | undefined;
  /** `--xclbin` */
  readonly xclbin?: string | undefined;
  /** `--mode` */
  readonly mode?: TextMode | undefined;
  /** `--payload` */
  readonly payload?: number | undefined;
  /** `--overlap` */
  readonly overlap?: number | undefined;
  /** `--explain` */
  readonly explain?: boolean | undefined;
  /** `--special` */
  readonly special?: boolean | undefined;
  /** `--timeout` */
  readonly timeout?: number | undefined;
  /** `--most` */
  readonly most: number;
  /** `--json` */
  readonly json?: boolean | undefined;
}

/** Longest text that is simulated where no device is named: some seconds. */
const MAX_SIMULATED = 16384;
/** Payload of `--explain` where none is named, so that a sentence has several chunks. */
const EXPLAINED_PAYLOAD = 32;

/** What came of a text. */
interface Tokenized {
  readonly plan: TokenizePlan;
  readonly instead: string | undefined;
  readonly tokens: TextTokens;
  readonly report: RunReport;
  readonly chunks: readonly ChunkRow[];
}

/**
 * Tokenizes a text and prints its tokens.
 *
 * @param text The text, or undefined where it comes from a file or from stdin.
 * @param options The options.
 * @param command The command, for errors of use.
 * @param context What the process gives.
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
        ? await readStdin({ most: MAX_INPUT_BYTES, signal })
        : await readBounded(options.input, { most: MAX_INPUT_BYTES, signal })),
  );
  const follower = await followProgress("steps");
  let vocabulary: Vocabulary;
  try {
    vocabulary = await loadVocabulary(options.vocab, { signal, onProgress: follower.onProgress });
  } finally {
    follower.stop();
  }
  const done = await tokenize(bytes, vocabulary, options, signal);
  const { plan, instead, tokens: { ids, starts, ends }, report } = done;
  if (options.json) {
    return printJson({
      vocabulary: vocabulary.name,
      device: plan.target.name,
      instead,
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
    refuse("--explain shows chunks that overlap, which mode stateful has not");
  }
}

/** Through the device that was named; where none was, the RTL, or the model where the RTL lacks something. */
async function tokenize(
  bytes: Uint8Array,
  vocabulary: Vocabulary,
  options: TokenizeOptions,
  signal: AbortSignal,
): Promise<Tokenized> {
  const onCard = options.emulate || options.xclbin !== undefined;
  const named = options.device ?? (onCard ? XRT_PROFILE.name : undefined);
  const name = named ?? RTL_PROFILE.name;
  if (named === undefined && bytes.length > MAX_SIMULATED) {
    const why = `${
      count(bytes.length)
    } bytes take long in a simulation; --device ${name} does it all the same`;
    return await onDevice(MODEL_PROFILE.name, why, bytes, vocabulary, options, signal);
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
  instead: string | undefined,
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
    return { plan, instead, tokens, report, chunks };
  });
}

function printTokens(
  { plan, instead, tokens, report, chunks }: Tokenized,
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
    ...insteadRows(instead),
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
  if (mode === "stateful") return `${sent}, none of them twice`;
  return `${sent}, ${overlap} of them shared; ${count(report.removed)} tokens removed, ` +
    `${count(report.retries)} stretches done again`;
}

/** What the device did, and what was left to the host. */
function workRows(
  plan: TokenizePlan,
  { counters, escapes, hostBytes }: RunReport,
  bytes: number,
): [string, string][] {
  const rows: [string, string][] = [];
  const perByte = (value: number) => bytes === 0 ? "0" : (value / bytes).toFixed(2);
  rows.push(["lookups", `${perByte(counters.lookups)} a byte`]);
  if (plan.target.name !== MODEL_PROFILE.name && counters.cycles !== null) {
    const ms = counters.cycles / (RTL_PROFILE.clockMHz * 1000);
    rows.push([
      "simulated",
      `${
        count(counters.cycles)
      } cycles, tables loaded among them; at an assumed ${RTL_PROFILE.clockMHz} MHz ${milliseconds(ms)}`,
    ]);
  }
  if (escapes > 0 || hostBytes > 0) {
    rows.push(["on the host", `${count(hostBytes)} bytes that the device's window did not suffice for`]);
  }
  return rows;
}
