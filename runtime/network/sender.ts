/**
 * Sender: the host that has the inputs. It sends requests to a NIC and gets reports from the receiver.
 *
 * @module
 */

import { findWorkload } from "../../kernels/registry.ts";
import { encodePlan } from "../../kernels/plan/file.ts";
import type { Plan } from "../../kernels/plan/plan.ts";
import { parseWith } from "../../kernels/schema.ts";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
import type { WaitOptions } from "../../serialize/wait.ts";
import type { InputOf, ResourcesOf } from "../plan_types.ts";
import { type Address, ADDRESS_OPTION, LOOPBACK } from "./address.ts";
import type { Channel } from "./channel.ts";
import { connectControl, sourceOf } from "./connect.ts";
import { type DatagramCounts, type OpenDatagram, openDatagram } from "./datagram.ts";
import { halvesOf } from "./halves_of.ts";
import { describeSpec, endedSpec, escapeSpec, failureSpec } from "./messages.ts";
import { checkOptions } from "../option_checks.ts";
import { createPacer, type Pacing } from "./pacer.ts";
import { Reconnecting } from "./reconnecting.ts";
import { agreeKeys } from "./security/agree.ts";
import { checkSecurity, type Security } from "./security/options.ts";
import { SendLoop } from "./send_loop.ts";
import { eachDatagram } from "./socket/batch.ts";
import type { SendOptions, SendReport } from "./send_report.ts";
import { SentInputs } from "./sent_inputs.ts";

/** Options of {@linkcode openSender}. */
export interface SenderOptions {
  /**
   * Control address of the NIC. Default the receiver's, for a NIC that stands in the route to it: see `routed` of
   * {@linkcode ReceiverOptions}.
   */
  readonly nic?: Address | undefined;
  /** Control address of the receiver. */
  readonly receiver: Address;
  /** Address of the datagrams. Default a free port of loopback. */
  readonly listen?: Address | undefined;
  /** Address to which requests are sent, if it differs from the NIC's, such as a relay. */
  readonly data?: Address | undefined;
  /** Port to which the receiver reports, if it differs from that of `listen`. */
  readonly announcedPort?: number | undefined;
  /** Whether packets may have more than {@linkcode DATAGRAM_BYTES}, up to {@linkcode JUMBO_BYTES}. Default false. */
  readonly jumbo?: boolean | undefined;
  /** TLS and token of the control channels, and whether packets are authenticated. Default none. */
  readonly security?: Security | undefined;
  /** Rate limit. Default none. */
  readonly pacing?: Pacing | undefined;
  /** Opens datagram sockets. Default {@linkcode openDatagram}. */
  readonly open?: OpenDatagram | undefined;
}

/** Counts of a sender since it was opened. */
export interface SenderCounts extends Readonly<DatagramCounts> {
  /** Reports of the receiver by outcome. */
  readonly reports: Readonly<Record<string, number>>;
  /** Timeouts of flows without an acknowledgement. */
  readonly timeouts: number;
  /** Smoothed round trip in milliseconds. */
  readonly roundTripMs: number;
}

/** A plan that is announced at the NIC. */
export interface SentPlan<P extends Plan> {
  /** Plan that the inputs are for. */
  readonly plan: P;
  /**
   * Sends an input. Calls may be concurrent; their flows share the window in rotation.
   *
   * @param input Input of the plan.
   * @param options Label, timeout and signal.
   * @returns What was sent, once the receiver has the result.
   * @throws {OnpathError} `dtype`, `shape` or `size` if the input does not fit; `plan` if the receiver does not have the
   * plan; `gap` if requests stay unacknowledged; `device` if the NIC's device fails or the receiver is gone; `timeout`;
   * the signal's reason.
   */
  send(input: InputOf<P>, options?: SendOptions): Promise<SendReport>;
}

/** An open sender. */
export interface Sender extends AsyncDisposable {
  /** Address of the datagrams. */
  readonly data: Address;
  /**
   * Announces a plan at the NIC.
   *
   * @param plan Compiled plan.
   * @param resources Data that the plan names but does not hold.
   * @throws {OnpathError} `pipeline` if its flows cannot be divided; the NIC's refusal; `timeout`.
   */
  open<P extends Plan>(
    plan: P,
    ...[resources, wait]: ResourcesOf<P> extends void ? [resources?: void, wait?: WaitOptions]
      : [resources: ResourcesOf<P>, wait?: WaitOptions]
  ): Promise<SentPlan<P>>;
  /** Counts since it was opened. */
  counts(): SenderCounts;
  /** Closes sockets and connections. Calls in flight fail. */
  close(): Promise<void>;
}

