/**
 * Image plan: a pipeline compiled for one input shape and one device. Plain data.
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

/** Input shape of a plan. */
export interface PlanInput {
  /** Element type; images are u8. */
  readonly dtype: "u8";
  /** Number of elements along each axis. */
  readonly shape: readonly number[];
  /** Order of the axes. */
  readonly layout: Layout;
}

/** Layout of the requests and answers. */
export interface PlanLayout {
  /** Name of the layout; `samples` for a pipeline without a sampling step. */
  readonly name: LayoutName | "samples";
  /** Kind of payload in requests. */
  readonly kind: Kind;
  /** Channels of the input. */
  readonly channels: Channels;
  /** Partition of the request items into packets. */
  readonly cut: Partition;
  /** Partition of the answer items. It differs from `cut` only if rows are sent. */
  readonly answers: Partition;
  /** Bytes of row buffers on the device. */
  readonly buffers: number;
  /** Longest payload of a request in bytes. */
  readonly payload: number;
  /** Bytes sent to the device for one flow, including headers. */
  readonly bytesOut: number;
  /** Bytes received from the device for one flow, including headers. */
  readonly bytesBack: number;
  /** Checksum of the packets: CRC-32C, or that of the link. */
  readonly checksum: Checksum;
}

/** Type and shape of the output. */
export interface PlanOutput<D extends DType = DType> {
  /** Element type. */
  readonly dtype: D;
  /** Number of elements along each axis. */
  readonly shape: readonly number[];
  /** Order of the axes. */
  readonly layout: Layout;
  /** Planes of an image in packets: 1 for interleaved channels. */
  readonly planes: number;
  /** Bytes of one item in one plane. */
  readonly itemBytes: number;
}

/** Kernel of a plan with its parameters. */
export interface PlanStage {
  /** Name of the kernel. */
  readonly kernel: string;
  /** Parameters of the kernel, in the form that its own schema defines. */
  readonly params: unknown;
  /** Form of its tables. */
  readonly form: FormName;
  /** Meaning of a cell's weight index: pairs of phases, or row and column phases. */
  readonly index: "pairs" | "phases";
}

/** Constraints of the compilation; null where the planner chooses. */
export interface PlanOptions {
  /** Accepted error in levels, in addition to that of the match. */
  readonly tolerance: number;
  /** Form of tables that was requested. */
  readonly form: FormName | null;
  /** Layout of the requests that was requested. */
  readonly layout: LayoutName | null;
}

/** Pages that are swapped while packets stream. */
export interface PlanPages {
  /** Number of pages. */
  readonly count: number;
  /** Bytes of one page. */
  readonly bytes: number;
  /** Number of page slots on chip. */
  readonly slots: number;
  /** Minimum images of a batch whose work hides the load of the next page. */
  readonly breakEven: number;
  /** Whether pages stay resident for the next flow. */
  readonly keep: boolean;
}

/** Cycles and bytes of one flow on a device without resident tables. Plain data. */
export interface PlanCost {
  /** Minimum cycles of the core without stalls: the ideal. */
  readonly ideal: number;
  /** Cycles stalled on pages or rows. */
  readonly stalls: number;
  /** Cycles in which the last packets of a window pass through the device; 0 if the device does not count them. */
  readonly latency: number;
  /** Cycles to load the resident tables, before the first packet. */
  readonly load: number;
  /** Total cycles: ideal, stalls, latency and load. */
  readonly cycles: number;
  /** Minimum cycles of any schedule of the same pages, including the load of the tables. */
  readonly minCycles: number;
  /** Cycles of the next flow, which reuses the resident tables. */
  readonly again: number;
  /** Number of pages loaded. */
  readonly swaps: number;
  /** Bytes of the tables and pages loaded. */
  readonly tableBytes: number;
}

/** A compiled image pipeline. */
export interface ImageBody<D extends DType = DType> {
  /** Steps of the user, checked. */
  readonly pipeline: Pipeline;
  /** Constraints of the compilation. */
  readonly options: PlanOptions;
  /** Shape of the input. */
  readonly input: PlanInput;
  /** Sampling geometry. */
  readonly geometry: Geometry;
  /** Kernels in pipeline order, with their parameters. */
  readonly stages: readonly PlanStage[];
  /** Layout of the requests and answers. */
  readonly layout: PlanLayout;
  /** Tables of all stages, with their places on chip. */
  readonly tables: readonly PlacedTable[];
  /** Memory blocks of tables and row buffers, and the target's budget. */
  readonly memory: Blocks & { readonly budget: Blocks };
  /** Swapped pages, or null if every table stays on chip. */
  readonly pages: PlanPages | null;
  /** Cost on the target, in cycles and bytes. */
  readonly cost: PlanCost;
  /** Layouts that were compared. */
  readonly layouts: readonly LayoutChoice[];
  /** Forms of tables that were compared. */
  readonly forms: readonly FormChoice[];
  /** Type and shape of the output. */
  readonly output: PlanOutput<D>;
  /** Reference of each stage, and the maximum difference from it. */
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

/** Target, and selected fields of an image plan's body. */
export interface PlanPart<Field extends keyof ImageBody> {
  /** Device profile that the plan is compiled for. */
  readonly target: ImagePlan["target"];
  /** Selected fields of the body. */
  readonly body: Pick<ImageBody, Field>;
}

/** An image plan before its cost, notes, packets and id are known. */
export type PlanDraft = PlanPart<Exclude<keyof ImageBody, "cost" | "notes">>;

/** Returns the layout of the answers in the output. */
export function planPlacement(plan: ImagePlan): Placement {
  return {
    plan: plan.id,
    cut: plan.body.layout.answers,
    planes: plan.body.output.planes,
    itemBytes: plan.body.output.itemBytes,
    checksum: plan.body.layout.checksum,
  };
}
