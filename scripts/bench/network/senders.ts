/**
 * CPU time of a sender: an image in packets that hold what its outputs need, beside the raw image over UDP.
 *
 * The link is a veth pair in the process's own network namespace, whose other end drops what arrives. So no time of a
 * receiver is counted. A limit of one segment makes the kernel cut joined datagrams, as it does for cards without
 * segmentation of UDP.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { compile } from "../../../kernels/compile.ts";
import { findWorkload } from "../../../kernels/registry.ts";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { halvesOf } from "../../../runtime/network/halves_of.ts";
import { DatagramList } from "../../../runtime/network/socket/batch.ts";
import { DATAGRAM_BYTES } from "../../../runtime/network/socket/contract.ts";
import { HEADER_BYTES, OFFSET } from "../../../serialize/header.ts";
import { slotAddress } from "../../../serialize/packets.ts";
import { tensor } from "../../../serialize/tensor.ts";
import { cpuOf, OPEN, type SocketKind } from "./sockets.ts";

const ROUNDS = 11;
const [HERE, THERE] = ["198.18.9.1", "198.18.9.2"];
/** Requests that one call of the sending half writes. */
const BATCH = 32;

/** CPU times of one way to send, in microseconds an image. */
export interface SenderTimes {
  /** How datagrams leave. */
  readonly way: string;
  /** The raw image in datagrams of 1,408 bytes. */
  readonly rawUs: number;
  /** The image serialized and sent. */
  readonly offloadUs: number;
  /** The image serialized. */
  readonly serializeUs: number;
}

const ip = (words: string) => execFileSync("ip", words.split(" "), { stdio: ["ignore", "pipe", "pipe"] });

/** Measures all ways, in a network namespace of this process alone. */
export async function measureSenders(): Promise<SenderTimes[]> {
  ip("link add bench0 type veth peer name bench1");
  ip(`addr add ${HERE}/24 dev bench0`);
  ip("link set bench0 up");
  ip("link set bench1 up");
  ip(`neigh add ${THERE} lladdr 02:00:00:00:00:02 dev bench0`);
  const joined = await measureSender("linux", "one message, cut by the card", 8);
  ip("link set bench0 gso_max_segs 1");
  const cut = await measureSender("linux", "one message, cut by the kernel", 8);
  const single = await measureSender("portable", "one call a datagram", 1);
  return [joined, cut, single];
}

async function measureSender(kind: SocketKind, way: string, images: number): Promise<SenderTimes> {
  const pixels = Uint8Array.from({ length: 720 * 1280 * 3 }, (_, n) => (n * 2_654_435_761) >>> 13);
  const image = tensor(pixels, { dtype: "u8", shape: [720, 1280, 3], layout: "HWC" });
  const steps = [{ op: "resize", size: [224, 224] }] as const;
  const plan = compile({ steps }, { input: image, device: MODEL_PROFILE });
  const half = halvesOf(plan, findWorkload(plan.workload).open(plan, undefined)).send(BATCH);
  const socket = await OPEN[kind]({ listen: { host: HERE, port: 0 }, onDatagrams: () => {} });
  const to = { host: THERE, port: 9 };
  const raw = new DatagramList(pixels);
  for (let at = 0; at < pixels.length; at += DATAGRAM_BYTES) {
    raw.add(at, Math.min(DATAGRAM_BYTES, pixels.length - at));
  }
  const { engine: { bytes, view } } = half.slots;
  const list = new DatagramList(bytes, BATCH);
  const offload = async (isSending: boolean) => {
    for (const { outgoing } of half.begin(image).flows) {
      for (let count; (count = outgoing.write(half.slots, 0, BATCH)) > 0;) {
        if (!isSending) continue;
        list.clear();
        for (let slot = 0; slot < count; slot++) {
          const at = slotAddress(half.slots, slot);
          list.add(at, HEADER_BYTES + view.getUint16(at + OFFSET.length, true));
        }
        list.group();
        await socket.send(list, to);
      }
    }
  };
  const measure = async (run: () => Promise<void>) =>
    await cpuOf(ROUNDS, async () => {
      for (let n = 0; n < images; n++) await run();
    }) / images;
  const times = {
    way,
    rawUs: await measure(() => socket.send(raw, to)),
    offloadUs: await measure(() => offload(true)),
    serializeUs: await measure(() => offload(false)),
  };
  if (socket.counts.failed > 0) {
    throw new Error(`Cannot measure: ${socket.counts.failed} datagrams were refused`);
  }
  await socket.close();
  return times;
}
