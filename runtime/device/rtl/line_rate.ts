/**
 * Line rate of an image pipeline on the RTL: which build, and how many instances of it, a card needs for a link.
 *
 * @module
 */

import { compile } from "../../../kernels/compile.ts";
import type { CompileOptions } from "../../../kernels/image/plan/compile_options.ts";
import type { ImagePlan } from "../../../kernels/image/plan/plan.ts";
import { rtlProgram } from "../../../kernels/image/rtl/program.ts";
import type { ImagePipeline } from "../../../kernels/image/pipeline.ts";
import { SYNTHESIZED, type SynthesizedBuild } from "../../../kernels/rtl/synthesis.ts";
import {
  CARD_RESOURCES,
  type InstanceLoad,
  type LineRate,
  lineRate,
} from "../../../kernels/target/line_rate.ts";
import { kindOf, OnpathError } from "../../../serialize/errors.ts";
import { RTL_PARAMETERS, type RtlParameters, rtlProfile } from "./profile.ts";

/** Card and link of {@linkcode planLineRate}, and how to compile. */
export interface LineRateOptions
  extends Pick<CompileOptions, "input" | "checksum" | "tolerance" | "form" | "layout"> {
  /** Card whose resources count. Default the U55C. */
  readonly card?: keyof typeof CARD_RESOURCES | undefined;
  /** Rate of the link in Gb/s. Default 100. */
  readonly gbps?: number | undefined;
}

/** A build for a link. Plain data. */
export interface LineRateChoice {
  /** The build, its parameters, and its synthesised resources. */
  readonly instance: SynthesizedBuild;
  /** Plan for one instance, with tables loaded; null with a reason. */
  readonly plan: ImagePlan | null;
  /** Work of one instance for a flow of the plan; null without a plan. */
  readonly load: InstanceLoad | null;
  /** Images a second of all instances that the link needs, or that fit if fewer do. */
  readonly imagesPerSecond: number;
  /** Instances and what binds; null without a plan. */
  readonly rate: LineRate | null;
  /** Why the build has no plan; undefined with one. */
  readonly reason: string | undefined;
}

/** All builds for a link, and the chosen one. Plain data. */
export interface LineRatePlan {
  /** Rate of the link in Gb/s. */
  readonly gbps: number;
  /** Name of the card. */
  readonly card: keyof typeof CARD_RESOURCES;
  /** Assumed clock in MHz. */
  readonly clockMHz: number;
  /** Builds that were synthesised. */
  readonly choices: readonly LineRateChoice[];
  /**
   * Index of the build that takes all of the link with the smallest share of the card, or else as much of the link as
   * any; −1 if no build runs the pipeline.
   */
  readonly chosen: number;
}

/**
 * Chooses lanes and instances of the RTL for a link, by the cycles that the RTL counts and the resources that synthesis
 * has estimated. Tables are loaded, and flows are spread over the instances, whole flows each.
 *
 * @param pipeline Image pipeline.
 * @param options Input, card and link.
 * @returns Every build with its instances, or the reason why it cannot run the pipeline.
 * @throws {OnpathError} `device` if the card is unknown; `size` if options or input are missing, or the rate is not greater
 * than 0; `pipeline`.
 *
 * @example
 * ```ts
 * import { planLineRate } from "onpath/runtime";
 * import assert from "node:assert/strict";
 *
 * const input = { dtype: "u8", shape: [720, 1280, 3], layout: "HWC" } as const;
 * const { choices, chosen } = planLineRate({ steps: [{ op: "resize", size: [224, 224] }] }, { input, gbps: 100 });
 * const { rate } = choices[chosen]!;
 * assert(rate!.needed <= rate!.fits && rate!.reached === 1);
 * ```
 */
export function planLineRate(pipeline: ImagePipeline, options: LineRateOptions): LineRatePlan {
  const { input } = Object(options) as Partial<LineRateOptions>;
  if (typeof input !== "object" || input === null) {
    throw new OnpathError(
      "size",
      `Cannot plan for a link: the input is ${kindOf(input)}, expected its type and shape`,
    );
  }
  const { card = "u55c", gbps = 100, ...compiling } = options;
  if (!Object.hasOwn(CARD_RESOURCES, card)) {
    const known = Object.keys(CARD_RESOURCES);
    throw new OnpathError(
      "device",
      `Cannot plan for a link on card ${card}: expected one of ${
        known.join(", ")
      }, whose resources are known`,
      { card, known },
    );
  }
  const resources = CARD_RESOURCES[card];
  const { clockMHz } = rtlProfile();
  const choices = SYNTHESIZED.map((instance): LineRateChoice => {
    const made = planFor(pipeline, instance, compiling);
    if (typeof made === "string") {
      return { instance, plan: null, load: null, rate: null, imagesPerSecond: 0, reason: made };
    }
    const { cost, layout } = made.body;
    const load = {
      packets: layout.cut.packets,
      bytesIn: layout.bytesOut,
      answers: layout.answers.packets,
      bytesOut: layout.bytesBack,
      cycles: cost.again,
    };
    const rate = lineRate(load, instance, resources, { gbps, clockMHz });
    const images = layout.cut.images;
    const imagesPerSecond = rate.reached * rate.linePackets * images / layout.cut.packets;
    return { instance, plan: made, load, rate, imagesPerSecond, reason: undefined };
  });
  let chosen = -1;
  choices.forEach(({ rate }, at) => {
    if (rate === null) return;
    const best = chosen < 0 ? null : choices[chosen]!.rate!;
    const isBetter = best === null || rate.reached > best.reached ||
      (rate.reached === best.reached && rate.share < best.share);
    if (isBetter) chosen = at;
  });
  return { gbps, card, clockMHz, choices, chosen };
}

/** Compiles for one build, or returns the reason why it cannot run the pipeline. */
function planFor(
  pipeline: ImagePipeline,
  { build, parameters }: SynthesizedBuild,
  options: Omit<LineRateOptions, "card" | "gbps">,
): ImagePlan | string {
  const { LANES = RTL_PARAMETERS.LANES, ...sizes } = parameters;
  const profile = rtlProfile({ LANES, [build]: sizes } as Partial<RtlParameters>);
  try {
    const plan = compile(pipeline, { ...options, device: profile });
    const needed = rtlProgram(plan).build;
    return needed === build ? plan : `the pipeline runs on the build ${needed}`;
  } catch (error) {
    if (!(error instanceof OnpathError) || !["device", "table", "size"].includes(error.code)) throw error;
    return error.message;
  }
}
