/**
 * List schemas that check the length before the items. A schema reports every invalid item, so a long invalid
 * list would otherwise cost hundreds of bytes an item.
 *
 * @module
 */

import { z } from "zod";

/**
 * Schema of a list whose items are checked only if the length is valid.
 *
 * @param item Schema of an item.
 * @param max Maximum number of items.
 * @returns Schema of the list.
 */
export function shortList<T>(item: z.ZodType<T>, max: number): z.ZodType<T[], unknown> {
  return z.custom<unknown[]>(
    (value) => Array.isArray(value) && value.length <= max,
    `expected a list of at most ${max} items`,
  ).pipe(z.array(item));
}

/**
 * Schema of a long list. One function checks the items, and checking stops at the first invalid one.
 *
 * @param isItem Type guard for an item.
 * @param max Maximum number of items.
 * @param what Name of the items in the message.
 * @returns Schema of the list.
 */
export function longList<T>(
  isItem: (value: unknown) => value is T,
  max: number,
  what: string,
): z.ZodType<T[], unknown> {
  return z.custom<T[]>(
    (value) => Array.isArray(value) && value.length <= max && value.every(isItem),
    `expected at most ${max} ${what}`,
  );
}
