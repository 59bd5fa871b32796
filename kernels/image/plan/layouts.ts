/**
 * Choice of the layout: tile-major cells, packed tiles, or rows. Costs are computed from the map, without
 * creating packets. The shortest time for one image wins; among equals, the fewest bytes.
 *
 * @module
 */

import type { AxisWindow } from "../geometry/axis.ts";
import { cellBytes, type Channels, itemBytes, type SeparableMap } from "../../../serialize/sampling.ts";
import { cutRows, type Partition } from "../../../serialize/partition.ts";
import { HEADER_BYTES, KIND, type Kind } from "../../../serialize/header.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import type { DeviceProfile, LayoutName } from "../../target/profile.ts";
import { sentAxes } from "./stream.ts";

/** Comparison result of one layout. Plain data. */
export interface LayoutChoice {
  /** Name of the layout; `samples` for a pipeline without a sampling step. */
  readonly name: LayoutName | "samples";
  /** Bytes sent to the device for one image, including headers. */
  readonly bytes: number;
  /** Packets sent for one image. */
  readonly packets: number;
  /** Bytes of row buffers on the device. */
  readonly buffers: number;
  /** Host time for one image in microseconds, computed from the rates below. */
  readonly hostUs: number;
  /** Wire time for one image in microseconds, with the network shared by all instances. */
  readonly wireUs: number;
  /** Core time for one image in microseconds, at the profile's clock. */
  readonly coreUs: number;
  /** Decision, or the reason against the layout. */
  readonly verdict: "chosen" | "slower" | "not asked for" | "pages need cells or tiles";
}

/**
 * Host time in nanoseconds for a packet and for a payload byte, without CRC.
 * Measured with `deno task bench` on a shared 2-core machine, where memcpy takes 0.08 ns a byte. Rows are
 * copied twice, through the engine's memory. A host whose card reads rows in place would have 0 there.
 */
const HOST_NS = {
  packet: 60,
  byte: { samples: 0.17, cells: 0.41, tiles: 0.66, grid: 2.3, rows: 0.17, image: 0.17 },
} as const;

/** Layout with its partitions. */
export interface LaidOut {
  /** Name of the layout; `samples` for a pipeline without a sampling step. */
  readonly name: LayoutName | "samples";
  /** Kind of payload in requests. */
  readonly kind: Kind;
  /** Partition of the request items. */
  readonly cut: Partition;
  /** Partition of the answer items. */
  readonly answers: Partition;
  /** Bytes of row buffers on the device. */
  readonly buffers: number;
  /** Cycles of the core for one image, without stalls. */
  readonly cycles: number;
}

/** Parameters of the layout choice. */
export interface LayoutTask {
  /** Profile of the target. */
  readonly device: DeviceProfile;
  /** Images of the batch. */
  readonly images: number;
  /** Rows of an input image. */
  readonly height: number;
  /** Columns of an input image. */
  readonly width: number;
  /** Channels of a pixel: 1, 3 or 4. */
  readonly channels: Channels;
  /** Rows and columns of the output. */
  readonly output: readonly [height: number, width: number];
  /** Bytes of an output item, all channels together. */
  readonly outputBytes: number;
  /** Input samples that the outputs need; undefined for remaps, whose neighbours can be anywhere. */
  readonly map: SeparableMap | undefined;
  /**
   * Input window of a filter over whole rows, its buffers in bytes, and its minimum cycles for a row.
   * Undefined for kernels with four neighbours.
   */
  readonly filter: {
    readonly y: AxisWindow;
    readonly x: AxisWindow;
    readonly buffers: number;
    readonly rowCycles: number;
  } | undefined;
  /** Whether the pipeline has a sampling step. Without one, requests hold bare samples. */
  readonly sampled: boolean;
  /** Maximum rows in one packet. */
  readonly maxRows: number;
}

/**
 * Returns the items that a core processes in a cycle: the cells that fit one bus word, limited by its lanes.
 */
export function itemsPerCycle(device: DeviceProfile, kind: Kind, channels: Channels): number {
  const bytes = kind === KIND.samples ? channels : cellBytes(channels);
  const items = Math.max(1, Math.floor(device.busBytes / bytes));
  // With fewer lanes than samples, a word takes several cycles.
  return kind === KIND.samples || device.lanes === undefined
    ? items
    : items / Math.ceil(items * channels / device.lanes);
}

/**
 * Computes the partitions and cycles of a layout.
 *
 * @param name Name of the layout.
 * @param task Parameters of the choice.
 * @returns Undefined if the layout does not support the task.
 * @throws {OnpathError} `size` when the flow has too many packets.
 */
