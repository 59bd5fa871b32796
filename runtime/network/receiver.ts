/**
 * Receiver: the host that has no input and builds the results, from answers that a NIC forwards.
 *
 * @module
 */

import { findWorkload } from "../../kernels/registry.ts";
import type { Plan } from "../../kernels/plan/plan.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { WaitOptions } from "../../serialize/wait.ts";
import { type Address, ADDRESS_OPTION, LOOPBACK } from "./address.ts";
import { connectControl, type ControlCounts, type ControlServer, serveControl, sourceOf } from "./connect.ts";
import {
  DATAGRAM_BYTES,
  type DatagramCounts,
  JUMBO_BYTES,
  type OpenDatagram,
  openDatagram,
} from "./datagram.ts";
import { halvesOf } from "./halves_of.ts";
import { inputSpec, openSpec, partSpec, resumeSpec } from "./messages.ts";
import { checkOptions } from "../option_checks.ts";
import { ReceivedInputs } from "./received_inputs.ts";
import type { ReceivedOutput } from "./received_output.ts";
import { NicProxy } from "./nic_proxy.ts";
import { Reconnecting } from "./reconnecting.ts";
import { agreeKeys, checkKeys, keysHandler } from "./security/agree.ts";
import { checkSecurity, type Security } from "./security/options.ts";
import { TRAILER_BYTES } from "./security/packet_mac.ts";
import type { ReceivedBatch } from "./socket/batch.ts";

/** A plan that a receiver takes, with the data that it names. */
export interface ReceivedPlan {
  /** Compiled plan. */
  readonly plan: Plan;
  /** Resources of the plan, such as its vocabulary. */
  readonly resources?: unknown;
}

/** Options of {@linkcode openReceiver}. */
export interface ReceiverOptions {
  /** Control address of the NIC. */
  readonly nic: Address;
  /** Plans that senders may use. */
  readonly plans: readonly ReceivedPlan[];
  /**
   * Takes a result. The sender's call ends once it returns; if it throws an OnpathError, that call fails with it. Any
   * other error fails the call without details, and becomes an unhandled rejection here.
   */
  readonly onOutput: (output: ReceivedOutput) => void | Promise<void>;
  /** Address of the datagrams. Default a free port of loopback. */
  readonly listen?: Address | undefined;
  /** Address of the control channel. Default a free port of loopback. */
  readonly control?: Address | undefined;
  /** Port to which the NIC sends, if it differs from that of `listen`, such as behind a relay. */
  readonly announcedPort?: number | undefined;
  /** Whether packets may have more than {@linkcode DATAGRAM_BYTES}, up to {@linkcode JUMBO_BYTES}. Default false. */
  readonly jumbo?: boolean | undefined;
  /** Inputs at once, 1 to 4096. Default 64. */
  readonly maxInputs?: number | undefined;
  /** TLS and token of the control channels, and whether packets are authenticated. Default none. */
  readonly security?: Security | undefined;
  /**
   * Whether senders know this receiver alone, because the NIC stands in their route. The receiver then registers their
   * plans and flows at the NIC, which must have the option `delegates`. Default false.
   */
  readonly routed?: boolean | undefined;
  /** Opens datagram sockets. Default {@linkcode openDatagram}. */
  readonly open?: OpenDatagram | undefined;
}

/** Counts of a receiver since it was opened. */
export interface ReceiverCounts extends Readonly<DatagramCounts> {
  /** Answers by outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Connections of senders that were refused, and messages by what became of them. */
  readonly control: Readonly<ControlCounts>;
  /** Inputs that are open. */
  readonly inputs: number;
  /** Inputs that were completed. */
  readonly completed: number;
  /** Flows that senders completed on their own hosts. */
  readonly fallbacks: number;
  /** Requests that came here, because no NIC was in their route. */
  readonly missed: number;
}

/** An open receiver. */
export interface Receiver extends AsyncDisposable {
  /** Address of the datagrams. */
  readonly data: Address;
  /** Address of the control channel, for senders. */
  readonly control: Address;
  /** Counts since it was opened. */
  counts(): ReceiverCounts;
  /** Closes sockets and connections. Open inputs are dropped. */
  close(): Promise<void>;
}

/**
 * Opens a receiver and registers it at a NIC. It registers again if the NIC is restarted.
 *
 * @param options Addresses, plans and callback.
 * @param wait Timeout and signal of the opening.
 * @throws {OnpathError} `size` if an option is missing or wrong; `plan` or `pipeline` if a plan cannot cross a network; `device` if an address cannot be used or
 * the NIC is absent; `timeout`; the signal's reason.
 */
