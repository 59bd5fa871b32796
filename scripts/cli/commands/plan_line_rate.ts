/**
 * `plan --line-rate`: lanes and instances of the RTL that take a link's packets.
 *
 * @module
 */

import type { ImagePipeline } from "../../../kernels/image/pipeline.ts";
import { CARD_RESOURCES } from "../../../kernels/target/line_rate.ts";
import {
  type LineRateChoice,
  type LineRateOptions,
  type LineRatePlan,
  planLineRate,
} from "../../../runtime/device/rtl/line_rate.ts";
import { columnTable, count } from "../text.ts";

/** Name of the card whose resources count if `--device` names none of them. */
const DEFAULT_CARD = "u55c";

/**
 * Plans for a link on the card that `--device` names, or on a U55C.
 *
 * @param pipeline Image pipeline.
 * @param device Value of `--device`.
 * @param options Input, rate, and how to compile.
 */
export function lineRateOf(
  pipeline: ImagePipeline,
  device: string | undefined,
  options: Omit<LineRateOptions, "card">,
): LineRatePlan {
  const card = device !== undefined && Object.hasOwn(CARD_RESOURCES, device) ? device : DEFAULT_CARD;
  return planLineRate(pipeline, { ...options, card: card as keyof typeof CARD_RESOURCES });
}

/** Rows about the chosen build, for the table of facts. */
export function lineRateRow({ gbps, card, clockMHz, choices, chosen }: LineRatePlan): [string, string[]] {
  if (chosen < 0) return ["line rate", ["no synthesised build of the RTL runs this pipeline"]];
  const { instance, rate, imagesPerSecond } = choices[chosen]!;
  const { needed, fits, binds, share, reached, linePackets, fullOf } = rate!;
  const isWhole = reached === 1;
  return ["line rate", [
    `${gbps} Gb/s are full of ${fullOf} at ${count(Math.round(linePackets))} packets a second; ` +
    `simulated, at an assumed ${clockMHz} MHz`,
    isWhole
      ? `${needed} ${needed === 1 ? "instance" : "instances"} of ${describe(instance)} take all: ${
        count(Math.round(imagesPerSecond))
      } images a second, ${percent(share)} of the usable ${binds.toUpperCase()} of a ${card}`
      : `${needed} instances of ${
        describe(instance)
      } are needed, ${fits} fit a ${card}: ${binds.toUpperCase()} ` +
        `binds at ${percent(reached)} of the link`,
  ]];
}

/** Table of all builds that run the pipeline. */
export function lineRateText({ choices, chosen }: LineRatePlan): string {
  const rows = choices.flatMap((choice, at) => choice.rate === null ? [] : [cellsOf(choice, at === chosen)]);
  if (rows.length === 0) return "";
  return columnTable(
    ["build of the RTL", "Gb/s each", "needed", "fit", "binds", "share", "of the link", ""],
    rows,
    { keys: 1 },
  );
}

function cellsOf({ instance, rate }: LineRateChoice, isChosen: boolean): (string | number)[] {
  const { instanceGbps, needed, fits, binds, share, reached } = rate!;
  return [
    describe(instance),
    instanceGbps.toFixed(1),
    needed,
    fits,
    binds.toUpperCase(),
    percent(share),
    percent(reached),
    isChosen ? "chosen" : "",
  ];
}

function describe({ build, parameters }: LineRateChoice["instance"]): string {
  return `${build} ${Object.entries(parameters).map(([name, value]) => `${name}=${value}`).join(" ")}`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)}%`;
}
