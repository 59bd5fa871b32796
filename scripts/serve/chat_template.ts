/**
 * Chat templates by the optional package @huggingface/jinja.
 *
 * @module
 */

import type { RenderChat } from "../../runtime/serve/tokenizer_types.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { readBounded } from "../io/read.ts";

/** Maximum length of a file with a template: 4 MiB. */
const MAX_TEMPLATE_BYTES = 2 ** 22;

/**
 * Loads a chat template.
 *
 * @param path A tokenizer_config.json with `chat_template`, or a template (.jinja).
 * @param signal Ends the read.
 * @returns Function that renders messages. It throws an `OnpathError` if the template refuses them.
 * @throws {OnpathError} `file` if the file has no template, or the package is not installed.
 */
export async function loadChatTemplate(path: string, signal: AbortSignal): Promise<RenderChat> {
  const text = new TextDecoder().decode(await readBounded(path, { maxBytes: MAX_TEMPLATE_BYTES, signal }));
  const { template, tokens } = path.toLowerCase().endsWith(".json")
    ? readConfig(path, text)
    : { template: text, tokens: {} };
  // No literal: the package is optional.
  const specifier: string = "@huggingface/jinja";
  const { Template } = await import(specifier).catch((cause) => {
    throw new OnpathError(
      "file",
      `Cannot load ${path}: the npm package @huggingface/jinja is not installed`,
      { path },
      {
        cause,
      },
    );
  }) as typeof import("@huggingface/jinja");
  const compiled = new Template(template);
  return (messages, { addGenerationPrompt, tools, variables }) => {
    try {
      return compiled.render({
        ...tokens,
        ...variables,
        ...(tools === undefined ? {} : { tools }),
        messages,
        add_generation_prompt: addGenerationPrompt,
      });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new OnpathError(
        "pipeline",
        `Cannot tokenize messages: the chat template refuses them, ${reason}`,
        {},
        { cause },
      );
    }
  };
}

/** Template and special tokens of a tokenizer_config.json. */
function readConfig(
  path: string,
  text: string,
): { readonly template: string; readonly tokens: Record<string, string> } {
  const config = parse(path, text) as Record<string, unknown>;
  const template = config["chat_template"];
  if (typeof template !== "string") {
    throw new OnpathError("file", `Cannot read ${path}: it has no chat_template that is a text`, { path });
  }
  const tokens: Record<string, string> = {};
  for (const name of ["bos_token", "eos_token", "unk_token", "pad_token"]) {
    const token = config[name];
    const content = typeof token === "string" ? token : (Object(token) as { content?: unknown }).content;
    if (typeof content === "string") tokens[name] = content;
  }
  return { template, tokens };
}

function parse(path: string, text: string): unknown {
  try {
    return Object(JSON.parse(text));
  } catch (cause) {
    throw new OnpathError("file", `Cannot read ${path}: expected JSON`, { path }, { cause });
  }
}
