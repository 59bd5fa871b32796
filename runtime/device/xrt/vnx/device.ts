/**
 * Device of a card in network mode: plans and tables by XRT, packets as UDP datagrams to the card's port.
 *
 * @module
 */

import type { PlanBuild } from "../../../../kernels/rtl/builds.ts";
import type { DeviceProfile } from "../../../../kernels/target/profile.ts";
import { checkInteger, OnpathError } from "../../../../serialize/errors.ts";
import { bounded, type WaitOptions } from "../../../../serialize/wait.ts";
import { openDatagram } from "../../../network/datagram.ts";
import type { DatagramSocket } from "../../../network/socket/contract.ts";
import { checkOptions } from "../../../option_checks.ts";
import { createCardDevice } from "../../card_device.ts";
import type { Device } from "../../device.ts";
import type { Port } from "../../port.ts";
import { type OpenOptions, XrtDevice } from "../binding/device.ts";
import { XRT_PROFILE } from "../device/card_device.ts";
import { type NetworkDevice, openNetworkKernels, requireNetworkMode } from "./kernel.ts";
import { VnxNetwork } from "./network.ts";
import {
  ADDRESSING_CHECKS,
  CARD_CHECKS,
  DOING,
  type VnxAddressing,
  type VnxOffloadOptions,
} from "./options.ts";
import { createVnxPackets, type SendOptions, type VnxPackets } from "./packets.ts";

/** Forms of tables whose pages are swapped, which needs the movers of host mode. */
const { "row-pages": _pages, ...depths } = XRT_PROFILE.depths!;

/**
 * Profile of a card in network mode: that of the RTL without pages, which need host mode.
 *
 * @example
 * ```ts
 * import { UDP_PROFILE } from "onpath/xrt";
 * import assert from "node:assert/strict";
 *
 * assert.equal(UDP_PROFILE.name, "udp");
 * ```
 */
export const UDP_PROFILE: DeviceProfile = {
  ...XRT_PROFILE,
  name: "udp",
  summary: "the NIC's RTL on a card behind AMD's VNx network shell, by UDP",
  depths,
};

/** Milliseconds in which VNx's answers to ARP come, and between two looks at them. */
const ARP_MS = 5000, ARP_LOOK_MS = 50;

/** Waits until the card knows the MAC address of this machine: it drops answers to others. */
async function findHost(network: VnxNetwork, ip: string, wait: WaitOptions): Promise<void> {
  const knows = () => network.arp().some((entry) => entry.ip === ip);
  if (knows()) return;
  network.discoverArp();
  const end = performance.now() + Math.min(ARP_MS, wait.timeoutMs ?? ARP_MS);
  while (!knows()) {
    if (performance.now() > end) {
      throw new OnpathError(
        "device",
        `Cannot ${DOING}: it finds no ${ip} by ARP. Is the address this machine's, on the card's link and subnet?`,
        { ip },
      );
    }
    await bounded("the card's ARP", new Promise((resolve) => setTimeout(resolve, ARP_LOOK_MS)), wait);
  }
}

/**
 * Makes a device of a card in network mode. It sets the card's socket to this machine, and waits until the card knows it.
 *
 * Lost datagrams are packets without an answer, which a session sends again. Up to 16 machines may share a kernel and a plan,
 * each with a socket of its own; counts are then of all of them.
 *
 * @param options Card, and both ends of the network. The card's own address must have been set.
 * @param wait Timeout and signal.
 * @returns Device. It clears the socket when it closes. Packets lost on the way count as processed.
 * @throws {OnpathError} `size` when an option is missing or out of range; `device` when the address is not this
 * machine's, or the card does not find it.
 *
 * @example
 * ```ts
 * import { createVnxOffload, type VnxOffloadOptions } from "onpath/xrt";
 * import assert from "node:assert/strict";
 *
 * const ends = { card: { host: "192.168.0.5", port: 0 }, listen: { host: "192.168.0.9", port: 0 } };
 * await assert.rejects(createVnxOffload(ends as VnxOffloadOptions), /card has no IPv4 address in host, or no such port/);
 * ```
 */
