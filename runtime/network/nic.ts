/**
 * Soft NIC: a process between two hosts that receives packets, runs devices on them, and forwards the answers.
 *
 * @module
 */

import type { Plan } from "../../kernels/plan/plan.ts";
import type { WaitOptions } from "../../serialize/wait.ts";
import type { Device, DeviceCounters } from "../device/device.ts";
import { createModelDevice } from "../device/model.ts";
import { type Address, ADDRESS_OPTION, LOOPBACK } from "./address.ts";
import type { Channel, Handlers } from "./channel.ts";
import { type ControlServer, serveControl } from "./connect.ts";
import {
  DATAGRAM_BYTES,
  type DatagramSocket,
  JUMBO_BYTES,
  type OpenDatagram,
  openDatagram,
} from "./datagram.ts";
import {
  announceSpec,
  closeSpec,
  destinationSpec,
  flowsSpec,
  nothingSpec,
  type RegisteredFlows,
} from "./messages.ts";
import type { NicCounts } from "./nic_counts.ts";
import { NicPath } from "./nic_path.ts";
import { requireObject } from "../../serialize/require.ts";
import { checkOptions } from "../option_checks.ts";
import { checkKeys, keysHandler } from "./security/agree.ts";
import { checkSecurity, type Security } from "./security/options.ts";
import { TRAILER_BYTES } from "./security/packet_mac.ts";
import { type NicLimits, NicTables } from "./nic_tables.ts";

/** Options of {@linkcode openNic}. */
export interface NicOptions {
  /** Address of the datagrams. Default a free port of loopback. */
  readonly listen?: Address | undefined;
  /** Address of the control channel. Default a free port of loopback. */
  readonly control?: Address | undefined;
  /** Opens the device of a plan; the NIC closes it. Default the model of the plan's target. */
  readonly openDevice?: ((plan: Plan) => Promise<Device>) | undefined;
  /** Finds the resources of a plan, such as its vocabulary, at once or as a promise. Default none. */
  readonly resourcesOf?: ((plan: Plan) => unknown) | undefined;
  /** Address to which datagrams are sent that are no packets. Default they are dropped. */
  readonly passTo?: Address | undefined;
  /** Whether packets may have more than {@linkcode DATAGRAM_BYTES}, up to {@linkcode JUMBO_BYTES}. Default false. */
  readonly jumbo?: boolean | undefined;
  /** Limits of programs, flows, connections and of each host. */
  readonly limits?: NicLimits | undefined;
  /** TLS and token of the control channel, and whether only authenticated packets are taken. Default none. */
  readonly security?: Security | undefined;
  /**
   * Whether a receiver may register flows of other hosts, because this NIC stands in a route and senders do not know it.
   * Default false.
   */
  readonly delegates?: boolean | undefined;
  /** Opens datagram sockets. Default {@linkcode openDatagram}. See {@linkcode openTun} for a NIC in a route. */
  readonly open?: OpenDatagram | undefined;
}

/** An open NIC. */
export interface Nic extends AsyncDisposable {
  /** Address of the datagrams. */
  readonly data: Address;
  /** Address of the control channel. */
  readonly control: Address;
  /** Counts since it was opened. */
  counts(): NicCounts;
  /** Counters of the devices by plan id. */
  devices(): ReadonlyMap<number, DeviceCounters>;
  /** Closes sockets, connections and devices. */
  close(): Promise<void>;
}

/**
 * Opens a NIC.
 *
 * Answers go to hosts that registered themselves over a control connection, never to the source of a datagram. So a
 * spoofed source receives nothing.
 *
 * @param options Addresses, devices, limits.
 * @param wait Timeout and signal of the opening.
 * @throws {OnpathError} `size` if an option is wrong; `device` if an address cannot be used; `timeout`; the signal's reason.
 *
 * @example
 * ```ts
 * import { openNic } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * await using nic = await openNic();
 * assert.equal(nic.data.host, "127.0.0.1");
 * assert.equal(nic.counts().received, 0);
 * ```
 */
