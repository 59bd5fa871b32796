import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { compile } from "../../../kernels/compile.ts";
import { decodeText } from "../../../kernels/tokenize/detokenize.ts";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import { decodeVocabulary } from "../../../kernels/tokenize/file/decode.ts";
import { encodeVocabulary } from "../../../kernels/tokenize/file/encode.ts";
import { createModelDevice } from "../../../runtime/device/model.ts";
import { Session } from "../../../runtime/session.ts";
import { vocabulary } from "../../kernels/tokenize/vocabularies.ts";

const TEXT = "Hello 😀 wörld<|endoftext|> the quick<|endo brown fox<|endoftext|>!";

/** Memories that a reader fills again for each part. A Buffer's `slice()` is a view, which a copy must not be. */
const MEMORIES = {
  "Uint8Array": (length: number) => new Uint8Array(length),
  "Buffer": (length: number): Uint8Array<ArrayBuffer> => Buffer.alloc(length),
};

/** Parts of the text in one memory, which is overwritten after each. */
function* reused(bytes: Uint8Array, cut: number, memory: Uint8Array<ArrayBuffer>) {
  for (let at = 0; at < bytes.length; at += cut) {
    const length = Math.min(cut, bytes.length - at);
    memory.set(bytes.subarray(at, at + length));
    yield memory.subarray(0, length);
    memory.fill(0x7a);
  }
}

for (const [name, make] of Object.entries(MEMORIES)) {
  Deno.test(`streams of text keep nothing of a ${name} that is filled again after each push`, async () => {
    const known = await vocabulary("r50k_base");
    const bytes = new TextEncoder().encode(TEXT);
    const expected = [...createEncoder(known, { special: "all" }).encode(TEXT)];
    await using device = createModelDevice();
    const plan = compile({ steps: [{ op: "tokenize", special: "all" }] }, { vocabulary: known, device });
    const session = await Session.open(plan, device, { vocabulary: known });
    for (let cut = 1; cut < 16; cut++) {
      const encoder = createEncoder(known, { special: "all" }).stream();
      const stream = session.stream();
      const encoded: number[] = [], pushed: number[] = [];
      for (const part of reused(bytes, cut, make(cut))) encoded.push(...encoder.push(part));
      for (const part of reused(bytes, cut, make(cut))) pushed.push(...await stream.push(part));
      assert.deepEqual([...encoded, ...encoder.end()], expected, `encoder, parts of ${cut}`);
      assert.deepEqual([...pushed, ...await stream.end()], expected, `session, parts of ${cut}`);
    }
  });

  Deno.test(`decodeVocabulary() keeps nothing of a ${name} with the file`, async () => {
    const bytes = encodeVocabulary(await vocabulary("r50k_base"));
    const file = make(bytes.length);
    file.set(bytes);
    const read = decodeVocabulary(file);
    file.fill(0);
    assert.equal(decodeText(read, createEncoder(read).encode("Hello, world")), "Hello, world");
  });
}
