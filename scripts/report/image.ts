/**
 * Draws the pixels that are sent: the whole image to scale, and a close-up.
 *
 * @module
 */

import { mark, type Markup } from "./markup.ts";
import { drawing, INK } from "./palette.ts";
import { count } from "./text.ts";
import type { Sent } from "./sent.ts";

/** Bounding box of the whole image, in pixels. */
const WHOLE = { left: 46, top: 34, width: 520, height: 400 };
/** Bounding box of the close-up, in pixels. */
const CLOSE = { left: 640, top: 34, width: 350 };
/** Minimum distance of drawn lines, in pixels; closer lines would look gray. */
const MIN_DISTANCE = 7;

/**
 * Draws the pixels that are sent.
 *
 * @param sent Pixels to draw.
 * @returns The drawing, and a note about omitted lines.
 */
export function imageDrawing(sent: Sent): { readonly drawn: Markup; readonly note: string } {
  const { height, width, packet } = sent;
  const scale = Math.min(WHOLE.width / width, WHOLE.height / height);
  const [w, h] = [Math.max(2, width * scale), Math.max(2, height * scale)];
  const { left, top } = WHOLE;
  const at = (column: number, row: number) => [left + column * scale, top + row * scale] as const;
  const rows = thin(sent.rows, scale);
  const columns = thin(sent.columns, scale);
  const spot = box(packet, height, width);
  const [spotX, spotY] = at(spot.column, spot.row);
  const [spotW, spotH] = [Math.max(5, spot.width * scale), Math.max(5, spot.height * scale)];
  const close = closeUp(sent);
  const [seenX, seenY] = at(close.column, close.row);
  const [seenW, seenH] = [Math.max(5, close.columns * scale), Math.max(5, close.rows * scale)];
  const bottom = Math.max(top + h, CLOSE.top + close.height);
  const parts = [
    mark`<text class="middle quiet" x="${left + w / 2}" y="${top - 20}">${count(width)} columns</text>
<text class="middle quiet" transform="translate(${left - 12} ${top + h / 2}) rotate(-90)">${
      count(height)
    } rows</text>
<rect x="${left}" y="${top}" width="${w}" height="${h}" fill="#fbfcfd" stroke="${INK.text}"/>`,
    body(sent, rows.kept, columns.kept, at, [w, h]),
    mark`<rect x="${spotX}" y="${
      spotY - (spotH - spot.height * scale) / 2
    }" width="${spotW}" height="${spotH}"
 fill="${INK.packet}" stroke="${INK.text}" stroke-width="0.8"/>`,
    // Lines from the pixels in the image to the close-up.
    mark`<rect x="${seenX - 1}" y="${seenY - 1}" width="${seenW + 2}" height="${seenH + 2}" fill="none"
 stroke="${INK.stall}" stroke-width="1.5"/>
<path d="M${seenX + seenW + 1} ${seenY - 1}L${CLOSE.left} ${CLOSE.top}M${seenX + seenW + 1} ${
      seenY + seenH + 1
    }L${CLOSE.left} ${
      CLOSE.top + close.height
    }" stroke="${INK.stall}" stroke-opacity="0.7" fill="none" stroke-dasharray="4 3"/>`,
    close.drawn,
  ];
  const dense = rows.every > 1 || columns.every > 1 || sent.form === "points";
  const note = sent.form === "points"
    ? "The dots are a sample of all positions."
    : !dense
    ? "Every row and column that is sent is drawn."
    : `The sent lines are too dense to draw: of the ${count(sent.rows.length)} rows 1 in ${
      count(rows.every)
    } is drawn${
      sent.form === "lines" && sent.columns.length === width
        ? ""
        : `, of the ${count(sent.columns.length)} columns 1 in ${count(columns.every)}`
    }.`;
  return { drawn: drawing("The image and its sent pixels", 1060, bottom + 14, parts), note };
}

/** Bounding box of a packet's source pixels. */
function box({ rows, columns }: Sent["packet"], height: number, width: number) {
  const [row, column] = [rows[0] ?? 0, columns[0] ?? 0];
  return {
    row,
    column,
    height: Math.min(height, (rows.at(-1) ?? row) + 1) - row,
    width: Math.min(width, (columns.at(-1) ?? column) + 1) - column,
  };
}

/** Selects every n-th index, so that drawn lines keep their minimum distance. */
function thin(indexes: readonly number[], scale: number): { kept: number[]; every: number } {
  const span = indexes.length > 1
    ? (indexes.at(-1)! - indexes[0]!) * scale / (indexes.length - 1)
    : MIN_DISTANCE;
  const every = Math.max(1, Math.min(indexes.length, Math.ceil(MIN_DISTANCE / Math.max(span, 1e-9))));
  return { kept: indexes.filter((_, at) => at % every === 0), every };
}

/** Maps a column and a row of the image to x and y of the drawing. */
type Projection = (column: number, row: number) => readonly [number, number];

