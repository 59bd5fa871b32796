/**
 * Example of a family of work in the tour.
 *
 * @module
 */

/** Result of a family's example. Plain data. */
export interface FamilyExample {
  /** Name of the family. */
  readonly family: string;
  /** Input, work and result in one sentence. */
  readonly text: string;
  /** Numbers of the text. */
  readonly facts: Readonly<Record<string, number>>;
}