export async function openReceiver(options: ReceiverOptions, wait: WaitOptions = {}): Promise<Receiver> {
  checkOptions("open a receiver", options, {
    nic: { kind: ADDRESS_OPTION, isRequired: true },
    plans: { kind: "array", isRequired: true },
    onOutput: { kind: "function", isRequired: true },
    listen: { kind: ADDRESS_OPTION },
    control: { kind: ADDRESS_OPTION },
    announcedPort: { kind: "port" },
    jumbo: { kind: "boolean" },
    security: { kind: "object" },
    routed: { kind: "boolean" },
    open: { kind: "function" },
  });
  for (const [n, each] of options.plans.entries()) checkReceivedPlan(n, each);
  const loopback = { host: LOOPBACK, port: 0 };
  const { nic, listen = loopback, control = loopback, announcedPort, open = openDatagram } = options;
  const { security = {} } = options;
  const isAuthenticated = security.authenticate ?? false;
  checkSecurity(security, control);
  const plans = new Map(options.plans.map(({ plan, resources }) => [
    plan.id,
    { plan, halves: halvesOf(plan, findWorkload(plan.workload).open(plan, resources), options.jumbo) },
  ]));
  const inputs = new ReceivedInputs(plans, options.onOutput, options.maxInputs);
  const token = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) =>
    byte.toString(16).padStart(2, "0")
  )
    .join("");
  const undo: (() => void | Promise<void>)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const maxBytes = TRAILER_BYTES + (options.jumbo === true ? JUMBO_BYTES : DATAGRAM_BYTES);
    const onDatagrams = (batch: ReceivedBatch) => inputs.take(batch);
    const socket = await open({ listen, onDatagrams, maxBytes, coalesces: true }, wait);
    undo.push(() => socket.close());
    inputs.reportBy(socket);
    undo.push(() => inputs.close());
    const port = announcedPort ?? socket.local.port;
    const proxy = options.routed === true ? new NicProxy(() => link) : undefined;
    if (proxy !== undefined) {
      // Requests have a port of their own, so that one which passes no NIC is not taken for an answer.
      const requests = await open({ listen: { host: listen.host, port: 0 }, onDatagrams: () => {} }, wait);
      undo.push(() => requests.close());
      proxy.requests = requests;
    }
    const handlers = proxy === undefined ? {} : { failure: proxy.failure };
    const link: Reconnecting = await Reconnecting.open("the NIC", async (each) => {
      const channel = await connectControl(nic, "receiver", handlers, each, security, sourceOf(listen));
      try {
        if (isAuthenticated) await agreeKeys(channel, each);
        await channel.call("destination", { token, port }, each);
      } catch (error) {
        channel.close();
        throw error;
      }
      void channel.ended.then(() => proxy?.reset());
      return channel;
    }, wait);
    undo.push(() => link.close());
    if (isAuthenticated) inputs.nicMac = () => link.current?.keys?.mac("answer");
    const server: ControlServer = await serveControl({
      listen: control,
      role: "receiver",
      security,
      handlers: {
        ...proxy?.handlers,
        keys: keysHandler,
        open: {
          schema: openSpec,
          run: (message, channel) => {
            checkKeys("open an input", channel, isAuthenticated);
            return { input: inputs.open(message, channel), token, window: socket.burst };
          },
        },
        resume: {
          schema: resumeSpec,
          run: (message, channel) => ({ from: inputs.resume(message, channel) }),
        },
        part: { schema: partSpec, run: (message, channel) => inputs.append(message, channel) },
        drop: { schema: inputSpec, run: ({ input }, channel) => inputs.drop(input, channel) },
      },
      onEnd: (channel) => {
        inputs.forget(channel);
        proxy?.forget(channel);
      },
    }, wait);
    undo.push(() => server.close());
    const receiver: Receiver = {
      data: socket.local,
      control: server.local,
      counts: () => ({
        ...socket.counts,
        ...inputs.counts(),
        missed: proxy?.requests?.counts.received ?? 0,
        control: { refused: { ...server.refused }, messages: { ...server.messages } },
      }),
      close,
      [Symbol.asyncDispose]: close,
    };
    return receiver;
  } catch (error) {
    await close();
    throw error;
  }
}

function checkReceivedPlan(n: number, each: unknown): void {
  const plan = (each as Partial<ReceivedPlan> | null | undefined)?.plan;
  if (typeof plan === "object" && plan !== null) return;
  throw new OnpathError(
    "size",
    `Cannot open a receiver: plans[${n}] has no plan, expected { plan, resources? } with a compiled plan`,
  );
}