/**
 * Opens a sender. It connects again if the NIC is restarted.
 *
 * @param options Addresses and rate.
 * @param wait Timeout and signal of the opening.
 * @throws {OnpathError} `size` if an option is missing or wrong; `device` if an address cannot be used, or the NIC or the receiver is absent; `timeout`; the
 * signal's reason.
 *
 * @example
 * ```ts
 * import { compile, MODEL_PROFILE, tensor } from "onpath";
 * import { openNic, openReceiver, openSender } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * const image = tensor(new Uint8Array(48 * 64 * 3).fill(7), { dtype: "u8", shape: [48, 64, 3], layout: "HWC" });
 * const plan = compile({ steps: [{ op: "resize", size: [96, 96] }] }, { input: image, device: MODEL_PROFILE });
 * await using nic = await openNic();
 * const { promise, resolve } = Promise.withResolvers<Uint8Array>();
 * await using receiver = await openReceiver({
 *   nic: nic.control,
 *   plans: [{ plan }],
 *   onOutput: ({ output }) => resolve(output.data),
 * });
 * await using sender = await openSender({ nic: nic.control, receiver: receiver.control });
 * const images = await sender.open(plan);
 * await images.send(image);
 * assert((await promise).every((level) => level === 7));
 * ```
 */
export async function openSender(options: SenderOptions, wait: WaitOptions = {}): Promise<Sender> {
  checkOptions("open a sender", options, {
    receiver: { kind: ADDRESS_OPTION, isRequired: true },
    nic: { kind: ADDRESS_OPTION },
    listen: { kind: ADDRESS_OPTION },
    data: { kind: ADDRESS_OPTION },
    announcedPort: { kind: "port" },
    jumbo: { kind: "boolean" },
    security: { kind: "object" },
    pacing: { kind: "object" },
    open: { kind: "function" },
  });
  const { receiver, nic = receiver, listen = { host: LOOPBACK, port: 0 }, open = openDatagram } = options;
  const { security = {} } = options;
  checkSecurity(security);
  if (options.nic === undefined && security.authenticate === true) {
    throw new OnpathError(
      "device",
      "Cannot authenticate packets: the NIC in the route is unknown, expected its control address in nic",
    );
  }
  const pacer = createPacer(options.pacing);
  const from = sourceOf(listen);
  const undo: (() => void | Promise<void>)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const onDatagrams = eachDatagram((bytes) => loop?.take(bytes));
    const socket = await open({ listen, onDatagrams, coalesces: true }, wait);
    undo.push(() => socket.close());
    const loop = new SendLoop(socket, options.data ?? nic, pacer);
    const connectNic = async (each: WaitOptions): Promise<Channel> => {
      const handlers = {
        failure: {
          schema: failureSpec,
          run: ({ plan, message }: { plan: number; message: string }) => inputs.failPlan(plan, message),
        },
      };
      const channel = await connectControl(nic, "sender", handlers, each, security, from);
      try {
        if (security.authenticate) await agreeKeys(channel, each);
        const { port } = parseWith(
          describeSpec,
          await channel.call("describe", null, each),
          "packet",
          "describe",
        );
        loop.to = options.data ?? { host: nic.host, port };
        loop.nicKeys = channel.keys;
      } catch (error) {
        channel.close();
        throw error;
      }
      void channel.ended.then(() => inputs.stopAll());
      return channel;
    };
    const inputs: SentInputs = new SentInputs(loop, options.announcedPort ?? socket.local.port);
    inputs.nic = await Reconnecting.open("the NIC", connectNic, wait);
    undo.push(() => inputs.nic!.close());
    const peer = await connectControl(
      receiver,
      "sender",
      {
        ended: { schema: endedSpec, run: ({ input, error }) => inputs.ended(input, error) },
        escape: { schema: escapeSpec, run: ({ input, flow }) => inputs.escaped(input, flow) },
      },
      wait,
      security,
      from,
    );
    undo.push(() => peer.close());
    if (security.authenticate) await agreeKeys(peer, wait);
    loop.receiverKeys = peer.keys;
    inputs.receiver = peer;
    void peer.ended.then((reason) => inputs.failAll(reason));
    undo.push(() => inputs.failAll("the sender was closed"));
    return {
      data: socket.local,
      open: async <P extends Plan>(
        plan: P,
        resources?: unknown,
        each: WaitOptions = {},
      ): Promise<SentPlan<P>> => {
        if (typeof plan !== "object" || plan === null) {
          throw new OnpathError(
            "plan",
            `Cannot send a plan: it is ${kindOf(plan)}, expected a compiled plan`,
          );
        }
        const halves = halvesOf(plan, findWorkload(plan.workload).open(plan, resources), options.jumbo);
        const bytes = encodePlan(plan);
        await inputs.announce(plan.id, bytes, each);
        const part = inputs.part(plan, bytes, halves);
        return { plan, send: (input, sendOptions = {}) => inputs.send(part, input, sendOptions) };
      },
      counts: () => ({
        ...socket.counts,
        reports: { ...loop.reports },
        timeouts: loop.timeouts,
        roundTripMs: loop.path.smoothedMs,
      }),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
