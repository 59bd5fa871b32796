/**
 * `network send`: sends inputs through a NIC, and waits for the receiver's results.
 *
 * @module
 */

import type { Command } from "commander";
import { basename } from "node:path";
import { createModelDevice } from "../../../runtime/device/model.ts";
import { offload } from "../../../runtime/offload.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import type { Emit, SentEvent } from "../../network/events.ts";
import { readInputOf } from "../../network/inputs.ts";
import { createScreen } from "../../network/live.ts";
import { encodeResult } from "../../network/results.ts";
import type { NamedPlan, Sample } from "../../network/samples.ts";
import { readSecurity } from "../../network/security.ts";
import { runSender, type SentWork } from "../../network/sender_party.ts";
import { untilStopped } from "../../network/stdin.ts";
import { faultsText, partiesTable, sentTable } from "../../network/tables.ts";
import { type Context, print } from "../context.ts";
import { factTable } from "../text.ts";
import { addressesOf, loadPlans, refuseUse } from "./network_plans.ts";
import { faultsOf, type SendCommandOptions } from "./network_options.ts";
import { printEvent } from "./nic.ts";

/** Bytes a second of one Mbit/s. */
const BYTES_OF_MEGABIT = 125_000;

/**
 * Sends inputs.
 *
 * @param files Inputs of the plan.
 * @param options Options of the command line.
 * @param command Reports wrong use.
 * @param context Provides the abort signal.
 */
export async function sendInputs(
  files: readonly string[],
  options: SendCommandOptions,
  command: Command,
  context: Context,
): Promise<void> {
  checkUse(files, options, command);
  // Aborts the work if the program that started this one has ended, so that nobody takes the results.
  const stop = new AbortController(), done = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const plans = await loadPlans(options, command, { ...context, signal });
  const works = await worksOf(plans, files, options, signal);
  const { nic, receiver } = await addressesOf(options, command, signal);
  const watching = AbortSignal.any([context.signal, done.signal]);
  const watch = options.untilEof
    ? untilStopped(watching, true).then(() => stop.abort(orphaned()))
    : undefined;
  const { rate, json, interval: intervalMs, wait: waitMs, seed, atOnce, timeout: timeoutMs = 30_000 } =
    options;
  const screen = createScreen(), sent: SentEvent[] = [];
  const tell: Emit = (event) => {
    if (event.ready !== undefined) print(factTable([["packets", event.ready.data]]));
    if (event.sent !== undefined) sent.push(event.sent);
    const { counts, end } = event;
    if (counts !== undefined) screen.draw(() => partiesTable(new Map([["sender", counts]])));
    if (end === undefined) return;
    screen.clear();
    const parties = new Map([["sender", end]]), faults = faultsText(parties);
    print(`\n${partiesTable(parties)}${faults === "" ? "" : `${faults}\n`}`);
    if (sent.length > 0) print(`\n${sentTable(sent)}`);
    for (const { labels, expected } of sent) {
      for (const [n, digest] of expected.entries()) print(`${labels[n]}: SHA-256 ${digest}\n`);
    }
  };
  try {
    await runSender(
      {
        nic,
        receiver: receiver!,
        listen: options.listen,
        works,
        atOnce,
        pacing: rate === undefined ? undefined : { bytesPerSecond: rate * BYTES_OF_MEGABIT },
        jumbo: options.jumbo ?? false,
        timeoutMs,
        waitMs,
        faults: faultsOf(options),
        security: await readSecurity(options, signal),
        seed,
        intervalMs,
      },
      signal,
      json ? printEvent : tell,
    );
  } finally {
    done.abort();
    await watch;
  }
}

function orphaned(): OnpathError {
  return new OnpathError("device", "Cannot go on: standard input has ended");
}

function checkUse(
  files: readonly string[],
  { plan = [], samples, receiver }: SendCommandOptions,
  command: Command,
): void {
  if (receiver === undefined) refuseUse(command, "required option '--receiver <address>' not specified");
  if (samples !== undefined && files.length > 0) {
    refuseUse(command, "--samples has its own inputs, files need --plan");
  }
  if (samples !== undefined) return;
  if (plan.length > 1) refuseUse(command, "expected one --plan <file>, the plan of all files");
  if (files.length === 0) refuseUse(command, "expected files to send, or --samples");
}

/** Reads the inputs, and computes their local results if they are compared. */
async function worksOf(
  plans: readonly (NamedPlan | Sample)[],
  files: readonly string[],
  { repeat, compare }: SendCommandOptions,
  signal: AbortSignal,
): Promise<SentWork[]> {
  const works: SentWork[] = [];
  for (const each of plans) {
    const { name, plan, resources } = each;
    const sources = "input" in each
      ? [{ name, input: each.input }]
      : await Promise.all(files.map(async (file) => ({
        name: basename(file).slice(0, 100),
        input: await readInputOf(plan, file, signal),
      })));
    const inputs = [];
    for (const [at, { name, input }] of sources.entries()) {
      const expected = compare ? await localDigest(each, input, signal) : undefined;
      for (let n = 0; n < repeat; n++) {
        const label = `${sources.length > 1 ? `${at + 1}-` : ""}${name}${repeat > 1 ? ` ${n + 1}` : ""}`;
        inputs.push({ label, input, expected });
      }
    }
    const text = "text" in each ? each.text : `plan ${plan.id}, ${plan.workload}`;
    works.push({ name, plan, resources, text, inputs });
  }
  return works;
}

/** Digest of the result that the model computes here. */
async function localDigest(
  { plan, resources }: NamedPlan,
  input: unknown,
  signal: AbortSignal,
): Promise<string> {
  await using device = createModelDevice(plan.target);
  const { output } = await offload(plan, input as never, device, { resources, signal } as never);
  return encodeResult(plan, output).sha256;
}
