import assert from "node:assert/strict";
import { textSteps } from "../../kernels/tokenize/text_steps.ts";
import { agrees, interleave, loadText, openTokenizer, textPackets } from "./text_packets.ts";
import { PROSE, trainedVocabulary, wholeVocabulary } from "./text_vocabularies.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

Deno.test("textSteps() counts code points, and tokens by pieces", async () => {
  const whole = await wholeVocabulary();
  // " the" is two tokens, " th" and "e"; " 漢" is four of one byte each: they are followed back, then forth.
  assert.deepEqual(textSteps(whole, utf8("a the 漢")), { cutting: 10, emitting: 1 + 4 + 8, cycles: 13 });
  assert.deepEqual(textSteps(whole, utf8("")), { cutting: 0, emitting: 0, cycles: 0 });
});

Deno.test("RTL tokenizer: stages of a new text are busy for its steps, and all of it takes less than five times as long", async () => {
  const tokenizer = await openTokenizer();
  const trained = await trainedVocabulary();
  tokenizer.card.reset();
  const rules = loadText(tokenizer, trained);
  const texts = Array.from({ length: 8 }, (_, n) => utf8(PROSE.slice(2600 * n, 2600 * (n + 1))));
  agrees(tokenizer, rules, interleave(texts.map((text, flow) => textPackets(text, 1300, flow))));
  const steps = texts.map((text) => textSteps(trained, text));
  const sum = (name: "cutting" | "emitting") => steps.reduce((total, each) => total + each[name], 0);
  const { cutting, emitting } = tokenizer.lookups();
  assert(cutting >= sum("cutting"), `the cutter was busy in ${cutting} cycles, at least ${sum("cutting")}`);
  assert(emitting >= sum("emitting"), `tokens left in ${emitting} cycles, at least ${sum("emitting")}`);
  const { cycles } = tokenizer.card.counters();
  const least = Math.max(sum("cutting"), sum("emitting"));
  assert(cycles >= least && cycles < 5 * least, `${cycles} cycles, at least ${least}`);
});
