import assert from "node:assert/strict";
import { driveTokenizer } from "../../scripts/rtl/tokenize_card.ts";
import { missingRtlTools } from "../../scripts/rtl/tools.ts";
import { openRtlCard } from "../../runtime/device/rtl/card.ts";
import { longTest } from "../support/long.ts";
import { compileRtl } from "./rtl.ts";
import { openModel } from "./text_model.ts";
import {
  interleave,
  loadText,
  openTokenizer,
  sendText,
  TEXT_LONGEST,
  TEXT_PLAN,
  textPackets,
} from "./text_packets.ts";
import { PROSE, trainedVocabulary } from "./text_vocabularies.ts";

const missing = await missingRtlTools();
if (missing !== null) console.log(`skipped: parameters of the tokenizer. ${missing}`);

/** Answers flow by flow, in their order. */
function byFlow(answers: readonly Uint8Array[]): Map<number, string[]> {
  const flows = new Map<number, string[]>();
  for (const answer of answers) {
    const flow = new DataView(answer.buffer).getUint32(8, true);
    flows.set(flow, [...flows.get(flow) ?? [], answer.toHex()]);
  }
  return flows;
}

if (missing === null) {
  longTest(
    "RTL tokenizer: few words and few pieces on chip give the same tokens in more reads of memory",
    async () => {
      const small = { KW: 2, WW: 6 };
      const tokenizer = driveTokenizer(
        await openRtlCard(
          await compileRtl({
            name: "packet_tokenize_small",
            top: "packet_tokenize",
            parameters: small,
            memory: true,
            effort: "-O1",
          }),
        ),
      );
      const vocabulary = await trainedVocabulary();
      tokenizer.load(vocabulary, {
        plan: TEXT_PLAN,
        longest: TEXT_LONGEST,
        latency: { minCycles: 3, extraCycles: 9 },
        pieceBuckets: 2 ** small.KW,
      });
      const model = openModel(vocabulary);
      const texts = Array.from({ length: 8 }, (_, n) => PROSE.slice(4000 * n, 4000 * n + 1500));
      const packets = interleave(
        texts.map((text, flow) => textPackets(new TextEncoder().encode(text), 300, flow)),
      );
      const expected = packets.flatMap((packet) => model(packet) as Uint8Array[]);
      assert.deepEqual(byFlow(sendText(tokenizer, packets)), byFlow(expected));
      const { pieces, found, misses, cells, suffixes, pairs, parts } = tokenizer.lookups();
      assert(found > 0 && 4 * found < pieces, `${found} of ${pieces} pieces found`);
      const words = cells + suffixes + pairs + parts;
      assert(8 * misses > words && misses < words, `${misses} of ${words} words from memory`);
    },
  );
}

longTest("RTL tokenizer: a text that comes again needs no word of memory", async () => {
  const tokenizer = await openTokenizer();
  loadText(tokenizer, await trainedVocabulary());
  const text = new TextEncoder().encode(PROSE.slice(0, 3000));
  // All entries are cleared by then.
  sendText(tokenizer, textPackets(text, 300));
  const first = tokenizer.lookups();
  assert(first.misses > 100);
  for (let wait = 0; wait < 60; wait++) sendText(tokenizer, textPackets(text, 300));
  const before = tokenizer.lookups().misses;
  sendText(tokenizer, textPackets(text, 300));
  assert.equal(tokenizer.lookups().misses, before);
});

Deno.test("RTL tokenizer: cycles in which a single flow waits for memory are counted as stalls", async () => {
  const tokenizer = await openTokenizer();
  const vocabulary = await trainedVocabulary();
  // Pieces of one flow that wait at once.
  const most = 8;
  let least = 0;
  for (const minCycles of [4, 32, 100]) {
    loadText(tokenizer, vocabulary, { minCycles });
    const [before, looked] = [tokenizer.card.counters(), tokenizer.lookups().misses];
    sendText(tokenizer, textPackets(new TextEncoder().encode(PROSE.slice(0, 500)), 250));
    const after = tokenizer.card.counters();
    const stalls = after.stalls - before.stalls, misses = tokenizer.lookups().misses - looked;
    // A word takes the latency of memory and a few cycles on its way, and waits for others at the same time.
    assert(misses > 100, `only ${misses} words from memory`);
    assert(
      stalls >= minCycles * misses / most && stalls <= (minCycles + 8) * misses,
      `${stalls} for ${misses} words`,
    );
    assert(stalls > least, `${stalls} cycles at a latency of ${minCycles}, ${least} at less`);
    least = stalls;
    assert(stalls < after.cycles - before.cycles);
  }
});
