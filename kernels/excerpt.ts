/**
 * Excerpts of input for error messages; {@linkcode named} formats any value from outside.
 *
 * @module
 */

export { excerpt, MAX_EXCERPT, named } from "../serialize/excerpt.ts";
