import assert from "node:assert/strict";
import { FLAG, HEADER_BYTES } from "../../serialize/header.ts";
import { peerOf } from "../kernels/tokenize/peers.ts";
import { vocabulary } from "../kernels/tokenize/vocabularies.ts";
import { corpusSlice } from "../support/texts.ts";
import { agrees, interleave, loadText, openTokenizer, sendText, textPackets } from "./text_packets.ts";
import { longTest } from "../support/long.ts";

/** Flows that go at once. */
const FLOWS = 8;

/** Ids of an answer. */
function idsOf(answer: Uint8Array): number[] {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.length);
  const bits = view.getUint8(50);
  return Array.from({ length: view.getUint16(48, true) }, (_, token) => {
    let id = 0;
    for (let bit = 0; bit < bits; bit++) {
      const place = token * (bits + 1) + bit;
      id += ((answer[HEADER_BYTES + (place >> 3)]! >> (place & 7)) & 1) * 2 ** bit;
    }
    return id;
  });
}

for (const [name, count] of [["r50k_base", 16], ["gpt2", 8]] as const) {
  longTest(`RTL tokenizer: ${name} gives the peer's ids on texts in many languages`, async () => {
    const tokenizer = await openTokenizer();
    const peer = await peerOf(name);
    const compiled = await vocabulary(name);
    const texts = corpusSlice(40 * 2048).map(({ text }) => text.slice(0, 1500).toWellFormed()).filter((
      text,
    ) => text !== "")
      .slice(0, count);
    assert.equal(texts.length, count);
    loadText(tokenizer, compiled, { minCycles: 4, extraCycles: 4 });
    const expected = await peer.encode(texts);
    for (let from = 0; from < texts.length; from += FLOWS) {
      const flows = texts.slice(from, from + FLOWS).map((text, at) =>
        textPackets(new TextEncoder().encode(text), 700, from + at)
      );
      const found = new Map<number, number[]>();
      for (const answer of sendText(tokenizer, interleave(flows))) {
        const view = new DataView(answer.buffer);
        assert.equal(view.getUint16(6, true) & FLAG.escape, 0);
        const flow = view.getUint32(8, true);
        found.set(flow, [...found.get(flow) ?? [], ...idsOf(answer)]);
      }
      flows.forEach((_, at) =>
        assert.deepEqual(found.get(from + at), expected[from + at], texts[from + at]!)
      );
    }
    peer.close();
    // The same, byte for byte, as the rules say it.
    const rules = loadText(tokenizer, compiled, { minCycles: 2 });
    agrees(tokenizer, rules, textPackets(new TextEncoder().encode(texts.slice(0, 3).join("\n")), 256));
  }, name !== "r50k_base");
}
