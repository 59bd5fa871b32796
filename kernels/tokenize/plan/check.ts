/**
 * Whether a vocabulary is a plan's own.
 *
 * @module
 */

import { requireVocabulary, type Vocabulary } from "../vocabulary.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import type { TokenizePlan } from "./plan.ts";

/**
 * Refuses a vocabulary that a plan was not compiled for.
 *
 * @throws {OnpathError} `plan` when name, checksum or number of ids differ.
 */
export function checkVocabulary(
  { id, body: { vocabulary: expected } }: TokenizePlan,
  found: Vocabulary,
): void {
  requireVocabulary(found);
  const same = expected.checksum === found.checksum && expected.idLimit === found.idLimit &&
    expected.algorithm === found.algorithm;
  if (same) return;
  const hex = (checksum: number) => checksum.toString(16).padStart(8, "0");
  throw new OnpathError(
    "plan",
    `Cannot run text plan ${id} with ${found.name} (${hex(found.checksum)}): it was compiled for ` +
      `${expected.name} (${hex(expected.checksum)})`,
    { plan: id, expected: expected.name, found: found.name },
  );
}