export async function createVnxOffload(options: VnxOffloadOptions, wait: WaitOptions = {}): Promise<Device> {
  checkOptions(DOING, options, CARD_CHECKS);
  const { device, network, card, listen, close } = options;
  const index = checkInteger("socket index", options.socket ?? 0, 0, network.socketCount() - 1);
  const window = checkInteger("window", options.window ?? 128, 1, 1024);
  const lossMs = checkInteger("loss time in ms", options.lossMs ?? 50, 1, 10_000);
  const ports = new Set<VnxPackets>();
  const socket = await openDatagram({
    listen,
    onDatagrams: (batch) => {
      for (const packets of ports) packets.receive(batch);
    },
  }, wait);
  const leave = async () => {
    try {
      network.setSocket(index, null);
    } finally {
      await socket.close();
    }
  };
  try {
    network.setSocket(index, { theirIp: listen.host, theirPort: socket.local.port, myPort: card.port });
    await findHost(network, listen.host, wait);
  } catch (error) {
    await leave();
    throw error;
  }
  return createCardDevice({
    profile: UDP_PROFILE,
    refuse: requireNetworkMode,
    open: (build) =>
      Promise.resolve().then(() => openPort(device, build, socket, { to: card, window, lossMs }, ports)),
    close: async () => {
      await leave();
      await close?.();
    },
  });
}

/** Opens the port of a build: its kernels, and their packets. */
function openPort(
  device: NetworkDevice,
  build: PlanBuild,
  socket: DatagramSocket,
  options: SendOptions,
  ports: Set<VnxPackets>,
): Port {
  const kernels = openNetworkKernels(device, build);
  const packets = createVnxPackets(socket, options, kernels.read);
  ports.add(packets);
  return {
    start: (image, wait) => kernels.start(image.values, wait),
    load: (image, wait) => kernels.load(image.tables, wait),
    queue: () => {},
    exchange: packets.exchange,
    read: kernels.read,
    sent: packets.sent,
    isShared: true,
    isRunning: packets.isRunning,
    settle: packets.settle,
    stop: packets.stop,
    close: () => {
      ports.delete(packets);
      kernels.close();
      return Promise.resolve();
    },
  };
}

/**
 * Opens a card in network mode: loads its xclbin, gives the network shell its address, and makes a device of it.
 *
 * @param options Card to open, path or bytes of the xclbin, and both ends of the network.
 * @returns Device that closes the card with itself.
 * @throws {OnpathError} `size` when an option is missing or out of range; `device` when the card is absent, XRT is not
 * installed, the xclbin has no network layer, or the card does not find this machine; `file` when the xclbin is invalid.
 *
 * @example
 * ```ts ignore
 * import { compile, offload } from "onpath";
 * import { openVnxOffload } from "onpath/xrt";
 *
 * await using device = await openVnxOffload({
 *   xclbin: "onpath_image.xclbin",
 *   card: { host: "192.168.0.5", port: 60_000 },
 *   listen: { host: "192.168.0.9", port: 0 },
 * });
 * const plan = compile(pipeline, { input: image, device });
 * const { output } = await offload(plan, image, device);
 * ```
 */
export async function openVnxOffload(
  options: OpenOptions & VnxAddressing & { readonly xclbin: string | Uint8Array },
): Promise<Device> {
  checkOptions(DOING, options, ADDRESSING_CHECKS);
  const device = await XrtDevice.open(options);
  try {
    await device.load(options.xclbin, options);
    const network = new VnxNetwork(device.ip("networklayer"));
    network.setAddresses({ ip: options.card.host });
    return await createVnxOffload({ ...options, device, network, close: () => device.close() }, options);
  } catch (error) {
    device.close();
    throw error;
  }
}