function body(
  sent: Sent,
  rows: readonly number[],
  columns: readonly number[],
  at: Projection,
  [w, h]: readonly [number, number],
): Markup {
  const path = (d: readonly string[], width: number, opacity: number) =>
    mark`<path d="${d.join("")}" stroke="${INK.chosen}" stroke-width="${width}" stroke-opacity="${opacity}"
 stroke-linecap="round" fill="none"/>`;
  const short = (value: number) => value.toFixed(1);
  const { left, top } = WHOLE;
  if (sent.form === "lines") {
    const across = rows.map((row) => `M${left} ${short(at(0, row + 0.5)[1])}h${short(w)}`);
    const down = sent.columns.length === sent.width
      ? []
      : columns.map((column) => `M${short(at(column + 0.5, 0)[0])} ${top}v${short(h)}`);
    return mark`${path(across, 1, 0.45)}${path(down, 1, 0.45)}`;
  }
  const pixels = sent.form === "points"
    ? sent.points
    : rows.flatMap((row) => columns.map((column) => [row, column] as const));
  const dots = pixels.map(([row, column]) => {
    const [x, y] = at(column + 0.5, row + 0.5);
    return `M${short(x)} ${short(y)}h0`;
  });
  return path(dots, 2.6, 0.85);
}

/** Draws the pixels around the packet's beginning as squares. */
function closeUp(sent: Sent): {
  readonly drawn: Markup;
  readonly height: number;
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
} {
  const { packet, window } = sent;
  const windowRows = window === undefined ? 0 : window.last - window.first + 1;
  const rowsSeen = Math.min(sent.height, Math.max(12, Math.min(26, windowRows + 4)));
  const size = Math.max(13, Math.min(26, Math.floor(330 / rowsSeen)));
  const columnsSeen = Math.min(sent.width, Math.floor(CLOSE.width / size));
  const anchor = window !== undefined && windowRows <= 22
    ? Math.floor((window.first + window.last + 1 - rowsSeen) / 2)
    : (packet.rows[0] ?? 0) - Math.floor(rowsSeen / 2) + 1;
  const firstRow = Math.max(0, Math.min(sent.height - rowsSeen, anchor));
  const firstColumn = Math.max(0, Math.min(sent.width - columnsSeen, (packet.columns[0] ?? 0) - 1));
  const rows = new Set(sent.rows);
  const columns = new Set(sent.columns);
  const packetRows = new Set(packet.rows);
  const packetColumns = new Set(packet.columns);
  const points = new Set(packet.points.map((pixel) => pixel.join()));
  const squares: Markup[] = [];
  for (let r = 0; r < rowsSeen; r++) {
    for (let c = 0; c < columnsSeen; c++) {
      const [row, column] = [firstRow + r, firstColumn + c];
      const inPacket = sent.form === "points"
        ? points.has(`${row},${column}`)
        : packetRows.has(row) && packetColumns.has(column);
      const isSent = rows.has(row) && columns.has(column);
      squares.push(
        mark`<rect x="${CLOSE.left + c * size}" y="${
          CLOSE.top + r * size
        }" width="${size}" height="${size}" fill="${
          inPacket ? INK.packet : isSent ? INK.sent : "#fff"
        }" stroke="${INK.line}"/>`,
      );
    }
  }
  const [w, h] = [columnsSeen * size, rowsSeen * size];
  const label = (index: number) => count(index);
  const step = Math.max(1, Math.ceil(20 / size)) * 2;
  const names = [
    ...Array.from({ length: rowsSeen }, (_, r) => r).filter((r) => (firstRow + r) % step === 0).map((r) =>
      mark`<text class="quiet" x="${CLOSE.left + w + 18}" y="${CLOSE.top + r * size + size / 2 + 4}">${
        label(firstRow + r)
      }</text>`
    ),
    ...Array.from({ length: columnsSeen }, (_, c) => c)
      .filter((c) => (firstColumn + c) % (2 * step) === 0).map((c) =>
        mark`<text class="middle quiet" x="${CLOSE.left + c * size + size / 2}" y="${CLOSE.top - 6}">${
          label(firstColumn + c)
        }</text>`
      ),
  ];
  const bracket = window === undefined || window.first < firstRow || window.last >= firstRow + rowsSeen
    ? null
    : bracketAt(CLOSE.left + w + 6, CLOSE.top + (window.first - firstRow) * size, windowRows * size);
  return {
    height: h,
    row: firstRow,
    column: firstColumn,
    rows: rowsSeen,
    columns: columnsSeen,
    drawn: mark`<text class="quiet" x="${CLOSE.left}" y="${
      CLOSE.top - 22
    }">close up: ${rowsSeen} rows, ${columnsSeen} columns where the packet begins</text>
${squares}${names}${bracket}
<rect x="${CLOSE.left}" y="${CLOSE.top}" width="${w}" height="${h}" fill="none" stroke="${INK.text}"/>
`,
  };
}

function bracketAt(x: number, y: number, height: number): Markup {
  return mark`<path d="M${x} ${y + 1}h6v${
    height - 2
  }h-6" stroke="${INK.stall}" stroke-width="1.6" fill="none"/>`;
}
