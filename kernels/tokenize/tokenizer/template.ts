/**
 * Application of a vocabulary's templates to the tokens of one text or two.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import type { TemplatePart, Vocabulary } from "../vocabulary.ts";
import type { PlacedTokens } from "./offsets.ts";
import type { TokenRange } from "./windows.ts";

/** One row of a model's inputs, before padding. */
export interface Row {
  /** Ids, with those that the template adds. */
  readonly ids: number[];
  /** By token: 0 for the first text, 1 for the second, by the template. */
  readonly types: number[];
  /** By token: 1 if the template added it. */
  readonly isAdded: number[];
  /** By token: start and end in its text; 0 and 0 if the template added it. */
  readonly offsets: number[];
}

/** Texts of a row: tokens, and the range of them to use. */
export interface RowText {
  /** Tokens of the whole text. */
  readonly tokens: PlacedTokens;
  /** Range to use. */
  readonly range: TokenRange;
}

/** Templates without ids. */
const BARE: readonly TemplatePart[] = [{ text: "first", type: 0 }, { text: "second", type: 1 }];

/**
 * Selects a template.
 *
 * @param vocabulary Compiled vocabulary.
 * @param isPair Whether there are two texts.
 * @param addsSpecial Whether ids are added around texts.
 * @throws {OnpathError} `pipeline` if the vocabulary has no template of two texts.
 */
export function templateOf(
  { name, around, templates }: Vocabulary,
  isPair: boolean,
  addsSpecial: boolean,
): readonly TemplatePart[] {
  if (!addsSpecial) {
    // Without its ids, a template still gives the types.
    const known = isPair ? templates?.pair : templates?.single;
    return known?.filter((part) => "text" in part) ?? (isPair ? BARE : BARE.slice(0, 1));
  }
  if (!isPair) {
    return templates?.single ??
      [{ ids: around.before, type: 0 }, { text: "first", type: 0 }, { ids: around.after, type: 0 }];
  }
  if (templates !== undefined && templates.pair !== null) return templates.pair;
  if (templates === undefined && around.before.length + around.after.length === 0) return BARE;
  throw new OnpathError(
    "pipeline",
    `Cannot encode two texts with ${name}: its file has no template of two texts` +
      (templates === undefined ? ", or was compiled by an earlier version" : ""),
    { name },
  );
}

/** Counts the ids that a template adds. */
export function addedIds(template: readonly TemplatePart[]): number {
  return template.reduce((sum, part) => sum + ("ids" in part ? part.ids.length : 0), 0);
}

/**
 * Fills a template.
 *
 * @param template Template of as many texts as there are.
 * @param texts The texts.
 */
export function fillTemplate(template: readonly TemplatePart[], texts: readonly RowText[]): Row {
  const row: Row = { ids: [], types: [], isAdded: [], offsets: [] };
  const put = (id: number, type: number, isAdded: number, start: number, end: number) => {
    row.ids.push(id);
    row.types.push(type);
    row.isAdded.push(isAdded);
    row.offsets.push(start, end);
  };
  for (const part of template) {
    if ("ids" in part) { for (const id of part.ids) put(id, part.type, 1, 0, 0); }
    else {
      const { tokens: { ids, starts, ends }, range: [from, to] } = texts[part.text === "first" ? 0 : 1]!;
      for (let n = from; n < to; n++) put(ids[n]!, part.type, 0, starts[n]!, ends[n]!);
    }
  }
  return row;
}
