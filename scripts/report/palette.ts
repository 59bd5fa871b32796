/**
 * Colours for every kind of colour vision (after Okabe and Ito, and Paul Tol), and SVG patterns with the same
 * meaning.
 *
 * @module
 */

import { mark, type Markup } from "./markup.ts";

/** Colours by meaning. */
export const INK = {
  text: "#1b1f24",
  quiet: "#57606a",
  line: "#d0d7de",
  faint: "#eef1f4",
  chosen: "#0072b2",
  sent: "#9ecae1",
  packet: "#e69f00",
  work: "#0072b2",
  input: "#56b4e9",
  stall: "#c1272d",
  header: "#3d4753",
} as const;

const PAGES = ["#77aadd", "#eedd88", "#66c2a5", "#cab2d6", "#bbcc33"] as const;

/** Returns the colour of a page; consecutive pages differ. */
export function pageColour(page: number | undefined): string {
  return page === undefined ? "#b8c0c8" : PAGES[page % PAGES.length]!;
}

/** Stops of a scale from dark to light that every kind of colour vision orders alike (cividis). */
const HEAT = [[0, 34, 78], [65, 77, 107], [124, 123, 120], [188, 174, 108], [254, 232, 56]] as const;

/**
 * Returns a colour between dark and light.
 *
 * @param share 0 for dark, 1 for light; clamped.
 */
export function heatColour(share: number): string {
  const at = Math.min(Math.max(share, 0), 1) * (HEAT.length - 1);
  const first = Math.min(Math.floor(at), HEAT.length - 2);
  const mixed = HEAT[first]!.map((low, i) => Math.round(low + (HEAT[first + 1]![i]! - low) * (at - first)));
  return `#${mixed.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

/** Patterns shared by all drawings of a page: `wait` and `stall`. */
export const PATTERNS: Markup = mark`<svg width="0" height="0" aria-hidden="true" class="defs"><defs>
<pattern id="wait" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect width="6" height="6" fill="#f3f4f6"/><rect width="2" height="6" fill="#c3cad1"/></pattern>
<pattern id="stall" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect width="6" height="6" fill="${INK.stall}"/><rect width="2" height="6" fill="#e58a8d"/></pattern>
</defs></svg>`;

/** Creates a drawing as wide as the page; it scrolls in a narrower window. */
export function drawing(label: string, width: number, height: number, content: readonly Markup[]): Markup {
  return mark`<div class="drawing"><svg role="img" aria-label="${label}" width="${width}" height="${height}"
 viewBox="0 0 ${width} ${height}">${content}</svg></div>`;
}

/** Creates a colour legend below a drawing. */
export function key(entries: readonly (readonly [fill: string, text: string])[]): Markup {
  return mark`<p class="key">${
    entries.map(([fill, text]) =>
      mark`<span><svg width="16" height="12" aria-hidden="true"><rect x="0.5" y="0.5" width="15" height="11"
 fill="${fill}" stroke="#8b949e"/></svg> ${text}</span> `
    )
  }</p>`;
}
