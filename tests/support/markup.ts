/**
 * Checks of generated pages.
 *
 * @module
 */

import assert from "node:assert/strict";

const VOID = new Set(["meta", "link", "br", "hr", "img", "input"]);

/** Asserts that tags close in the order in which they open; no text may hold a bare `<`. */
export function checkWellFormed(html: string): void {
  assert(html.startsWith("<!DOCTYPE html>\n"));
  const open: string[] = [];
  const text = html.slice("<!DOCTYPE html>".length).replace(/<style>[^<]*<\/style>/, "");
  const tag = /<(\/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-zA-Z][\w-]*="[^"<]*")*)\s*(\/?)>/g;
  for (const [, closes, name, , alone] of text.matchAll(tag)) {
    if (closes) assert.equal(open.pop(), name);
    else if (!alone && !VOID.has(name!)) open.push(name!);
  }
  assert.deepEqual(open, []);
  const rest = text.replace(tag, "");
  assert.doesNotMatch(rest, /[<>]/);
  assert.doesNotMatch(rest, /&(?!(amp|lt|gt|quot|#39);)/);
}

/** Asserts that a page has whole values and loads nothing from outside. */
export function checkSelfContained(html: string): void {
  checkWellFormed(html);
  assert.doesNotMatch(html, /NaN|undefined|Infinity|\[object /);
  // Nothing from outside: no address, and no element or rule that could load one.
  assert.doesNotMatch(html, /https?:|<script|<link|<img|<iframe|@import|src=|href=|url\((?!#)/i);
  for (const [, size] of html.matchAll(/font(?:-size)?:\s*(?:\d+ )?([\d.]+)px/g)) assert(Number(size) >= 12);
}
