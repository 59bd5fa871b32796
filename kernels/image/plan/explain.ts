/**
 * Notes of a plan: its decisions, as sentences for people.
 *
 * @module
 */

import { countElements } from "../../../serialize/tensor.ts";
import type { ImageBody, PlanLayout } from "./plan.ts";

const LAYOUT_NOTES: Readonly<Record<PlanLayout["name"], string>> = {
  samples: "bare samples: no step needs neighbours, so every output sample is one input sample",
  cells: "tile-major cells: every output sample travels with its four neighbours and its weight index",
  tiles: "packed tiles: every output sample travels with its four neighbours; the device derives the weights",
  grid: "needed rows and columns: the device holds two rows and gathers neighbours from them",
  rows: "needed rows, whole: the device holds two rows and gathers neighbours from them",
  image: "the whole image, row by row: the device holds two rows and gathers neighbours from them",
};

/**
 * Explains the decisions of a plan.
 *
 * @param plan Plan without notes.
 */
export function explain(plan: { readonly body: Omit<ImageBody, "notes"> }): string[] {
  const { body: { layout, input, pages, cost, forms } } = plan;
  const { cut } = layout;
  const share = Math.round((100 * layout.bytesOut) / countElements(input.shape));
  const rows = layout.name === "grid" || layout.name === "rows" || layout.name === "image";
  const what = rows ? "input" : "output";
  const notes = [
    plan.body.geometry.sampling?.kernel === "resample"
      ? "whole rows: the filter holds as many as an output row needs"
      : LAYOUT_NOTES[layout.name],
    cut.packetsPerRow > 1
      ? `${cut.packetsPerRow} packets an ${what} row: no packet crosses a row`
      : `${cut.rowsPerPacket} whole ${what} rows a packet`,
    `${share}% of the image's bytes go to the device`,
  ];
  if (share > 100 && !rows) {
    const fewer = plan.body.layouts.find(({ name, bytes }) => name === "rows" && bytes < layout.bytesOut);
    notes.push(
      "warning: more bytes go to the device than the image has" +
        (fewer === undefined ? "" : "; the layout rows sends fewer"),
    );
  }
  const form = forms.find(({ verdict }) => verdict === "chosen");
  if (form !== undefined && forms.length > 1) {
    notes.push(
      plan.body.options.form !== null
        ? `${form.form} tables, as asked for`
        : `${form.form} tables: the fewest blocks of those that ${
          form.levels === 0 ? "are exact" : "keep the tolerance"
        }`,
    );
  }
  if (pages !== null) {
    notes.push(
      `${pages.count} pages of ${pages.bytes} bytes through ${pages.slots} slots: packets go page by page, ` +
        `a load is hidden from ${pages.breakEven} images on`,
      cost.stalls === 0
        ? "no stall"
        : `${cost.stalls} cycles of stall${
          cost.cycles === cost.minCycles ? ", the least that any order of these pages has" : ""
        }`,
    );
  }
  if (layout.checksum === "link") notes.push("packets carry no CRC: the link's own check is relied on");
  return notes;
}
