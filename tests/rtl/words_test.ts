import assert from "node:assert/strict";
import { WORDS_ERRORS } from "../../kernels/rtl/movers.ts";
import { tokenizeImage } from "../../kernels/tokenize/image.ts";
import { tokenizeProgram } from "../../kernels/tokenize/rtl.ts";
import { HEADER_BYTES, OFFSET } from "../../serialize/header.ts";
import { type Linked, openLinked } from "./linked.ts";
import { openModel } from "./text_model.ts";
import { interleave, TEXT_LONGEST, TEXT_PLAN, textPackets } from "./text_packets.ts";
import { PROSE, trainedVocabulary } from "./text_vocabularies.ts";

const card = await openLinked("linked_tokenize");
const vocabulary = await trainedVocabulary();
const program = tokenizeProgram(tokenizeImage(vocabulary), { plan: TEXT_PLAN, longest: TEXT_LONGEST });

/** Slot of a packet of the longest payload. */
const SLOT = HEADER_BYTES + TEXT_LONGEST;

/** Eight flows of prose, one packet of each after another. */
const PACKETS = interleave(
  Array.from(
    { length: 8 },
    (_, flow) =>
      textPackets(new TextEncoder().encode(PROSE.slice(3000 * flow, 3000 * flow + 700)), 250, flow + 1),
  ),
);

/** Answers by flow, in their order. */
function byFlow(answers: readonly Uint8Array[]): Map<number, Uint8Array[]> {
  const flows = new Map<number, Uint8Array[]>();
  for (const answer of answers) {
    const flow = new DataView(answer.buffer, answer.byteOffset).getUint32(OFFSET.flow, true);
    flows.set(flow, [...flows.get(flow) ?? [], answer]);
  }
  return flows;
}

function run(linked: Linked): Uint8Array[] {
  linked.startPackets(PACKETS, SLOT, 4 * PACKETS.length);
  linked.finish();
  return linked.answers();
}

Deno.test("words_port: tokens are the model's, from words in memory beyond 2^32, whatever memory does", () => {
  const model = openModel(vocabulary);
  const expected = byFlow(PACKETS.flatMap((packet) => model(packet) as Uint8Array[]));
  for (const [pause, latency] of [[0, 1], [0, 40], [6, 12], [12, 3]] as const) {
    card.manners({ pause, latency, seed: pause + 1 });
    // Its tables are loaded again, so no word is on chip.
    card.fill(program, program.memory);
    assert.deepEqual(byFlow(run(card)), expected, `pause ${pause}, latency ${latency}`);
  }
  assert.equal(card.read(WORDS_ERRORS), 0);
});

Deno.test("words_port: each word that memory refuses is counted, and the run ends", () => {
  card.manners({ pause: 0, latency: 5, seed: 1 });
  let refused = 0;
  card.fill(program, program.memory, (offset) => {
    const isRefused = offset % 4096 === 0;
    refused += Number(isRefused);
    return isRefused;
  });
  const before = card.read(WORDS_ERRORS);
  run(card);
  assert(refused > 10, `only ${refused} words refused`);
  assert.equal(card.read(WORDS_ERRORS) - before, refused);
});
