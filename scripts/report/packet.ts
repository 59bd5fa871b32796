/**
 * Draws one packet: its bytes to scale, and one item byte by byte.
 *
 * @module
 */

import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { HEADER_BYTES, KIND } from "../../serialize/header.ts";
import { itemBytes } from "../../serialize/sampling.ts";
import { mark, type Markup } from "./markup.ts";
import { drawing, INK } from "./palette.ts";
import { count, many } from "./text.ts";

const WIDTH = 1060;
/** Labels and colours of the four neighbours. */
const CORNERS = [
  ["upper left", "#9ecae1"],
  ["upper right", "#c7dff0"],
  ["lower left", "#f3cf8a"],
  ["lower right", "#f9e5bd"],
] as const;
/** Width of the box of one byte, in pixels. */
const BOX = 29;

/** Draws a packet with `items` items. */
export function packetDrawing({ body: { layout } }: ImagePlan, items: number): Markup {
  const { kind, channels } = layout;
  const bytes = itemBytes(kind, channels);
  const total = HEADER_BYTES + items * bytes;
  const scale = (WIDTH - 2) / total;
  const head = HEADER_BYTES * scale;
  const item = bytes * scale;
  const top = 30;
  const lines = item >= 3.5
    ? mark`<path d="${
      Array.from({ length: items - 1 }, (_, at) => `M${(1 + head + (at + 1) * item).toFixed(1)} ${top}v34`)
        .join("")
    }" stroke="#fff" stroke-width="${item > 8 ? 1.2 : 0.7}"/>`
    : null;
  // First item of the packet; it is drawn large below.
  const shown = Math.max(item, 4);
  const bar = mark`
<text x="1" y="${top - 8}"><tspan font-weight="650">header, ${count(HEADER_BYTES)} bytes</tspan></text>
<text class="end" x="${WIDTH - 1}" y="${top - 8}">${many(items, itemName(kind))} of ${
    many(bytes, "byte")
  } = ${count(items * bytes)} bytes; with the header ${count(total)}</text>
<rect x="1" y="${top}" width="${head}" height="34" fill="${INK.header}"/>
<rect x="${1 + head}" y="${top}" width="${items * item}" height="34" fill="${INK.sent}"/>${lines}
<rect x="${1 + head}" y="${top}" width="${shown}" height="34" fill="${INK.packet}"/>
<rect x="1" y="${top}" width="${WIDTH - 2}" height="34" fill="none" stroke="${INK.text}"/>`;
  const boxes = kind === KIND.samples ? pixelBoxes(channels) : cellBoxes(kind, channels);
  const left = kind === KIND.samples ? 70 : 150;
  const y = top + 90;
  const end = left + boxes.length * BOX;
  const lead = mark`<path d="M${1 + head} ${top + 34}L${left} ${y}M${1 + head + shown} ${
    top + 34
  }L${end} ${y}" stroke="${INK.packet}" stroke-dasharray="4 3" fill="none"/>`;
  const drawn = boxes.map(({ text, fill }, at) =>
    mark`<rect x="${left + at * BOX}" y="${y}" width="${BOX}" height="30" fill="${fill}" stroke="#6e7781"/>
<text class="middle" x="${left + (at + 0.5) * BOX}" y="${y + 20}">${text}</text>`
  );
  return drawing("One packet, and one of its items", WIDTH, y + 66, [
    bar,
    lead,
    kind === KIND.samples ? mark`` : corners(y),
    ...drawn,
    ...groups(boxes, left, y + 30),
  ]);
}

function itemName(kind: number): string {
  return kind === KIND.cells ? "cell" : kind === KIND.tiles ? "tile" : "pixel";
}

interface Box {
  readonly text: string;
  readonly fill: string;
  readonly group: string;
}

function letters(channels: number): readonly string[] {
  return channels === 1 ? ["Y"] : ["R", "G", "B", "A"].slice(0, channels);
}

function cellBoxes(kind: number, channels: 1 | 3 | 4): Box[] {
  const neighbours = CORNERS.flatMap(([group, fill]) =>
    letters(channels).map((text): Box => ({ text, fill, group }))
  );
  if (kind === KIND.tiles) return neighbours;
  const index = Array.from({ length: 4 }, (_, at): Box => ({
    text: `${at}`,
    fill: "#d9c2e0",
    group: "weight index",
  }));
  const rest = itemBytes(KIND.cells, channels) - neighbours.length - index.length;
  const zeros = Array.from({ length: rest }, (): Box => ({ text: "0", fill: "#fff", group: "zeros" }));
  return [...neighbours, ...index, ...zeros];
}

/** Draws six pixels, because one pixel is short. */
function pixelBoxes(channels: number): Box[] {
  return Array.from({ length: 6 }, (_, at) =>
    letters(channels).map((text): Box => ({
      text,
      fill: at % 2 === 0 ? CORNERS[0][1] : CORNERS[1][1],
      group: at === 0 ? "1st pixel" : at === 1 ? "2nd" : at === 2 ? "3rd" : `${at + 1}th`,
    }))).flat();
}

/** Labels each group of boxes below it; short groups get two lines. */
function groups(boxes: readonly Box[], left: number, y: number): Markup[] {
  const found: { name: string; from: number; to: number }[] = [];
  boxes.forEach(({ group }, at) => {
    const last = found.at(-1);
    if (last?.name === group) last.to = at + 1;
    else found.push({ name: group, from: at, to: at + 1 });
  });
  return found.map(({ name, from, to }) => {
    const [start, end] = [left + from * BOX + 2, left + to * BOX - 2];
    const lines = name.length * 6.6 > end - start ? name.split(" ") : [name];
    return mark`<path d="M${start} ${y + 4}h${end - start}" stroke="${INK.text}"/>
${
      lines.map((line, at) =>
        mark`<text class="middle" x="${(start + end) / 2}" y="${y + 18 + 14 * at}">${line}</text>`
      )
    }`;
  });
}

/** Draws the four neighbours around an output sample. */
function corners(y: number): Markup {
  const size = 26;
  return mark`${
    CORNERS.map(([, fill], at) =>
      mark`<rect x="${20 + (at % 2) * size}" y="${y - 12 + (at >> 1) * size}" width="${size}" height="${size}"
 fill="${fill}" stroke="#6e7781"/>`
    )
  }<circle cx="${20 + 1.2 * size}" cy="${y - 12 + 0.9 * size}" r="4" fill="${INK.stall}"/>
<text class="middle" x="${20 + size}" y="${y + 54}">output sample</text>`;
}
