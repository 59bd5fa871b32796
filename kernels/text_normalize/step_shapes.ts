/**
 * Checks of a vocabulary's normalisation steps, which may have those that the host alone applies.
 *
 * @module
 */

import { parseWith } from "../schema.ts";
import { both, type Check, list, oneOf, optional, record, schemaOf, test, text, variant } from "../shape.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import { MAX_CHARSMAP } from "./charsmap.ts";
import { MAX_REPLACED } from "./filters.ts";
import { growsLittle, GROWTH_MESSAGE, MAX_TEXT_STEPS } from "./growth.ts";

/** Maximum length of a text in a step, in UTF-16 units. */
const MAX_STEP_TEXT = 4096;

const TEXT = text(MAX_STEP_TEXT), SOME_TEXT = text(MAX_STEP_TEXT, 1);
const CHARACTER = both(
  TEXT,
  test((one) => Array.from(one as string).length === 1, "is not one code point"),
);
const REPLACED = both(
  SOME_TEXT,
  test(
    (one) => Array.from(one as string).length <= MAX_REPLACED,
    `is longer than ${MAX_REPLACED} code points, the maximum that a device holds back`,
  ),
);
// The name that chose the check.
const ANY: Check = () => null;
const FORM = record({ op: ANY, tables: optional(oneOf("tokenizers")) });
const BARE = record({ op: ANY });

/** Check of one step; `from` is the check of a text to be replaced. */
function stepShape(from: Check): Check {
  const prepend: Check = (value, path) =>
    ("unless" in (value as object)
      ? record({ op: ANY, text: CHARACTER, unless: oneOf(true) })
      : record({ op: ANY, text: SOME_TEXT }))(value, path);
  return variant("op", {
    nfc: FORM,
    nfd: FORM,
    nfkc: FORM,
    nfkd: FORM,
    lower_case: BARE,
    strip_accents: BARE,
    clean_text: BARE,
    space_chinese: BARE,
    prepend,
    replace: record({ op: ANY, from, to: TEXT }),
    charsmap: record({
      op: ANY,
      map: test(
        (map) => typeof map === "string" && map.length <= MAX_CHARSMAP,
        `expected text of at most ${MAX_CHARSMAP} characters`,
      ),
      rule: optional(oneOf("longest")),
    }),
    mark_words: record({ op: ANY, mark: CHARACTER }),
    squeeze: record({ op: ANY, of: CHARACTER, to: TEXT }),
    strip: record({ op: ANY, side: oneOf("left", "right", "both"), of: optional(CHARACTER) }),
  });
}

/** Steps of a whole vocabulary, whose growth is bounded too. */
function stepsShape(from: Check): Check {
  return both(
    list(stepShape(from), MAX_TEXT_STEPS),
    test((steps) => growsLittle(steps as TextStep[]), GROWTH_MESSAGE),
  );
}

/** Check of the steps in a compiled file. Those of `replace` may be longer than a device takes. */
export const fileSteps: Check = stepsShape(SOME_TEXT);

const steps = schemaOf<TextStep[]>(stepsShape(REPLACED));

/**
 * Checks the steps of a vocabulary.
 *
 * @param value Value from outside.
 * @returns The steps.
 * @throws {OnpathError} `pipeline` if a step is malformed; the message names the step.
 */
export function checkVocabularySteps(value: unknown): TextStep[] {
  return parseWith(steps, value, "pipeline", "normalisation steps");
}
