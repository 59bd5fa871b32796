/**
 * Heat maps: a cell for each layer and head.
 *
 * @module
 */

import { mark, type Markup } from "./markup.ts";
import { drawing, heatColour } from "./palette.ts";

/** Values of a heat map. */
export interface HeatMap {
  /** Title above the map. */
  readonly title: string;
  /** Name of the rows, such as "layer". */
  readonly rowName: string;
  /** Name of the columns, such as "head". */
  readonly columnName: string;
  /** Values, row by row; infinite ones have the colour of the best value. */
  readonly rows: readonly (readonly number[])[];
  /** Whether greater values are better. Better cells are lighter. */
  readonly isGreaterBetter: boolean;
  /** Formats a value. */
  readonly show: (value: number) => string;
}

/** Maximum cells of a map. */
export const MAX_CELLS = 8192;

/** Left margin, for the numbers of rows, in pixels. */
const LEFT = 44;
/** Top margin, for the title and the numbers of columns, in pixels. */
const TOP = 44;
/** Maximum width of the cells together, in pixels. */
const WIDTH = 480;
/** Cells from this width on have their value as text. */
const TEXT_WIDTH = 44;
/** Colours below this share are dark: their text is light. */
const DARK = 0.45;

/**
 * Draws a map, with its range below. Each cell has its value as a tooltip.
 *
 * @param map Values of at most {@linkcode MAX_CELLS} cells.
 */
export function heatMap(map: HeatMap): Markup {
  const { title, rowName, columnName, rows, show, isGreaterBetter } = map;
  const columns = rows[0]!.length;
  const width = Math.max(4, Math.min(60, Math.floor(WIDTH / columns))),
    height = Math.min(20, Math.max(6, width));
  const share = shareOf(map);
  const hasText = width >= TEXT_WIDTH;
  const cells = rows.map((values, row) =>
    values.map((value, column) => {
      const x = LEFT + column * width, y = TOP + row * height, text = show(value);
      const label = hasText
        ? mark`<text class="middle${share(value) < DARK ? " light" : ""}" x="${x + width / 2}" y="${
          y + height / 2 + 4
        }">${text}</text>`
        : null;
      return mark`<g><title>${rowName} ${row}, ${columnName} ${column}: ${text}</title>
<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${heatColour(share(value))}"/>${label}</g>
`;
    })
  );
  const every = (size: number, least: number) => Math.ceil(least / size);
  const rowStep = every(height, 16), columnStep = every(width, 28);
  const names = [
    ...rows.map((_, row) =>
      row % rowStep === 0 &&
      mark`<text class="end quiet" x="${LEFT - 6}" y="${TOP + row * height + height / 2 + 4}">${row}</text>`
    ),
    ...rows[0]!.map((_, column) =>
      column % columnStep === 0 &&
      mark`<text class="middle quiet" x="${LEFT + column * width + width / 2}" y="${
        TOP - 6
      }">${column}</text>`
    ),
  ].filter((name) => name !== false);
  const finite = rows.flat().filter(Number.isFinite);
  const ends = [
    finite.reduce((a, b) => Math.min(a, b), Infinity),
    finite.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  const range = finite.length === 0
    ? "no value is finite"
    : `${show(ends[0]!)} to ${show(ends[1]!)}; ${
      isGreaterBetter ? "greater" : "smaller"
    } is better and lighter`;
  const bottom = TOP + rows.length * height;
  return drawing(title, LEFT + Math.max(columns * width, 330) + 10, bottom + 26, [
    mark`<text class="bold" x="${LEFT}" y="16">${title}</text>
<text class="quiet" x="${LEFT}" y="${bottom + 18}">rows: ${rowName}; columns: ${columnName}; ${range}</text>
`,
    ...names,
    ...cells.flat(),
  ]);
}

/** Maps values to shares: 0 for the worst, 1 for the best. A map of equal values is light. */
function shareOf({ rows, isGreaterBetter }: HeatMap): (value: number) => number {
  let least = Infinity, greatest = -Infinity;
  for (const value of rows.flat()) {
    if (!Number.isFinite(value)) continue;
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return (value) => {
    if (Number.isNaN(value)) return 0;
    if (value === Infinity) return isGreaterBetter ? 1 : 0;
    if (!(greatest > least)) return 1;
    const share = (value - least) / (greatest - least);
    return isGreaterBetter ? share : 1 - share;
  };
}
