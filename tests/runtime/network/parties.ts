/**
 * A sender, a NIC and a receiver in this process, with a relay on each of the three paths between them.
 *
 * @module
 */

import type { Plan } from "../../../kernels/plan/plan.ts";
import { type Nic, type NicOptions, openNic } from "../../../runtime/network/nic.ts";
import { openReceiver, type Receiver } from "../../../runtime/network/receiver.ts";
import type { ReceivedOutput } from "../../../runtime/network/received_output.ts";
import type { Security } from "../../../runtime/network/security/options.ts";
import type { OpenDatagram } from "../../../runtime/network/socket/contract.ts";
import type { RelayFaults } from "../../../runtime/network/fault_path.ts";
import { openRelay, type Relay } from "../../../runtime/network/relay.ts";
import { openSender, type Sender } from "../../../runtime/network/sender.ts";
import type { SendReport } from "../../../runtime/network/send_report.ts";
import { compile } from "../../../kernels/compile.ts";
import type { Tensor } from "../../../serialize/tensor.ts";
import { IMAGE_SAMPLES, type WorkloadSample } from "../workload_samples.ts";

/** Milliseconds that one input may take, so that a defect ends a test. */
const TIMEOUT_MS = 60_000;

/** Open parties. */
export interface Parties extends AsyncDisposable {
  readonly sender: Sender;
  readonly receiver: Receiver;
  /** Relays from sender to NIC, from NIC to receiver, and from receiver to sender. */
  readonly relays: readonly Relay[];
  /** The NIC, which `restart` replaces. */
  nic(): Nic;
  /** Closes the NIC and opens another one at the same addresses. */
  restart(): Promise<void>;
  /** Results by label, each as often as it came. */
  readonly outputs: ReadonlyMap<string, unknown[]>;
  /** Sends an input under a label. */
  send(plan: Plan, resources: unknown, input: unknown, label: string): Promise<SendReport>;
}

/** Options of {@linkcode openParties}. */
export interface PartiesOptions {
  /** Plans and their resources. */
  readonly plans: readonly { readonly plan: Plan; readonly resources?: unknown }[];
  /** Faults of all paths. Default none. */
  readonly faults?: RelayFaults | undefined;
  /** Seed of the relays. */
  readonly seed?: number | undefined;
  /** Options of the NIC. */
  readonly nic?: NicOptions | undefined;
  /** Opens the sockets of the receiver and of the sender. */
  readonly openReceiver?: OpenDatagram | undefined;
  readonly openSender?: OpenDatagram | undefined;
  /** Security of all parties. Default none. */
  readonly security?: Security | undefined;
  /** IP address of all ends. Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Called with each result. */
  readonly onOutput?: ((output: ReceivedOutput) => void | Promise<void>) | undefined;
}

/** Opens the parties. */
export async function openParties(options: PartiesOptions): Promise<Parties> {
  const { plans, faults = {}, seed = 1, host = "127.0.0.1" } = options;
  const free = { host, port: 0 };
  const { security } = options;
  const nicOptions: NicOptions = {
    security,
    resourcesOf: ({ id }) => plans.find(({ plan }) => plan.id === id)?.resources,
    ...options.nic,
  };
  let nic = await openNic({ ...nicOptions, listen: free, control: free });
  const outputs = new Map<string, unknown[]>();
  const relay = (n: number) => openRelay({ ...faults, seed: seed + n, to: nic.data, listen: free });
  const relays = [await relay(0), await relay(1), await relay(2)];
  const [toNic, toReceiver, toSender] = relays as [Relay, Relay, Relay];
  const receiver = await openReceiver({
    nic: nic.control,
    security,
    plans,
    listen: free,
    control: free,
    open: options.openReceiver,
    announcedPort: toReceiver.local.port,
    onOutput: (output) => {
      outputs.set(output.label, [...outputs.get(output.label) ?? [], output.output]);
      return options.onOutput?.(output);
    },
  });
  toReceiver.to = receiver.data;
  const sender = await openSender({
    nic: nic.control,
    security,
    receiver: receiver.control,
    open: options.openSender,
    data: toNic.local,
    listen: free,
    announcedPort: toSender.local.port,
  });
  toSender.to = sender.data;
  return {
    sender,
    receiver,
    relays,
    outputs,
    nic: () => nic,
    restart: async () => {
      const { data: listen, control } = nic;
      await nic.close();
      nic = await openNic({ ...nicOptions, listen, control });
    },
    send: async (plan, resources, input, label) => {
      const open = await sender.open(plan, resources as never);
      return await open.send(input as never, { label, timeoutMs: TIMEOUT_MS });
    },
    [Symbol.asyncDispose]: async () => {
      await sender.close();
      await receiver.close();
      for (const each of relays) await each.close();
      await nic.close();
    },
  };
}

/** An image in packets that stand alone. */
export const CELLS: WorkloadSample = {
  ...IMAGE_SAMPLES[0]!,
  name: "image (layout cells)",
  compile: (device) =>
    compile({ steps: [{ op: "resize", size: [90, 80] }] }, {
      input: IMAGE_SAMPLES[0]!.inputs[0] as Tensor,
      device,
      layout: "cells",
    }),
};

/**
 * Sends all inputs of a sample at once and checks every result.
 *
 * @returns What was sent, in all.
 */
export async function sendSample(
  parties: Parties,
  sample: WorkloadSample,
  plan: Plan,
): Promise<SendReport[]> {
  const reports = await Promise.all(
    sample.inputs.map((input, n) => parties.send(plan, sample.resources, input, `${sample.name} ${n}`)),
  );
  for (const [n, input] of sample.inputs.entries()) {
    const outputs = parties.outputs.get(`${sample.name} ${n}`) ?? [];
    if (outputs.length !== 1) throw new Error(`${sample.name} ${n}: ${outputs.length} results, expected 1`);
    sample.check(input, outputs[0]);
  }
  return reports;
}
