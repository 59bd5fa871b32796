/**
 * Plans: a pipeline compiled for one input shape and one device. Plain data.
 *
 * @module
 */

import type { Bound, FormName } from "../kernel.ts";
import type { Pipeline } from "../pipeline.ts";
import type { Channels } from "../../../serialize/sampling.ts";
import type { Checksum } from "../../../serialize/packets.ts";
import type { DType } from "../../../serialize/dtype.ts";
import type { Kind } from "../../../serialize/header.ts";
import type { Layout } from "../../../serialize/tensor.ts";
import type { Partition } from "../../../serialize/partition.ts";
import type { Placement } from "../../../serialize/reassembler.ts";
import type { LayoutName } from "../../target/profile.ts";
import type { FormChoice } from "./choose_form.ts";
import type { Plan } from "../../plan/plan.ts";
import type { Geometry } from "./geometry.ts";
import type { LayoutChoice } from "./layouts.ts";
import type { Blocks, PlacedTable } from "./memory.ts";

/** The shape that a plan is for. */
export interface PlanInput {
  /** Element type; images are u8. */
  readonly dtype: "u8";
  /** Number of elements along each axis. */
  readonly shape: readonly number[];
  /** The names of the axes. */
  readonly layout: Layout;
}

/** How the input is cut into packets. */
export interface PlanLayout {
  /** Name of the layout; `samples` where nothing is sampled. */
  readonly name: LayoutName | "samples";
  /** Kind of payload. */
  readonly kind: Kind;
  /** Channels of the input. */
  readonly channels: Channels;
  /** How the items that are sent are cut into packets. */
  readonly cut: Partition;
  /** How the items that come back are cut: as they are sent, but where rows are. */
  readonly answers: Partition;
  /** Bytes of row buffers on the device. */
  readonly buffers: number;
  /** Longest payload to the device, in bytes. */
  readonly payload: number;
  /** Bytes to the device, headers included. */
  readonly bytesOut: number;
  /** Bytes back, headers included. */
  readonly bytesBack: number;
  /** Whether packets carry a CRC-32C. */
  readonly checksum: Checksum;
}

/** Type and shape of the output. */
export interface PlanOutput<D extends DType = DType> {
  /** Element type. */
  readonly dtype: D;
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
  /** The form of its tables. */
  readonly form: FormName;
  /** What a cell's weight index numbers. */
  readonly index: "pairs" | "phases";
}

/** What was asked for beyond the pipeline; null where the planner chooses. */
export interface PlanOptions {
  /** Levels that are accepted beyond the match. */
  readonly tolerance: number;
  /** The form of tables. */
  readonly form: FormName | null;
  /** The layout. */
  readonly layout: LayoutName | null;
}

/** Pages that are swapped while packets stream. */
export interface PlanPages {
  /** How many there are. */
  readonly count: number;
  /** Bytes of each. */
  readonly bytes: number;
  /** How many stand on chip at once. */
  readonly slots: number;
  /** Images from which on a load is hidden behind the work of the page before. */
  readonly breakEven: number;
  /** Whether pages stay for the next flow. */
  readonly keep: boolean;
}

/** Cycles and bytes of one flow on a device that holds nothing yet. Plain data. */
export interface PlanCost {
  /** Cycles that the core must work, whatever the tables: the ideal. */
  readonly ideal: number;
  /** Cycles in which it waits for pages or rows. */
  readonly stalls: number;
  /** Cycles in which the last packets of a window are on their way, where the device counts them. */
  readonly latency: number;
  /** Cycles that load what stays on chip, before the first packet. */
  readonly load: number;
  /** All of them. */
  readonly cycles: number;
  /** The least cycles of any schedule of the same pages, tables loaded. */
  readonly leastCycles: number;
  /** Cycles of the next flow, with the tables that are kept from this one. */
  readonly again: number;
  /** Pages loaded. */
  readonly swaps: number;
  /** Bytes of tables and pages loaded. */
  readonly tableBytes: number;
}

/** A compiled image pipeline. */
export interface ImageBody<D extends DType = DType> {
  /** The user's steps. */
  readonly pipeline: Pipeline;
  /** Constraints beyond the pipeline. */
  readonly options: PlanOptions;
  /** Shape of the input. */
  readonly input: PlanInput;
  /** Sampling geometry. */
  readonly geometry: Geometry;
  /** The kernels, in order. */
  readonly stages: readonly PlanStage[];
  /** How the input is cut into packets. */
  readonly layout: PlanLayout;
  /** Tables of all stages, with their places on chip. */
  readonly tables: readonly PlacedTable[];
  /** Blocks that tables and row buffers take, and the target's budget. */
  readonly memory: Blocks & { readonly budget: Blocks };
  /** Pages that are swapped, or null where every table stays on chip. */
  readonly pages: PlanPages | null;
  /** Cost on the target. */
  readonly cost: PlanCost;
  /** Layouts that were compared. */
  readonly layouts: readonly LayoutChoice[];
  /** Forms of tables that were compared. */
  readonly forms: readonly FormChoice[];
  /** Type and shape of the output. */
  readonly output: PlanOutput<D>;
  /** What each stage equals, and the greatest difference. */
  readonly bounds: readonly (Bound & { readonly kernel: string })[];
  /** Decisions and their reasons, in sentences. */
  readonly notes: readonly string[];
}

/**
 * An image pipeline, compiled for one input shape and one target.
 *
 * @typeParam D Element type of the output.
 */
export type ImagePlan<D extends DType = DType> = Plan<"image", ImageBody<D>>;

/** The target, and the named fields of an image plan's body. */
export interface PlanPart<Field extends keyof ImageBody> {
  /** Device profile that the plan is for. */
  readonly target: ImagePlan["target"];
  /** Fields of the body. */
  readonly body: Pick<ImageBody, Field>;
}

/** An image plan before its cost, notes, packets and id are known. */
export type PlanDraft = PlanPart<Exclude<keyof ImageBody, "cost" | "notes">>;

/** Where the payloads of a plan's answers belong. */
export function planPlacement(plan: ImagePlan): Placement {
  return {
    plan: plan.id,
    cut: plan.body.layout.answers,
    planes: plan.body.output.planes,
    itemBytes: plan.body.output.itemBytes,
    checksum: plan.body.layout.checksum,
  };
}
