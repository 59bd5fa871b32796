/**
 * Which layout: tile-major cells, packed tiles, or rows. What each costs is computed from the map,
 * without a packet being made; the least time for one image wins, and between equals the fewest bytes.
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

/** A layout as it was weighed. Plain data. */
export interface LayoutChoice {
  /** Its name; `samples` where nothing is sampled. */
  readonly name: LayoutName | "samples";
  /** Bytes to the device for one image, headers included. */
  readonly bytes: number;
  /** Packets for one image. */
  readonly packets: number;
  /** Bytes of row buffers on the device. */
  readonly buffers: number;
  /** Microseconds that the host takes for one image, by the rates below. */
  readonly hostUs: number;
  /** Microseconds on the wire for one image, the instances sharing it. */
  readonly wireUs: number;
  /** Microseconds of the core for one image, at the profile's clock. */
  readonly coreUs: number;
  /** Whether it was chosen, or why it was not. */
  readonly verdict: "chosen" | "slower" | "not asked for" | "pages need cells or tiles";
}

/**
 * Host nanoseconds for a packet and for a byte of payload, without CRC, as `deno task bench` measures
 * them on a shared 2-core machine where a memcpy takes 0.08 a byte: rows are copied twice, through the
 * engine's memory. A host whose card fetches rows from where they lie would have 0 there.
 */
const HOST_NS = {
  packet: 60,
  byte: { samples: 0.17, cells: 0.41, tiles: 0.66, grid: 2.3, rows: 0.17, image: 0.17 },
} as const;

/** A layout with its cut. */
export interface LaidOut {
  /** Its name. */
  readonly name: LayoutName | "samples";
  /** Kind of payload. */
  readonly kind: Kind;
  /** How the items that are sent are cut. */
  readonly cut: Partition;
  /** How the items that come back are cut. */
  readonly answers: Partition;
  /** Bytes of row buffers. */
  readonly buffers: number;
  /** Cycles of the core for one image without stalls. */
  readonly cycles: number;
}

/** What layouts are weighed for. */
export interface LayoutTask {
  /** The device. */
  readonly device: DeviceProfile;
  /** Images of the batch. */
  readonly images: number;
  /** Rows of the source. */
  readonly height: number;
  /** Columns of the source. */
  readonly width: number;
  /** Channels. */
  readonly channels: Channels;
  /** Rows and columns of the output. */
  readonly output: readonly [height: number, width: number];
  /** Bytes of an output item, all channels. */
  readonly outputBytes: number;
  /** What the outputs need; undefined for remaps, whose neighbours lie anywhere. */
  readonly map: SeparableMap | undefined;
  /**
   * The window that a filter over whole rows sees, its buffers in bytes, and the cycles that a row takes at
   * least; undefined for four neighbours.
   */
  readonly filter: {
    readonly y: AxisWindow;
    readonly x: AxisWindow;
    readonly buffers: number;
    readonly rowCycles: number;
  } | undefined;
  /** Whether cells are computed from neighbours, or samples go bare. */
  readonly sampled: boolean;
  /** The most rows that a packet may hold. */
  readonly mostRows: number;
}

/** Items that a core processes in a cycle: as many cells as its bus takes. */
export function itemsPerCycle(device: DeviceProfile, kind: Kind, channels: Channels): number {
  const bytes = kind === KIND.samples ? channels : cellBytes(channels);
  const items = Math.max(1, Math.floor(device.busBytes / bytes));
  // Fewer lanes than samples take a word's samples in steps.
  return kind === KIND.samples || device.lanes === undefined
    ? items
    : items / Math.ceil(items * channels / device.lanes);
}

/**
 * Lays an input out.
 *
 * @param name The layout.
 * @param task What for.
 * @returns Undefined where the layout does not serve the task.
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
    const cut = cutRows(width, height, images, most, multiple, task.mostRows);
    const perCycle = itemsPerCycle(device, kind, channels);
    return { name, kind, cut, answers: cut, buffers: 0, cycles: workCycles(cut, perCycle) / images };
  }
  if (!task.sampled) return undefined;
  let [rows, columns] = [0, 0];
  let buffers = 0;
  if (task.filter !== undefined) {
    // A filter needs every row of its window; `rows` is what that is called.
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
  // Packets of whole bus words: a row of 1280 RGB pixels is 120 of them.
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

/** Items of each packet of one image. */
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

/** Cycles that the packets of a cut keep a core busy. */
export function workCycles(cut: Partition, perCycle: number): number {
  return cut.images * packetsOfImage(cut).reduce((sum, items) => sum + Math.ceil(items / perCycle), 0);
}

/**
 * Weighs the layouts that the device takes and chooses one.
 *
 * @param task What for.
 * @param wanted The layout that is asked for.
 * @param paged Whether tables are swapped by page, which wants packets in any order.
 * @throws {OnpathError} `pipeline` when the layout that is asked for does not serve, `size` when every
 * one has too many packets.
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
      // Too many packets for one layout: another may have fewer.
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
        `this pipeline goes as ${laid.map(({ name }) => name).join(", ") || "none of its layouts"}`,
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

/** Time of one image in a stream of them: the slowest of host, wire and core; then their sum. */
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