export async function openNic(options: NicOptions = {}, wait: WaitOptions = {}): Promise<Nic> {
  checkOptions("open a NIC", options, {
    listen: { kind: ADDRESS_OPTION },
    control: { kind: ADDRESS_OPTION },
    passTo: { kind: ADDRESS_OPTION },
    openDevice: { kind: "function" },
    resourcesOf: { kind: "function" },
    jumbo: { kind: "boolean" },
    limits: { kind: "object" },
    security: { kind: "object" },
    delegates: { kind: "boolean" },
    open: { kind: "function" },
  });
  requireObject("open a NIC", "the options of the wait are", wait);
  const loopback = { host: LOOPBACK, port: 0 };
  const { listen = loopback, control = loopback, passTo, limits = {}, open = openDatagram } = options;
  const { security = {} } = options;
  checkSecurity(security, control);
  const isJumbo = options.jumbo ?? false;
  const path = new NicPath(
    passTo,
    (events) =>
      new NicTables({
        openDevice: options.openDevice ?? (({ target }) => Promise.resolve(createModelDevice(target))),
        resourcesOf: options.resourcesOf ?? (() => undefined),
        isJumbo,
        delegates: options.delegates ?? false,
        events,
      }, limits),
  );
  const maxBytes = TRAILER_BYTES + (isJumbo ? JUMBO_BYTES : DATAGRAM_BYTES);
  const socket = await open({ listen, onDatagrams: (batch) => path.take(batch), maxBytes }, wait);
  let server: ControlServer;
  try {
    path.socket = socket;
    server = await serveControl({
      listen: control,
      role: "nic",
      maxConnections: limits.connections,
      maxPerHost: limits.perPeer?.connections,
      security,
      handlers: controlHandlers(path, socket, security.authenticate ?? false),
      onOpen: ({ remoteHost }) => path.tables.peers.of(remoteHost).connections++,
      onEnd: (channel) => {
        path.tables.peers.of(channel.remoteHost).connections--;
        path.tables.forget(channel);
      },
    }, wait);
  } catch (error) {
    await socket.close();
    throw error;
  }
  let closing: Promise<void> | undefined;
  const close = async () => {
    await server.close();
    path.close();
    await path.tables.close();
    await socket.close();
  };
  const nic: Nic = {
    data: socket.local,
    control: server.local,
    counts: () => ({
      ...path.counts(server.channels.size),
      control: { refused: { ...server.refused }, messages: { ...server.messages } },
    }),
    devices: () => path.devices(),
    close: () => closing ??= close(),
    [Symbol.asyncDispose]: () => nic.close(),
  };
  return nic;
}

function controlHandlers(path: NicPath, socket: DatagramSocket, isAuthenticated: boolean): Handlers {
  const { tables } = path;
  // Senders share what the socket buffers. Few packets each suffice for progress.
  const windowOf = (channel: Channel) => {
    const owners = new Set(
      [...tables.flows.values()].map(({ owner }) => owner).filter((each) => each !== channel),
    );
    return Math.max(4, Math.floor(socket.burst / (owners.size + 1)));
  };
  return {
    keys: keysHandler,
    describe: { schema: nothingSpec, run: () => ({ port: socket.local.port }) },
    announce: {
      schema: announceSpec,
      run: async ({ plan }: { plan: Uint8Array }, channel) => {
        await tables.announce(plan, channel);
      },
    },
    destination: {
      schema: destinationSpec,
      run: ({ token, port }: { token: string; port: number }, channel) => {
        checkKeys("register a destination", channel, isAuthenticated);
        tables.addDestination(token, port, channel);
      },
    },
    flows: {
      schema: flowsSpec,
      run: (message: RegisteredFlows, channel) => {
        checkKeys("register flows", channel, isAuthenticated);
        const { share } = tables.addFlows(message, channel);
        return { window: Math.min(windowOf(channel), share) };
      },
    },
    close: {
      schema: closeSpec,
      run: ({ flows }: { flows: number[] }, channel) => tables.closeFlows(flows, channel),
    },
    // A peer learns nothing of others.
    stats: { schema: nothingSpec, run: () => ({ ...path.counts(0), peers: {} }) },
  };
}
