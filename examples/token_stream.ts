/**
 * Tokenizes a growing prompt on a device, and prints the ids that are final after each piece of text.
 *
 *     deno task example examples/token_stream.ts
 *
 * @module
 */

import { compile, compileVocabulary, createModelDevice, readTiktokenJson, Session } from "onpath";

// Ranks from the npm package tiktoken. `deno task offload vocab r50k_base --output r50k.vocab` compiles them once.
const { default: ranks } = await import("tiktoken/encoders/r50k_base");
const vocabulary = await compileVocabulary(readTiktokenJson(ranks, "r50k_base"));

await using device = createModelDevice();
const plan = compile({ steps: [{ op: "tokenize" }] }, { vocabulary, device });
const session = await Session.open(plan, device, { vocabulary });
const stream = session.stream();
for (const piece of ["The quick bro", "wn fox jum", "ps over the lazy", " dog."]) {
  console.log(JSON.stringify(piece), Array.from(await stream.push(piece)).join(" "));
}
console.log("end", Array.from(await stream.end()).join(" "));
