/**
 * Check of a plan's vocabulary.
 *
 * @module
 */

import { requireVocabulary, type Vocabulary } from "../vocabulary.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import type { TokenizePlan } from "./plan.ts";

/**
 * Checks that a vocabulary is the one that a plan was compiled for.
 *
 * @throws {OnpathError} `plan` if the name, checksum or number of ids differ.
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
