import assert from "node:assert/strict";
import { normalForm } from "../../kernels/text_normalize/normal_form.ts";
import { ranks } from "../../scripts/text/unicode/normal_forms.ts";
import { tokenizersProbe } from "../../scripts/text/unicode/peers.ts";
import { longTest, sized } from "../support/long.ts";

const FORMS = ["NFC", "NFD", "NFKC", "NFKD"] as const;

/** A letter, Bengali and Telugu vowels, a Devanagari consonant, a jamo: they compose with different marks. */
const STARTERS = sized([0x61, 0x9c7, 0xc46, 0x915, 0x1100], [0x9c7]);

longTest("normalForm() orders and composes every pair of marks as tokenizers does", () => {
  const all = [...ranks()].map(([mark]) => mark);
  assert(all.length > 900, `${all.length} marks`);
  const marks = all.filter((_, at) => at % sized(1, 9) === 0);
  for (const form of FORMS) {
    const peer = tokenizersProbe({ type: form }).getNormalizer();
    const op = form.toLowerCase() as "nfc";
    for (const starter of STARTERS) {
      for (const first of marks) {
        const text = marks.map((second) => String.fromCodePoint(starter, first, second)).join("x");
        const normalized = normalForm(text, op, "tokenizers");
        if (normalized === peer.normalizeString(text)) continue;
        assert.fail(`${form} of ${starter.toString(16)} ${first.toString(16)} and another mark`);
      }
    }
  }
}, false);
