/**
 * `network receive`: takes results from a NIC until it is interrupted.
 *
 * @module
 */

import type { Command } from "commander";
import type { Emit } from "../../network/events.ts";
import { createScreen } from "../../network/live.ts";
import { runReceiver } from "../../network/receiver_party.ts";
import { readSecurity } from "../../network/security.ts";
import { faultsText, partiesTable } from "../../network/tables.ts";
import { makeFolder } from "../../io/write.ts";
import { type Context, print } from "../context.ts";
import { count, factTable } from "../text.ts";
import { addressesOf, loadPlans } from "./network_plans.ts";
import { faultsOf, type ReceiveOptions } from "./network_options.ts";
import { printEvent } from "./nic.ts";

/**
 * Runs a receiver.
 *
 * @param options Options of the command line.
 * @param command Reports wrong use.
 * @param context Provides the abort signal, which ends the receiver.
 */
export async function receiveInputs(
  options: ReceiveOptions,
  command: Command,
  context: Context,
): Promise<void> {
  const { listen, control, output: folder, jumbo = false, maxInputs, json, seed, untilEof = false } = options;
  const { signal } = context;
  const plans = await loadPlans(options, command, context);
  if (folder !== undefined) await makeFolder(folder);
  const { nic } = await addressesOf(options, command, signal);
  const screen = createScreen();
  const tell: Emit = ({ ready, output, counts, end }) => {
    if (ready !== undefined) {
      print(factTable([
        ["packets", ready.data],
        ["control", ready.control!],
        ["plans", plans.map(({ name, plan }) => `${name}, plan ${plan.id}`)],
        ["running", "SIGINT or SIGTERM ends"],
      ]));
    }
    if (output !== undefined) {
      screen.clear();
      const { label, bytes, sha256, file } = output;
      print(`${label}: ${count(bytes)} bytes, SHA-256 ${sha256}${file === undefined ? "" : `, ${file}`}\n`);
    }
    if (counts !== undefined) screen.draw(() => partiesTable(new Map([["receiver", counts]])));
    if (end === undefined) return;
    screen.clear();
    const parties = new Map([["receiver", end]]), faults = faultsText(parties);
    print(`\n${partiesTable(parties)}${faults === "" ? "" : `${faults}\n`}`);
  };
  await runReceiver(
    {
      nic,
      listen,
      control,
      plans,
      folder,
      jumbo,
      maxInputs,
      faults: faultsOf(options),
      security: await readSecurity(options, signal),
      seed,
      waitMs: options.wait,
      intervalMs: options.interval,
      untilEof,
    },
    signal,
    json ? printEvent : tell,
  );
}
