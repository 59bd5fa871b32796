/**
 * Pieces of input as error messages quote them: short, whatever the input is.
 *
 * @module
 */

/** UTF-16 units of input that a message quotes, at most. */
export const MAX_EXCERPT = 80;

/**
 * The beginning of a text, short enough for a message.
 *
 * @param text Text from outside.
 * @returns The text, or its beginning and an ellipsis where it has more than {@linkcode MAX_EXCERPT} UTF-16 units.
 */
export function excerpt(text: string): string {
  return text.length <= MAX_EXCERPT ? text : `${text.slice(0, MAX_EXCERPT - 1)}…`.toWellFormed();
}

/**
 * A value from outside as a message names it: a text in quotes, anything else by its type.
 *
 * @param value Anything; nothing of it is called.
 * @returns At most a few more characters than {@linkcode MAX_EXCERPT}.
 */
export function named(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(excerpt(value));
  if (value === null || typeof value === "number" || typeof value === "boolean") return String(value);
  return value === undefined ? "undefined" : `of type ${typeof value}`;
}
