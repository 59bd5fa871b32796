/**
 * Command that serves a tokenizer.
 *
 * @module
 */

import { type Command, Option } from "commander";
import type { TokenizerServeOptions } from "./commands/tokenizer_serve_options.ts";
import type { Context } from "./context.ts";
import { integerParser, jsonOption, numberOption } from "./options.ts";
import { topics } from "./topics.ts";

/**
 * Adds the command `tokenizer serve`.
 *
 * @param program Program to extend.
 * @param context Context for the command.
 */
export function addTokenizerCommand(program: Command, context: Context): void {
  const tokenizer = program.command("tokenizer").description("serve a tokenizer to other processes");
  tokenizer.command("serve")
    .description(
      "tokenize, detokenize and count over HTTP or a Unix socket, as vLLM does, and prompts that grow",
    )
    .requiredOption("--vocab <name>", "vocabulary: see tokenize --help")
    .option("--name <name>", "name of the model in requests and metrics (default: the vocabulary's)")
    .addOption(
      new Option("--special <which>", "special tokens that are recognised in prompts").choices([
        "all",
        "none",
      ])
        .default("all"),
    )
    .option(
      "--chat-template <file>",
      "tokenizer_config.json or .jinja, for messages; requires @huggingface/jinja",
    )
    .addOption(numberOption("--max-model-len <ids>", "value of max_model_len in responses", 2 ** 31 - 1))
    .addOption(
      new Option("--socket <path>", "Unix socket to listen on, in place of a port").conflicts([
        "host",
        "port",
      ]),
    )
    .option(
      "--grpc <address>",
      "also serve llm-d's router by gRPC, at unix:<path>; requires the package @grpc/grpc-js",
    )
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .addOption(
      new Option("--port <number>", "port to listen on; 0 takes a free one").default(8000)
        .argParser(integerParser(0, 65_535)),
    )
    .addOption(numberOption("--max-queue <requests>", "maximum requests in the queue (default: 256)", 65_536))
    .addOption(numberOption("--max-body <MiB>", "maximum body of a request (default: 16)", 1024))
    .addOption(numberOption("--max-sessions <count>", "maximum prompts that grow (default: 1024)", 2 ** 20))
    .addOption(numberOption("--timeout <ms>", "maximum time of a request (default: 30000)", 3_600_000))
    .addOption(jsonOption())
    .addHelpText("after", topics(context.command).tokenizerServe)
    .action(async (options: TokenizerServeOptions) => {
      // No literal, so that Deno downloads prom-client at the first use of this command. The bundle defines the name.
      const { serveVocabulary } = await import(
        (globalThis as { ONPATH_TOKENIZER_SERVE?: string }).ONPATH_TOKENIZER_SERVE ??
          "./commands/tokenizer_serve.ts"
      ) as typeof import("./commands/tokenizer_serve.ts");
      await serveVocabulary(options, context);
    });
}
