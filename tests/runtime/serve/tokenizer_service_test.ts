import assert from "node:assert/strict";
import { createTokenizerService } from "../../../runtime/serve/tokenizer_service.ts";
import type { TokenizerServiceOptions } from "../../../runtime/serve/tokenizer_types.ts";
import type { ErrorCode } from "../../../serialize/errors.ts";
import { tiny } from "../../kernels/tokenize/small_vocabularies.ts";
import { refusal } from "../../support/failure.ts";

Deno.test("TokenizerService refuses values of another type by one error each, and stays usable", async () => {
  const vocabulary = await tiny();
  await using service = createTokenizerService({ vocabulary, name: "tiny" });
  const { session } = await service.open({ prompt: "ab" });
  const calls = service as unknown as Record<string, (...values: unknown[]) => Promise<unknown>>;
  const wrong: [call: string, values: unknown[], code: ErrorCode][] = [
    ["append", [session, null], "pipeline"],
    ["append", [session, { append: 5 }], "dtype"],
    ["tokenize", [{ prompt: 5 }], "dtype"],
    ["tokenize", [{ prompt: "a", model: 10n }], "pipeline"],
    ["detokenize", [{ tokens: null }], "dtype"],
    ["tokenize", [{ prompt: "a" }, { timeoutMs: NaN }], "size"],
    ["tokenize", [{ prompt: "a" }, { timeoutMs: 0 }], "timeout"],
  ];
  for (const call of ["tokenize", "count", "encode", "render", "open", "detokenize"]) {
    for (const value of [null, undefined, 5, []]) wrong.push([call, [value], "pipeline"]);
  }
  for (const [call, values, code] of wrong) {
    await assert.rejects(calls[call]!(...values), refusal(code), call);
  }
  assert.deepEqual((await service.append(session, { append: "c" })).count, 1);
});

Deno.test("TokenizerService refuses a chat template that returns no text", async () => {
  const vocabulary = await tiny();
  for (const rendered of [5, Promise.resolve("a"), undefined]) {
    const renderChat = (() => rendered) as unknown as TokenizerServiceOptions["renderChat"];
    await using service = createTokenizerService({ vocabulary, renderChat });
    await assert.rejects(service.tokenize({ messages: [] }), refusal("dtype", /Cannot take a chat that is /));
  }
});
