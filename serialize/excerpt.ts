/**
 * Excerpts of input for error messages, of bounded length.
 *
 * @module
 */

/** Maximum UTF-16 units of input that a message quotes. */
export const MAX_EXCERPT = 80;

/**
 * Shortens a text for a message.
 *
 * @param text Text from outside.
 * @returns The text, or its start and an ellipsis if it exceeds {@linkcode MAX_EXCERPT} UTF-16 units.
 */
export function excerpt(text: string): string {
  return text.length <= MAX_EXCERPT ? text : `${text.slice(0, MAX_EXCERPT - 1)}…`.toWellFormed();
}

/**
 * Formats an outside value for a message: strings in quotes, other values by type.
 *
 * @param value Any value; none of its methods is called.
 * @returns Text of at most {@linkcode MAX_EXCERPT} characters before escaping.
 */
export function named(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(excerpt(value));
  if (value === null || typeof value === "number" || typeof value === "boolean") return String(value);
  return value === undefined ? "undefined" : `of type ${typeof value}`;
}
