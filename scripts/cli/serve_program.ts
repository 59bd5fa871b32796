/**
 * Command that serves models.
 *
 * @module
 */

import { type Command, InvalidArgumentError, Option } from "commander";
import type { ServeCommandOptions } from "./commands/serve_options.ts";
import type { Context } from "./context.ts";
import {
  deviceOption,
  emulateOption,
  integerParser,
  jsonOption,
  layoutOption,
  numberOption,
  shapeOption,
  xclbinOption,
} from "./options.ts";
import { PLANNED_DEVICE, SERVED_DEVICE } from "./devices.ts";
import { topics } from "./topics.ts";

/**
 * Adds the command `serve`.
 *
 * @param program Program to extend.
 * @param context Context for the command.
 */
export function addServeCommand(program: Command, context: Context): void {
  program.command("serve")
    .description("serve pipelines over HTTP by the Open Inference Protocol, as Triton and KServe do")
    .option("--pipeline <file>", "image pipeline, JSON: model image")
    .addOption(shapeOption())
    .addOption(layoutOption())
    .option("--processor <file>", "preprocessor_config.json: model processor")
    .option("--vocab <name>", "vocabulary: model tokenizer; see tokenize --help")
    .option("--special", "match special tokens in texts")
    .addOption(
      new Option("--pad-id <id>", "id that fills shorter texts of a request (default: 0)")
        .argParser(integerParser(0, 2 ** 31 - 1)),
    )
    .option("--name <name>", "name of the model, if there is one")
    .addOption(
      new Option("--predictor <url>", "model behind it, such as http://127.0.0.1:8001/v2/models/clip")
        .argParser((text: string) => {
          if (!/^https?:/i.test(text) || !URL.canParse(text)) {
            throw new InvalidArgumentError("Expected a URL that begins with http:// or https://.");
          }
          return text;
        }),
    )
    .addOption(deviceOption(`${SERVED_DEVICE} for images, ${PLANNED_DEVICE} for texts`))
    .addOption(emulateOption())
    .addOption(xclbinOption())
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .addOption(
      new Option("--port <number>", "port to listen on; 0 takes a free one").default(8000)
        .argParser(integerParser(0, 65_535)),
    )
    .addOption(numberOption("--max-batch <items>", "maximum items of a batch (default: 16)", 4096))
    .addOption(
      new Option("--max-delay <ms>", "maximum wait of an item for a full batch (default: 2)")
        .argParser(integerParser(0, 60_000)),
    )
    .addOption(numberOption("--max-queue <items>", "maximum items in a model's queue (default: 256)", 65_536))
    .addOption(numberOption("--max-body <MiB>", "maximum body of a request (default: 64)", 4096))
    .addOption(numberOption("--timeout <ms>", "maximum time of a request (default: 30000)", 3_600_000))
    .option("--otel", "make spans through OpenTelemetry, for an SDK in this process")
    .addOption(jsonOption())
    .addHelpText("after", topics(context.command).serve)
    .action(async (options: ServeCommandOptions, command: Command) => {
      // No literal, so that Deno downloads prom-client at the first use of this command. The bundle defines the name.
      const { serveModels } = await import(
        (globalThis as { ONPATH_SERVE?: string }).ONPATH_SERVE ?? "./commands/serve.ts"
      ) as typeof import("./commands/serve.ts");
      await serveModels(options, command, context);
    });
}
