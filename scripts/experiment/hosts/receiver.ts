/**
 * Receiver of the experiment: it takes results of a NIC, or computes them itself from raw bytes.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Address } from "../../../runtime/network/address.ts";
import { DATAGRAM_BYTES, type DatagramSocket, JUMBO_BYTES } from "../../../runtime/network/datagram.ts";
import type { ReceivedBatch } from "../../../runtime/network/socket/batch.ts";
import { openReceiver, type Receiver } from "../../../runtime/network/receiver.ts";
import { collect, cpuMs, serveCalls, type Usage } from "../calls.ts";
import { PlainReceiver } from "../plain/receiver.ts";
import { REPORT_EVERY } from "../plain/datagrams.ts";
import { openerOf, type Scenario, type Serve } from "../scenario.ts";
import { baselineNamed, scenarioNamed } from "../scenarios.ts";

const listen = { host: "127.0.0.1", port: 0 };
const serves = new Map<string, Serve>();
let receiver: Receiver | undefined;
let socket: DatagramSocket | undefined;
let serve: Serve | undefined;
let served = 0;
// Digests of results by input, while they are compared.
let digests: Record<string, string> | undefined;

function take(input: string, result: Uint8Array): void {
  served++;
  if (digests !== undefined) digests[input] = createHash("sha256").update(result).digest("hex");
}

async function openPlain(scenario: Scenario): Promise<DatagramSocket> {
  const maxBytes = scenario.isJumbo === true ? JUMBO_BYTES : DATAGRAM_BYTES;
  const plain = new PlainReceiver(maxBytes, REPORT_EVERY, async (bytes, input) => {
    take(String(input), await serve!(bytes));
  });
  const onDatagrams = (batch: ReceivedBatch) => plain.take(batch);
  return plain.socket = await openerOf(scenario)({ listen, maxBytes, onDatagrams, coalesces: true });
}

serveCalls({
  open: async ({ scenario: name, folder, nic }: { scenario: string; folder: string; nic: Address }) => {
    const scenario = scenarioNamed(name);
    socket = await openPlain(scenario);
    receiver = await openReceiver({
      nic,
      jumbo: scenario.isJumbo,
      open: openerOf(scenario),
      plans: [await scenario.open(folder)],
      onOutput: ({ label, output }) => take(label, scenario.bytesOf(output)),
    });
    for (const { name, open } of scenario.baselines) {
      if (open !== "python") serves.set(name, await open(folder));
    }
    return { control: receiver.control, plain: socket.local, window: socket.burst };
  },
  /** Chooses what is computed of raw bytes. */
  choose: ({ scenario, baseline }: { scenario: string; baseline: string }) => {
    serve = serves.get(baselineNamed(scenarioNamed(scenario), baseline).name);
  },
  /** Begins or ends the comparison, and returns the digests so far. */
  compare: ({ isOn }: { isOn: boolean }) => {
    const found = digests ?? {};
    digests = isOn ? {} : undefined;
    return found;
  },
  usage: (): Usage & { served: number } => {
    const { sentBytes, receivedBytes } = receiver!.counts();
    const { counts } = socket!;
    return {
      cpuMs: cpuMs(),
      bytes: sentBytes + receivedBytes + counts.sentBytes + counts.receivedBytes,
      served,
    };
  },
  collect,
});
