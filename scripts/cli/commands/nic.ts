/**
 * `nic`: runs a soft NIC until it is interrupted.
 *
 * @module
 */

import { runNic } from "../../network/nic_party.ts";
import { readSecurity } from "../../network/security.ts";
import { createScreen } from "../../network/live.ts";
import { partiesTable } from "../../network/tables.ts";
import type { Emit, PartyCounts } from "../../network/events.ts";
import { type Context, print } from "../context.ts";
import { cardDevice, deviceText, planDevice } from "../devices.ts";
import { factTable } from "../text.ts";
import type { NicCommandOptions } from "./network_options.ts";

/**
 * Runs a NIC.
 *
 * @param options Options of the command line.
 * @param context Provides the abort signal, which ends the NIC.
 */
export async function serveNic(options: NicCommandOptions, { signal }: Context): Promise<void> {
  const { device, emulate, xclbin, json, listen, control, passTo, vocab, interval } = options;
  const isNamed = device !== undefined || emulate || xclbin !== undefined;
  const known = isNamed ? await cardDevice({ device, emulate, xclbin }, signal) : undefined;
  const screen = createScreen();
  const tell: Emit = ({ ready, counts, end }) => {
    if (ready !== undefined) {
      print(factTable([
        ["packets", ready.data],
        ["control", ready.control!],
        ["device", known === undefined ? "that of each plan" : deviceText(known.profile)],
        ["running", "SIGINT or SIGTERM ends"],
      ]));
    }
    if (counts !== undefined) screen.draw(() => nicText(counts));
    if (end !== undefined) {
      screen.clear();
      print(`\n${nicText(end)}`);
    }
  };
  await runNic(
    {
      listen,
      control,
      openDevice: (plan) => (known ?? planDevice(plan)).open(),
      passTo,
      jumbo: options.jumbo ?? false,
      limits: {
        programs: options.maxPrograms,
        flows: options.maxFlows,
        connections: options.maxConnections,
        ...options.maxPackets === undefined ? {} : { perPeer: { packetsPerSecond: options.maxPackets } },
      },
      vocabularies: vocab,
      security: await readSecurity(options, signal),
      intervalMs: interval,
      untilEof: options.untilEof ?? false,
    },
    signal,
    json ? printEvent : tell,
  );
}

function nicText(counts: PartyCounts): string {
  const { programs, flows, connections, held, passed } = counts.more;
  const load = counts.seconds === 0 ? 0 : counts.cpuMs / (10 * counts.seconds);
  return partiesTable(new Map([["nic", counts]])) +
    factTable([[
      "after",
      `${counts.seconds.toFixed(1)} s, ${
        load.toFixed(0)
      }% of a core; ${programs} programs, ${flows} flows, ` +
      `${connections} connections; ${held} held for their order, ${passed} passed on`,
    ]]);
}

/** Prints an event as a line of JSON. */
export const printEvent: Emit = (event) => print(`${JSON.stringify(event)}\n`);
