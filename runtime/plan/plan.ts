/**
 * Plans: a pipeline compiled for one input shape and one device. Plain data.
 *
 * @module
 */

import type { AxisWindow, Bound, Pipeline, ResizeParams, TableInfo } from "../../kernels/mod.ts";
import type { Channels, Checksum, DType, Kind, Layout, Partition, Placement } from "../../serialize/mod.ts";
import type { DeviceProfile } from "../device/profile.ts";

/** The version that this code writes and reads. */
export const PLAN_VERSION = 1;

/** The shape that a plan is for. */
export interface PlanInput {
  /** Element type; images are u8. */
  readonly dtype: "u8";
  /** Number of elements along each axis. */
  readonly shape: readonly number[];
  /** The names of the axes. */
  readonly layout: Layout;
}

/** How samples move: a window before the resize, the resize, a window after it. */
export interface Geometry {
  /** Crops and pads before the resize. */
  readonly before: { readonly y: AxisWindow; readonly x: AxisWindow };
  /** The resize, or null. */
  readonly resize: ResizeParams | null;
  /** Crops and pads after the resize. */
  readonly after: { readonly y: AxisWindow; readonly x: AxisWindow };
  /** The colour of the pads, one byte a channel. */
  readonly fill: readonly number[];
}

/** How the input is cut into packets. */
export interface PlanLayout {
  /** `KIND.cells` or `KIND.samples`. */
  readonly kind: Kind;
  /** Channels of the input. */
  readonly channels: Channels;
  /** How items are cut into packets, both ways. */
  readonly cut: Partition;
  /** Longest payload to the device, in bytes. */
  readonly payload: number;
  /** Bytes to the device, headers included. */
  readonly bytesOut: number;
  /** Bytes back, headers included. */
  readonly bytesBack: number;
  /** Whether packets carry a CRC-32C. */
  readonly checksum: Checksum;
}

/** What comes out. */
export interface PlanOutput {
  /** Element type. */
  readonly dtype: DType;
  /** Number of elements along each axis. */
  readonly shape: readonly number[];
  /** The names of the axes. */
  readonly layout: Layout;
  /** Planes of an image as packets hold it: 1 for interleaved channels. */
  readonly planes: number;
  /** Bytes of one item in one plane. */
  readonly itemBytes: number;
}

/** A kernel with its parameters. */
export interface PlanStage {
  /** Name of the kernel. */
  readonly kernel: string;
  /** Its parameters, as its own schema checks them. */
  readonly params: unknown;
}

/** A compiled pipeline. */
export interface Plan {
  /** What kind of document it is. */
  readonly format: "onpath.plan";
  /** Version of the format, {@linkcode PLAN_VERSION}. */
  readonly version: typeof PLAN_VERSION;
  /** CRC-32C of the rest; packets carry it, so that none reaches the wrong plan. */
  readonly id: number;
  /** The user's steps. */
  readonly pipeline: Pipeline;
  /** The shape that the plan is for. */
  readonly input: PlanInput;
  /** The device that the plan is for. */
  readonly device: DeviceProfile;
  /** How samples move. */
  readonly geometry: Geometry;
  /** The kernels, in order. */
  readonly stages: readonly PlanStage[];
  /** How the input is cut into packets. */
  readonly layout: PlanLayout;
  /** The tables of all stages. */
  readonly tables: readonly (TableInfo & { readonly kernel: string })[];
  /** What comes out. */
  readonly output: PlanOutput;
  /** What each stage equals, and how nearly. */
  readonly bounds: readonly (Bound & { readonly kernel: string })[];
  /** What was chosen and why, for people. */
  readonly notes: readonly string[];
}

/** Where the payloads of a plan's answers belong. */
export function planPlacement(plan: Plan): Placement {
  return {
    plan: plan.id,
    cut: plan.layout.cut,
    planes: plan.output.planes,
    itemBytes: plan.output.itemBytes,
    checksum: plan.layout.checksum,
  };
}
