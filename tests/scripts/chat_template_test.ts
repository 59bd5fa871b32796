import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadChatTemplate } from "../../scripts/serve/chat_template.ts";
import { refusal } from "../support/failure.ts";

const TEMPLATE = "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}" +
  "{% if tools %}[{{ tools | length }}]{% endif %}{% if enable_thinking %}?{% endif %}" +
  "{% if add_generation_prompt %}<assistant>{% endif %}";

/** Loads a file of a template. */
async function load(name: string, text: string): ReturnType<typeof loadChatTemplate> {
  const folder = mkdtempSync(join(tmpdir(), "onpath-"));
  try {
    writeFileSync(join(folder, name), text);
    return await loadChatTemplate(join(folder, name), AbortSignal.timeout(10_000));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

Deno.test("loadChatTemplate() renders messages with tools, variables and the file's special tokens", async () => {
  const render = await load(
    "tokenizer_config.json",
    JSON.stringify({ chat_template: TEMPLATE, bos_token: { content: "<s>" } }),
  );
  const messages = [{ role: "user", content: "Hi" }];
  assert.equal(render(messages, { addGenerationPrompt: true }), "<s><user>Hi<assistant>");
  assert.equal(
    render(messages, {
      addGenerationPrompt: false,
      tools: [{}, {}],
      // Variables do not stand in for the messages.
      variables: { enable_thinking: true, messages: [], add_generation_prompt: true },
    }),
    "<s><user>Hi[2]?",
  );
});

Deno.test("loadChatTemplate() refuses files without a template, and messages that it refuses", async () => {
  await assert.rejects(load("config.json", "{}"), refusal("file", /no chat_template/));
  await assert.rejects(load("config.json", "{"), refusal("file", /expected JSON/));
  const render = await load("chat.jinja", "{{ raise_exception('Only one system message') }}");
  assert.throws(
    () => render([], { addGenerationPrompt: true }),
    refusal("pipeline", /chat template refuses them, Only one system message/),
  );
});