export function layOut(name: LaidOut["name"], task: LayoutTask): LaidOut | undefined {
  const { device, images, channels, output: [height, width], outputBytes } = task;
  const beats = (bytes: number) => Math.ceil(bytes / device.busBytes);
  if (name === "samples" || name === "cells" || name === "tiles") {
    if (task.filter !== undefined || task.sampled === (name === "samples")) return undefined;
    if (name === "tiles" && task.map === undefined) return undefined;
    const kind = KIND[name];
    const item = itemBytes(kind, channels);
    const most = Math.floor(device.payload / Math.max(item, outputBytes));
    const multiple = Math.min(most, Math.max(1, Math.floor(32 / item)));
    const cut = cutRows(width, height, images, most, multiple, task.maxRows);
    const perCycle = itemsPerCycle(device, kind, channels);
    return { name, kind, cut, answers: cut, buffers: 0, cycles: workCycles(cut, perCycle) / images };
  }
  if (!task.sampled) return undefined;
  let [rows, columns] = [0, 0];
  let buffers = 0;
  if (task.filter !== undefined) {
    // A filter needs every row of its window. Only the layout `rows` sends them.
    if (name !== "rows") return undefined;
    [rows, columns] = [task.filter.y.length, task.filter.x.length];
    buffers = task.filter.buffers;
  } else {
    if (device.gathers === false) return undefined;
    const sent = task.map && sentAxes(name, task.map, task.height, task.width);
    if (sent === undefined) return undefined;
    [rows, columns] = [sent.rows.length, sent.columns.length];
    buffers = 2 * columns * channels;
  }
  const most = Math.floor(device.payload / channels);
  // Packets hold whole bus words where possible: a row of 1,280 RGB pixels has 120 words.
  const cut = cutRows(columns, rows, images, most, Math.min(most, device.busBytes));
  const answers = cutRows(width, height, images, Math.floor(device.payload / outputBytes), 1, 1);
  const perCycle = itemsPerCycle(device, KIND.cells, channels);
  const input = images * packetsOfImage(cut).reduce((sum, items) => sum + beats(items * channels), 0);
  return {
    name,
    kind: KIND.samples,
    cut,
    answers,
    buffers,
    cycles: Math.max(
      input / images,
      rows * (task.filter?.rowCycles ?? 0),
      height * Math.ceil(width / perCycle),
    ),
  };
}

/** Returns the items of each packet of one image. */
export function packetsOfImage(cut: Partition): number[] {
  const { width, height, packetsPerRow, rowsPerPacket, itemsPerPacket } = cut;
  const sizes: number[] = [];
  if (packetsPerRow > 1) {
    for (let column = 0; column < width; column += itemsPerPacket) {
      sizes.push(Math.min(itemsPerPacket, width - column));
    }
    return Array.from({ length: height }, () => sizes).flat();
  }
  for (let row = 0; row < height; row += rowsPerPacket) {
    sizes.push(Math.min(rowsPerPacket, height - row) * width);
  }
  return sizes;
}

/** Returns the cycles that a core needs for the packets of a partition. */
export function workCycles(cut: Partition, perCycle: number): number {
  return cut.images * packetsOfImage(cut).reduce((sum, items) => sum + Math.ceil(items / perCycle), 0);
}

/**
 * Compares the layouts of the device and chooses one.
 *
 * @param task Parameters of the choice.
 * @param wanted Layout requested by the user, if any.
 * @param paged Whether tables are swapped by page, which needs packets in page order.
 * @throws {OnpathError} `pipeline` when the requested layout does not support the pipeline; `size` when every
 * layout has too many packets.
 */
export function chooseLayout(
  task: LayoutTask,
  wanted: LayoutName | undefined,
  paged: boolean,
): { readonly chosen: LaidOut; readonly weighed: readonly LayoutChoice[] } {
  const names: LaidOut["name"][] = task.sampled ? [...task.device.layouts] : ["samples"];
  const laid: LaidOut[] = [];
  let refusal: unknown;
  for (const name of names) {
    try {
      const each = layOut(name, task);
      if (each !== undefined) laid.push(each);
    } catch (error) {
      // Too many packets in one layout: another may need fewer.
      if (!(error instanceof OnpathError && error.code === "size")) throw error;
      refusal = error;
    }
  }
  const serves = (each: LaidOut) =>
    (!paged || each.name === "cells" || each.name === "tiles") &&
    (wanted === undefined || !task.sampled || each.name === wanted);
  const costs = laid.map((each) => ({ each, ...cost(each, task) }));
  const open = costs.filter(({ each }) => serves(each));
  if (open.length === 0) {
    if (laid.length === 0 && refusal !== undefined) throw refusal;
    throw new OnpathError(
      "pipeline",
      `Cannot lay out the input${
        wanted === undefined ? "" : ` as ${wanted}`
      } for device ${task.device.name}: ` +
        `this pipeline supports ${laid.map(({ name }) => name).join(", ") || "no layout"}`,
      { wanted, layouts: laid.map(({ name }) => name) },
    );
  }
  const chosen = open.reduce((best, other) => {
    const difference = time(other) - time(best);
    return difference < 0 || (difference === 0 && other.bytes < best.bytes) ? other : best;
  });
  const weighed = costs.map(({ each, ...rest }): LayoutChoice => ({
    ...rest,
    name: each.name,
    buffers: each.buffers,
    verdict: each === chosen.each
      ? "chosen"
      : paged && each.name !== "cells" && each.name !== "tiles"
      ? "pages need cells or tiles"
      : wanted === undefined
      ? "slower"
      : "not asked for",
  }));
  return { chosen: chosen.each, weighed };
}

/** Time of one image in a stream: the slowest of host, wire and core. Their sum breaks ties. */
function time({ hostUs, wireUs, coreUs }: Pick<LayoutChoice, "hostUs" | "wireUs" | "coreUs">): number {
  return Math.max(hostUs, wireUs, coreUs) + (hostUs + wireUs + coreUs) / 1000;
}

function cost(each: LaidOut, { device, images, channels }: LayoutTask) {
  const { cut, name, kind } = each;
  const packets = cut.packets / images;
  const payload = cut.width * cut.height * itemBytes(kind, channels);
  const bytes = payload + packets * HEADER_BYTES;
  const microseconds = (nanoseconds: number) => Math.round(nanoseconds) / 1000;
  return {
    bytes,
    packets,
    hostUs: microseconds(HOST_NS.packet * packets + HOST_NS.byte[name] * payload),
    wireUs: microseconds(8 * bytes * device.instances / device.networkGbps),
    coreUs: microseconds(each.cycles * 1000 / device.clockMHz),
  };
}
