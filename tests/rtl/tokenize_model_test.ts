import assert from "node:assert/strict";
import { vocabulary } from "../kernels/tokenize/vocabularies.ts";
import { adversarialTexts, corpusSlice } from "../support/texts.ts";
import { sized } from "../support/long.ts";
import { openModel } from "./text_model.ts";
import { interleave, loadText, openTokenizer, sendText, textPackets } from "./text_packets.ts";

/** Answers flow by flow: those of flows mix, those of one flow keep their order. */
function byFlow(answers: readonly Uint8Array[]): Map<number, Uint8Array[]> {
  const flows = new Map<number, Uint8Array[]>();
  for (const answer of answers) {
    const flow = new DataView(answer.buffer).getUint32(8, true);
    flows.set(flow, [...flows.get(flow) ?? [], answer]);
  }
  return flows;
}

Deno.test("RTL tokenizer equals the model bit for bit: r50k on texts and adversarial cases, in interleaved flows", async () => {
  const r50k = await vocabulary("r50k_base");
  const tokenizer = await openTokenizer();
  loadText(tokenizer, r50k, { minCycles: 4, extraCycles: 4 });
  const texts = [
    ...corpusSlice(60_000).map(({ text }) => new TextEncoder().encode(text).subarray(0, 700)),
    ...adversarialTexts().map(({ bytes }) => bytes.subarray(0, 700)),
  ].filter(({ length }) => length > 0).slice(0, sized(48, 24));
  assert(texts.length > sized(40, 20));
  for (const size of [32, 256]) {
    for (let from = 0; from < texts.length; from += 8) {
      const packets = interleave(
        texts.slice(from, from + 8).map((text, at) => textPackets(text, size, from + at)),
      );
      const model = openModel(r50k);
      const expected = packets.flatMap((packet) => model(packet) as Uint8Array[]);
      assert.deepEqual(byFlow(sendText(tokenizer, packets)), byFlow(expected));
    }
  }
});
