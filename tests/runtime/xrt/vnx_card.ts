/**
 * A card in network mode that is none: VNx's registers as a model, UDP on loopback, and behind them the RTL of the kernel
 * that a plan starts.
 *
 * @module
 */

import assert from "node:assert/strict";
import { COUNTER, counterAddress } from "../../../kernels/rtl/registers.ts";
import type { RtlExports } from "../../../runtime/device/rtl/exports.ts";
import { driveRtl } from "../../../runtime/device/rtl/card.ts";
import { createVnxOffload } from "../../../runtime/device/xrt/vnx/device.ts";
import type { VnxOffloadOptions } from "../../../runtime/device/xrt/vnx/options.ts";
import type { NetworkDevice } from "../../../runtime/device/xrt/vnx/kernel.ts";
import { VnxNetwork } from "../../../runtime/device/xrt/vnx/network.ts";
import { batchOf, openDatagram } from "../../../runtime/network/mod.ts";
import type { Device } from "../../../runtime/device/device.ts";
import { drive, readRtl, type Rtl } from "../../rtl/rtl.ts";
import { random } from "../../support/random.ts";
import { networkModel } from "./vnx_model.ts";

const HOST = "127.0.0.1";

/** Kernels of the card, and the build that each is here. The image kernel's has the bus of the network shell. */
const BUILDS: Readonly<Record<string, string>> = {
  onpath_image: "onpath_image",
  onpath_image_products: "packet_image_products",
  onpath_rows: "packet_rows",
  onpath_lookup: "packet_lookup",
  onpath_quantize: "packet_quantize",
  onpath_dequantize: "packet_dequantize",
  onpath_rotate: "packet_rotate",
};

/** Bytes of tables that the harness takes at once. */
const LOAD_BYTES = 2 ** 20;

/** What the card and the network do. */
export interface CardOptions {
  /** Kernels of its xclbin; default all. */
  readonly kernels?: readonly string[];
  /** Share of datagrams that are lost, each way. */
  readonly loss?: number;
  /** Whether each answer comes twice. */
  readonly doubles?: boolean;
  /** Whether this machine answers ARP; default true. */
  readonly answersArp?: boolean;
  /** Whether the card takes packets and answers none. */
  readonly isSilent?: boolean;
  /** Whether others use the kernel all the time, so that its counters change. */
  readonly isShared?: boolean;
}

/** An open card. */
export interface VnxCard {
  readonly device: NetworkDevice;
  readonly network: VnxNetwork;
  /** Port of the card on loopback. */
  readonly port: number;
  /** What happened: datagrams that came and that no socket has, and the longest batch. */
  readonly counts: { came: number; strays: number; batch: number };
  /** Kernels and movers that are open. */
  readonly held: ReadonlySet<string>;
  /** Makes the device. */
  readonly open: (options?: Partial<VnxOffloadOptions>) => Promise<Device>;
  readonly close: () => Promise<void>;
}

interface Core {
  readonly rtl: Rtl;
  readonly load: (words: Uint8Array) => void;
}

async function openCore(build: string): Promise<Core> {
  const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(await readRtl(build)), {});
  const raw = exports as unknown as RtlExports;
  const rtl = drive(driveRtl(raw));
  return {
    rtl,
    load: (words) => {
      for (let at = 0; at < words.length; at += LOAD_BYTES) {
        const part = words.subarray(at, at + LOAD_BYTES);
        new Uint8Array(raw.memory.buffer).set(part, raw.input_at());
        assert.equal(raw.load(part.length / 8), 0);
      }
    },
  };
}

/** Opens a card. */
export async function openVnxCard(options: CardOptions = {}): Promise<VnxCard> {
  const {
    kernels = Object.keys(BUILDS),
    loss = 0,
    doubles = false,
    answersArp = true,
    isSilent = false,
    isShared = false,
  } = options;
  const model = networkModel(4, answersArp ? [{ ip: [127, 0, 0, 1], mac: [2, 0, 0, 0, 0, 1] }] : []);
  const network = new VnxNetwork(model);
  const counts = { came: 0, strays: 0, batch: 0 };
  const cores = new Map<string, Core>();
  for (const name of kernels) cores.set(name, await openCore(BUILDS[name]!));
  const held = new Set<string>();
  // Packets go to the kernel that was started last; a card's xclbin has one.
  let active: Core | undefined;
  const next = random(7);
  let reads = 0;
  const isLost = () => next() / 2 ** 32 < loss;

  const udp = await openDatagram({
    listen: { host: HOST, port: 0 },
    onDatagrams: async ({ bytes, count, offsets, lengths, sources }) => {
      const packets: Uint8Array[] = [], sockets: number[] = [];
      const table = network.sockets();
      for (let n = 0; n < count; n++) {
        counts.came++;
        const { host, port } = sources[n]!;
        const index = table.findIndex((entry) =>
          entry !== null && entry.theirIp === host && entry.theirPort === port &&
          entry.myPort === udp.local.port
        );
        if (index < 0) counts.strays++;
        if (index < 0 || isLost()) continue;
        packets.push(bytes.slice(offsets[n]!, offsets[n]! + lengths[n]!));
        sockets.push(index);
      }
      counts.batch = Math.max(counts.batch, packets.length);
      if (active === undefined || packets.length === 0) return;
      const { answers, answered } = active.rtl.run(packets, undefined, sockets);
      for (const [at, answer] of answers.entries()) {
        const peer = network.sockets()[answered[at]!];
        if (isSilent || peer === null || peer === undefined || isLost()) continue;
        const to = { host: peer.theirIp, port: peer.theirPort };
        for (let copy = 0; copy < (doubles ? 2 : 1); copy++) await udp.send(batchOf([answer]), to);
      }
    },
  });

  const kernel = (name: string) => {
    assert(!held.has(name), `${name} is open`);
    held.add(name);
    const core = cores.get(name.split(":")[0]!);
    const values: number[] = [];
    let moved: Uint8Array | undefined;
    return {
      run: () => ({
        set: (which: number | string, value: unknown) => {
          if (typeof which === "number") values[which] = value as number;
          else if (which === "in") moved = (value as { readonly memory: Uint8Array }).memory;
        },
        start: () => {
          if (core !== undefined) {
            core.rtl.card.start([...values]);
            active = core;
          } else active!.load(moved!);
        },
        wait: () => {},
        [Symbol.dispose]: () => {},
      }),
      group: () => 0,
      readRegister: (address: number) => {
        const isBusy = [COUNTER.packets, COUNTER.present].some((index) => address === counterAddress(index));
        const others = isShared && isBusy ? ++reads : 0;
        return core!.rtl.card.read(address) + others;
      },
      close: () => held.delete(name),
      [Symbol.dispose]: () => held.delete(name),
    };
  };
  const device = {
    xclbin: { kernels: kernels.map((name) => ({ name, instances: [{ name: `${name}_0` }] })) },
    kernel,
    allocate: ({ bytes }: { readonly bytes: number }) => {
      const memory = new Uint8Array(bytes);
      return { memory, map: () => memory, sync: () => {}, [Symbol.dispose]: () => {} };
    },
  } as unknown as NetworkDevice;
  const card = { host: HOST, port: udp.local.port };
  return {
    device,
    network,
    port: card.port,
    counts,
    held,
    open: (options = {}) =>
      createVnxOffload({ device, network, card, listen: { host: HOST, port: 0 }, ...options }),
    close: () => udp.close(),
  };
}
