/**
 * A device with a plan and packets for it, one step below a session: what goes in and comes out is seen
 * packet by packet.
 *
 * @module
 */

import type { FormName } from "../../kernels/image/kernel.ts";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { compile } from "../../kernels/compile.ts";
import type { Device, DeviceCounters } from "../../runtime/device/device.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { planMap } from "../../kernels/image/plan/map.ts";
import {
  type Checksum,
  type PacketSlots,
  readPacket,
  reserveSlots,
  slotAddress,
} from "../../serialize/packets.ts";
import { createEngine, type Engine } from "../../serialize/engine.ts";
import { createImageWriter } from "../../serialize/image_writer.ts";
import { type Header, HEADER_BYTES, newHeader } from "../../serialize/header.ts";
import { imageAxes } from "../../serialize/image_axes.ts";
import { type Tensor, toBytes } from "../../serialize/tensor.ts";
import { itemBytes } from "../../serialize/sampling.ts";
import { inLayout, noise } from "../support/images.ts";
import { programOf } from "../support/program.ts";

/** An answer: its header and its payload, copied. */
export interface Answer {
  readonly refusal: string | null;
  readonly header: Header;
  readonly payload: Uint8Array;
  /** The CRC field. */
  readonly crc: number;
}

/** A device, a plan on it, an input, and slots with its packets. */
export interface Bench {
  readonly device: Device;
  readonly plan: ImagePlan;
  readonly input: Tensor;
  /** The whole output, by the reference. */
  readonly expected: Uint8Array;
  readonly engine: Engine;
  readonly requests: PacketSlots;
  readonly answers: PacketSlots;
  readonly packets: number;
  /** Writes all packets of the input. */
  write(flow?: number): void;
  /** Address of a request. */
  at(slot: number): number;
  /** Writes the CRC that a request's bytes have now. */
  seal(slot: number): void;
  /** Exchanges all packets, or the first of them, and returns the answers in order of their numbers. */
  exchange(count?: number): Promise<Answer[]>;
}

/** 20 packets of two rows of 40 cells each. */
export const RESIZE: ImagePipeline = { steps: [{ op: "resize", size: [40, 40] }] };

/** A small image of noise. */
export function smallImage(seed = 1): Tensor {
  return inLayout(noise(1, 20, 30, 3, seed), "HWC");
}

/** Compiles a pipeline for a device, loads it, and reserves slots. */
export async function openBench(
  device: Device,
  options: {
    pipeline?: ImagePipeline;
    input?: Tensor;
    checksum?: Checksum;
    otherEngine?: boolean;
    form?: FormName;
  } = {},
): Promise<Bench> {
  const { pipeline = RESIZE, input = smallImage(), checksum, form } = options;
  const plan = compile(pipeline, { input, device, checksum, form, layout: "cells" });
  const { cut, kind, channels } = plan.body.layout;
  await device.load(programOf(plan));
  const engine = createEngine(2 ** 21);
  const other = options.otherEngine ? createEngine(2 ** 21) : engine;
  // Longer than the longest payload, so that wrong lengths are there to be read.
  const requests = reserveSlots(
    engine,
    cut.packets,
    plan.body.layout.payload + 4 * itemBytes(kind, channels),
  );
  const back = cut.itemsPerPacket * plan.body.output.planes * plan.body.output.itemBytes;
  const answers = reserveSlots(other, cut.packets, 2 * back);
  const writer = createImageWriter(engine, {
    kind,
    channels,
    cut,
    images: cut.images,
    height: imageAxes(input).height,
    width: imageAxes(input).width,
    map: planMap(plan),
    fill: plan.body.geometry.fill,
    plan: plan.id,
    checksum: plan.body.layout.checksum,
  });
  const bench: Bench = {
    device,
    plan,
    input,
    expected: toBytes(referencePipeline(pipeline, input)),
    engine,
    requests,
    answers,
    packets: cut.packets,
    write: (flow = 7) => writer.write(input, flow, 0, cut.packets, requests),
    at: (slot) => slotAddress(requests, slot),
    seal: (slot) => {
      const at = slotAddress(requests, slot);
      const length = Math.min(engine.view.getUint16(at + 20, true), requests.slotBytes - HEADER_BYTES);
      engine.functions.seal(at, HEADER_BYTES + length);
    },
    exchange: async (count = cut.packets) => {
      const found = await device.exchange({ input: requests, count, output: answers });
      return readAnswers(answers, found);
    },
  };
  bench.write();
  return bench;
}

/** Copies the answers in slots, in order of their numbers. */
export function readAnswers(answers: PacketSlots, count: number): Answer[] {
  const { engine } = answers;
  const found = Array.from({ length: count }, (_, slot): Answer => {
    const header = newHeader();
    const refusal = readPacket(answers, slot, header);
    const at = slotAddress(answers, slot);
    const payload = engine.bytes.slice(at + HEADER_BYTES, at + HEADER_BYTES + header.length);
    return { refusal, header, payload, crc: engine.view.getUint32(at + 40, true) };
  });
  return found.sort((a, b) => a.header.sequence - b.header.sequence);
}

/** What the counters of drops have gained, names that gained nothing left out. */
export function dropsSince(device: Device, before: DeviceCounters): Record<string, number> {
  const gained = Object.entries(device.counters().dropped)
    .map(([name, count]) =>
      [name, count - (before.dropped[name as keyof typeof before.dropped] ?? 0)] as const
    )
    .filter(([, count]) => count !== 0);
  return Object.fromEntries(gained);
}
