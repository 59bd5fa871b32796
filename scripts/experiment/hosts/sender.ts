/**
 * Sender of the experiment: the host that has the inputs.
 *
 * @module
 */

import type { Address } from "../../../runtime/network/address.ts";
import { DATAGRAM_BYTES, type DatagramSocket, JUMBO_BYTES } from "../../../runtime/network/datagram.ts";
import { eachDatagram } from "../../../runtime/network/socket/batch.ts";
import { openSender, type Sender, type SentPlan } from "../../../runtime/network/sender.ts";
import type { Plan } from "../../../kernels/plan/plan.ts";
import { collect, cpuMs, serveCalls, type Usage } from "../calls.ts";
import { PlainSender } from "../plain/sender.ts";
import { type Item, openerOf } from "../scenario.ts";
import { scenarioNamed } from "../scenarios.ts";

/** Milliseconds that one request may take. */
const REQUEST_MS = 120_000;

/** Addresses of the other hosts. */
export interface SenderPeers {
  /** Scenario by name. */
  readonly scenario: string;
  /** Folder of the experiment. */
  readonly folder: string;
  /** Control address of the NIC. */
  readonly nic: Address;
  /** Control address of the receiver. */
  readonly control: Address;
}

/** Path of a phase: through the NIC, or plain to an address with a window. */
export type Path = "nic" | { readonly to: Address; readonly window: number };

/** Items that a call sends. */
interface SentItems {
  readonly path: Path;
  readonly inFlight: number;
  readonly from?: number;
  readonly to?: number;
}

const listen = { host: "127.0.0.1", port: 0 };
let sender: Sender | undefined;
let part: SentPlan<Plan> | undefined;
let items: Item[] = [];
let resent = 0;
let datagramBytes = DATAGRAM_BYTES;
// Plain senders by the port of their receiver.
const plain = new Map<number, PlainSender>();
let socket: DatagramSocket | undefined;

function plainSender({ to, window }: Exclude<Path, "nic">): PlainSender {
  const found = plain.get(to.port) ?? new PlainSender(socket!, to, window, datagramBytes);
  plain.set(to.port, found);
  return found;
}

async function sendOne(path: Path, { forNic, plain: bytes }: Item, label: string): Promise<void> {
  if (path !== "nic") return await plainSender(path).send(bytes);
  const input = forNic();
  const report = await part!.send((input instanceof Promise ? await input : input) as never, {
    label,
    timeoutMs: REQUEST_MS,
  });
  resent += report.resent;
}

serveCalls({
  open: async ({ scenario, folder, nic, control }: SenderPeers) => {
    const found = scenarioNamed(scenario), { isJumbo } = found;
    const { plan, resources } = await found.open(folder);
    if (isJumbo === true) datagramBytes = JUMBO_BYTES;
    socket = await openerOf(found)({
      listen,
      onDatagrams: eachDatagram((bytes, { port }) => plain.get(port)?.take(bytes)),
      coalesces: true,
    });
    sender = await openSender({ nic, receiver: control, jumbo: isJumbo, open: openerOf(found) });
    part = await sender.open(plan, resources as never);
  },
  /** Makes the inputs of the next phases. */
  prepare: async ({ scenario, seed, count }: { scenario: string; seed: number; count: number }) => {
    items = await scenarioNamed(scenario).items(seed, count);
    return items.length;
  },
  /** Sends inputs, all or those `from` up to `to`, some at once, and returns the milliseconds that each took. */
  run: async ({ path, inFlight, from = 0, to = items.length }: SentItems) => {
    const times: number[] = [];
    let next = from;
    const lane = async () => {
      while (next < to) {
        const n = next++, start = performance.now();
        await sendOne(path, items[n]!, String(n));
        times[n - from] = performance.now() - start;
      }
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
    return times;
  },
  usage: (): Usage & { resent: number } => {
    const repeated = [...plain.values()].reduce((sum, each) => sum + each.resent, resent);
    const { sentBytes, receivedBytes } = sender!.counts(), { counts } = socket!;
    return {
      cpuMs: cpuMs(),
      bytes: sentBytes + receivedBytes + counts.sentBytes + counts.receivedBytes,
      resent: repeated,
    };
  },
  collect,
});
