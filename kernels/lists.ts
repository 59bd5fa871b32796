/**
 * Lists from outside whose length is checked before their items: a schema reports every invalid item, so a long list
 * of invalid ones would take hundreds of bytes for each.
 *
 * @module
 */

import { z } from "zod";

/**
 * A list whose items are checked only where it is short enough.
 *
 * @param item Schema of an item.
 * @param most Items, at most.
 * @returns The schema of the list.
 */
export function shortList<T>(item: z.ZodType<T>, most: number): z.ZodType<T[], unknown> {
  return z.custom<unknown[]>(
    (value) => Array.isArray(value) && value.length <= most,
    `expected a list of at most ${most} items`,
  ).pipe(z.array(item));
}

/**
 * A long list of items that one function checks; the first invalid one refuses it.
 *
 * @param isItem Whether a value is an item.
 * @param most Items, at most.
 * @param what Name of the items in the message.
 * @returns The schema of the list.
 */
export function longList<T>(
  isItem: (value: unknown) => value is T,
  most: number,
  what: string,
): z.ZodType<T[], unknown> {
  return z.custom<T[]>(
    (value) => Array.isArray(value) && value.length <= most && value.every(isItem),
    `expected at most ${most} ${what}`,
  );
}
