/**
 * HTML and SVG as text: everything that is put into a template is escaped, so that no name in a user's
 * JSON can become a tag.
 *
 * @module
 */

/** Text that is HTML already. */
export interface Markup {
  /** The text. */
  readonly markup: string;
}

/** What a template takes. */
export type Value = string | number | Markup | null | undefined | false | readonly Value[];

/**
 * Fills a template: texts are escaped, markup is taken as it is, lists are joined, nothing is left out.
 *
 * @throws {RangeError} For a number that is not finite: a page must not show one.
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
    // Coordinates: a hundredth of a pixel is more than is seen.
    return String(Math.round(value * 100) / 100);
  }
  if (isList(value)) return value.map(show).join("");
  return value.markup;
}

/** `Array.isArray` does not narrow lists that cannot be changed. */
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

/** A text that shows as it is, in elements and in quoted attributes. */
export function escapeText(text: string): string {
  // Control characters have no place in HTML, and a lone surrogate none in UTF-8.
  // deno-lint-ignore no-control-regex
  const plain = text.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, "\ufffd");
  return plain.replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}
