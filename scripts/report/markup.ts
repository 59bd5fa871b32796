/**
 * HTML and SVG as text. Values in templates are escaped, so a name in a user's JSON cannot become a tag.
 *
 * @module
 */

/** Text that is already HTML. */
export interface Markup {
  /** HTML source. */
  readonly markup: string;
}

/** Values accepted by a template. */
export type Value = string | number | Markup | null | undefined | false | readonly Value[];

/**
 * Fills a template: strings are escaped, markup is inserted unchanged, lists are joined, and null,
 * undefined and false are empty.
 *
 * @throws {RangeError} If a number is not finite.
 *
 * @example
 * ```ts
 * import { mark } from "./markup.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(mark`<b>${"<i>"}${[1.23456, mark`<hr/>`]}</b>`.markup, "<b>&lt;i&gt;1.23<hr/></b>");
 * ```
 */
export function mark(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return { markup: strings.reduce((text, part, at) => text + show(values[at - 1]) + part) };
}

function show(value: Value): string {
  if (value === null || value === undefined || value === false) return "";
  if (typeof value === "string") return escapeText(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new RangeError(`Cannot write ${value} into a page`);
    // Coordinates are rounded to a hundredth of a pixel.
    return String(Math.round(value * 100) / 100);
  }
  if (isList(value)) return value.map(show).join("");
  return value.markup;
}

/** Type guard, because `Array.isArray` does not narrow readonly arrays. */
function isList(value: Markup | readonly Value[]): value is readonly Value[] {
  return Array.isArray(value);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Escapes a text for elements and quoted attributes. */
export function escapeText(text: string): string {
  // Control characters are invalid in HTML, and lone surrogates in UTF-8.
  // deno-lint-ignore no-control-regex
  const plain = text.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, "\ufffd");
  return plain.replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}
