import assert from "node:assert/strict";
import { warmUp } from "../../scripts/serve/warm_up.ts";
import { vocabulary } from "../kernels/tokenize/vocabularies.ts";

Deno.test("warmUp() sends chats to a server of any vocabulary, and ends with its signal", async () => {
  for (const name of ["gpt2", "bert"] as const) {
    const chats = await warmUp(await vocabulary(name), new AbortController().signal);
    assert(chats >= 1 && chats <= 14, `${chats} chats`);
  }
  await assert.rejects(warmUp(await vocabulary("gpt2"), AbortSignal.abort(new Error("stopped"))), {
    name: "AbortError",
  });
});
