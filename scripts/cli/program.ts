/**
 * The commands, their options and their help.
 *
 * @module
 */

import { Command, Option } from "commander";
import metadata from "../../deno.json" with { type: "json" };
import type { Match } from "../../kernels/image/geometry/names.ts";
import { MAX_PAYLOAD } from "../../serialize/header.ts";
import { TEXT_MODES } from "../../kernels/tokenize/model.ts";
import { addCacheCommands } from "./cache_program.ts";
import { type CleanOptions, delimiterOption, listOption, typesOption } from "./commands/clean_options.ts";
import { listDevices } from "./commands/devices.ts";
import { type ProfileOptions, profilePixels } from "./commands/profile.ts";
import { lookUp, type LookupOptions } from "./commands/lookup.ts";
import { type NormalizeOptions, normalizeText } from "./commands/normalize.ts";
import { explainPlan } from "./commands/plan.ts";
import type { PlanCommandOptions } from "./commands/plan_options.ts";
import { type RunCommandOptions, runOnce } from "./commands/run.ts";
import { printSizes, type SizesOptions } from "./commands/sizes.ts";
import { type TokenizeOptions, tokenizeText } from "./commands/tokenize.ts";
import { runTour, type TourOptions } from "./commands/tour.ts";
import { describeVocabulary, type VocabOptions } from "./commands/vocab.ts";
import { type Context, print } from "./context.ts";
import { PLANNED_DEVICE } from "./devices.ts";
import { EXIT } from "./failures.ts";
import {
  cardOption,
  checksumOption,
  checkWaveform,
  deviceOption,
  emulateOption,
  formOption,
  fromOption,
  jsonOption,
  layoutOption,
  numberOption,
  outputOption,
  packetLayoutOption,
  planFileOption,
  shapeOption,
  timeoutOption,
  toleranceOption,
  vcdCyclesOption,
  vcdOption,
  vcdPacketsOption,
  xclbinOption,
} from "./options.ts";
import { addNetworkCommands } from "./network_program.ts";
import { addServeCommand } from "./serve_program.ts";
import { addTokenizerCommand } from "./tokenizer_program.ts";
import { suggest } from "./suggest.ts";
import { topics } from "./topics.ts";
import { addHelpCommand } from "./help_command.ts";
import { addXrtCommands } from "./xrt_program.ts";

/**
 * Creates the program.
 *
 * @param context Context for the commands.
 * @param quiet True if the caller prints the errors.
 * @returns The program; it throws a `CommanderError` instead of ending the process.
 */
export function createProgram(context: Context, quiet: boolean): Command {
  const topic = topics(context.command);
  const program = new Command(context.command)
    .description("Offloads the data processing around AI models onto FPGA NICs.")
    .version(metadata.version)
    // Options behind a subcommand of `network` are the subcommand's, not those of `network`.
    .enablePositionalOptions()
    .showHelpAfterError("(add --help for all options)")
    .exitOverride()
    .addHelpText("after", topic.program);
  program.configureOutput({
    writeOut: print,
    ...(quiet && { writeErr: () => {}, outputError: () => {} }),
  });

  program.command("tour", { isDefault: true })
    .description("run one photograph through a device and compare; the default command")
    .usage("[options]")
    .argument("[mistyped...]")
    .addOption(deviceOption())
    .addOption(emulateOption())
    .addOption(xclbinOption())
    .addOption(
      new Option("--match <computation>", "computation that the resize equals")
        .choices(["exact", "opencv", "torchvision", "pillow"] satisfies Match[]).default("exact"),
    )
    .option("--out <folder>", "folder for the results, created if missing", "./out")
    .addOption(vcdOption())
    .addOption(vcdPacketsOption())
    .addOption(vcdCyclesOption())
    .addOption(jsonOption())
    .addHelpText("after", topic.tour)
    .action(async ([mistyped]: string[], options: TourOptions, command: Command) => {
      if (mistyped !== undefined) {
        const known = program.commands.map((each) => each.name());
        const message = `error: unknown command '${mistyped}'${suggest(mistyped, known)}`;
        command.error(message, { exitCode: EXIT.usage, code: "commander.unknownCommand" });
      }
      checkWaveform(options, command);
      await runTour(options, context);
    });

  program.command("run")
    .description("run one input through a pipeline, or through a plan made before")
    .argument("[pipeline]", "file of the pipeline, JSON")
    .option("--input <file>", "picture (.png, .jpg, .webp) or array (.npy)")
    .addOption(outputOption())
    .addOption(planFileOption("--plan", "file of a plan, in place of the pipeline"))
    .addOption(planFileOption("--plan-out", "also write the plan; the name ends in .plan"))
    .addOption(deviceOption().conflicts("plan"))
    .addOption(emulateOption())
    .addOption(xclbinOption())
    .addOption(cardOption())
    .addOption(fromOption())
    .addOption(layoutOption())
    .addOption(checksumOption())
    .addOption(toleranceOption().conflicts("plan"))
    .addOption(formOption().conflicts("plan"))
    .addOption(packetLayoutOption().conflicts("plan"))
    .addOption(timeoutOption())
    .addOption(vcdOption())
    .addOption(vcdPacketsOption())
    .addOption(vcdCyclesOption())
    .addOption(jsonOption())
    .addHelpText("after", topic.run)
    .action(async (pipeline: string | undefined, options: RunCommandOptions, command: Command) => {
      await runOnce(pipeline, options, command, context);
    });

  program.command("plan")
    .description("show the choices for an input or for texts and the reasons, without running them")
    .argument("<pipeline>", "file of the pipeline, JSON")
    .option("--input <file>", "picture or array; only its shape is used, and a JPEG is also timed")
    .addOption(shapeOption())
    .addOption(planFileOption("--output", "write the plan; the name ends in .plan"))
    .addOption(deviceOption(PLANNED_DEVICE))
    .addOption(layoutOption())
    .addOption(checksumOption())
    .addOption(toleranceOption())
    .addOption(formOption())
    .addOption(packetLayoutOption())
    .option("--vocab <name>", "vocabulary of a pipeline with tokenize; see tokenize --help")
    .addOption(numberOption("--payload <bytes>", "maximum payload of a text pipeline's packets", MAX_PAYLOAD))
    .addOption(
      numberOption("--overlap <bytes>", "bytes that a chunk of text repeats of the one before", MAX_PAYLOAD),
    )
    .addOption(
      numberOption(
        "--line-rate <gbps>",
        "also choose lanes and instances of the RTL for a link of that rate",
        1000,
      ),
    )
    .option("--html <file>", "write the plan as a page with pictures, to open in a browser")
    .option("--trace <file>", "write its timeline as a trace for Perfetto or Chrome, JSON")
    .addOption(jsonOption())
    .addHelpText("after", topic.plan)
    .action(async (pipeline: string, options: PlanCommandOptions, command: Command) => {
      await explainPlan(pipeline, options, command, context);
    });

  program.command("tokenize")
    .description("print the token ids of a text, equal to the vocabulary's own tokenizer")
    .argument("[text]", "text; default: --input or stdin")
    .option("--input <file>", "file of the text, or - for stdin")
    .option("--vocab <name>", "one of tiktoken's encodings, or a file: see below", "cl100k_base")
    .addOption(deviceOption())
    .addOption(emulateOption())
    .addOption(xclbinOption())
    .addOption(
      new Option("--mode <mode>", "packets in order with state, or chunks that overlap (default: stateful)")
        .choices([...TEXT_MODES]),
    )
    .addOption(numberOption("--payload <bytes>", "maximum payload of a packet", MAX_PAYLOAD))
    .addOption(
      numberOption("--overlap <bytes>", "bytes that a chunk repeats of the one before", MAX_PAYLOAD),
    )
    .option("--explain", "show the chunks, their overlap, and the removed tokens")
    .option("--special", "match special tokens in the text")
    .addOption(timeoutOption())
    .addOption(numberOption("--most <tokens>", "maximum number of tokens to print", 1e6).default(40))
    .addOption(jsonOption())
    .addHelpText("after", topic.tokenize)
    .action((text: string | undefined, options: TokenizeOptions, command: Command) =>
      tokenizeText(text, options, command, context)
    );

  program.command("normalize")
    .description("normalise a text, by steps or for a vocabulary, and stream it to stdout")
    .argument("[text]", "text; default: --input or stdin")
    .option("--input <file>", "file of the text, or - for stdin")
    .option("--steps <steps>", "steps in order: names separated by commas, or JSON; see below")
    .option("--vocab <name>", "use the steps of this vocabulary")
    .addOption(deviceOption("none, the host itself"))
    .addOption(numberOption("--payload <bytes>", "maximum payload of a packet to the device", MAX_PAYLOAD))
    .addOption(timeoutOption())
    .addOption(jsonOption())
    .addHelpText("after", topic.normalize)
    .action((text: string | undefined, options: NormalizeOptions, command: Command) =>
      normalizeText(text, options, command, context)
    );

  program.command("clean")
    .description("fill, clean, encode and scale a file of records, as scikit-learn does, on a device")
    .argument("<input>", "file of the records: .csv, .tsv, .arrow, .arrows, .feather, .ipc")
    .argument("<output>", "file of the result: .csv, .tsv, .arrow, .feather, .ipc")
    .option("--steps <file>", "pipeline to fit, JSON")
    .option("--fit <file>", "records to fit to (default: the input)")
    .addOption(
      new Option(
        "--fit-mode <mode>",
        "all rows at once, or in bounded memory (default: by the file's length)",
      )
        .choices(["exact", "stream"]),
    )
    .option("--fitted <file>", "fitted pipeline, in place of --steps")
    .option("--onnx <file>", "fitted scikit-learn pipeline as ONNX, in place of --steps")
    .option("--save-fitted <file>", "write the fitted pipeline, JSON")
    .addOption(typesOption())
    .addOption(listOption("--drop <names>", "columns to leave out, separated by commas"))
    .addOption(
      listOption("--missing <fields>", "CSV fields that mean a missing value (default: those of pandas)"),
    )
    .addOption(delimiterOption())
    .addOption(deviceOption())
    .addOption(emulateOption())
    .addOption(xclbinOption())
    .addOption(timeoutOption())
    .addOption(jsonOption())
    .addHelpText("after", topic.clean)
    .action(async (input: string, output: string, options: CleanOptions, command: Command) => {
      // No literal, so that Deno downloads the packages that read tables at the first use of this command. The bundle
      // defines the name.
      const { cleanRecords } = await import(
        (globalThis as { ONPATH_CLEAN?: string }).ONPATH_CLEAN ?? "./commands/clean.ts"
      ) as typeof import("./commands/clean.ts");
      await cleanRecords(input, output, options, command, context);
    });

  program.command("vocab")
    .description("compile a vocabulary into a table file, and describe its contents")
    .argument("<name>", "one of tiktoken's encodings, or a file: see below")
    .option("--output <file>", "compiled table file; the name ends in .vocab")
    .addOption(jsonOption())
    .addHelpText("after", topic.vocab)
    .action((name: string, options: VocabOptions) => describeVocabulary(name, options, context));

  program.command("lookup")
    .description("apply a function to every element of an array, by lookup tables; without a name, list all")
    .argument("[function]", "name of the function")
    .option("--input <file>", "array of its operands (.npy)")
    .addOption(outputOption())
    .addOption(
      new Option("--dtype <type>", "element type of a u16 array that holds its bits").choices(["bf16"]),
    )
    .addOption(deviceOption())
    .addOption(emulateOption())
    .addOption(xclbinOption())
    .addOption(cardOption())
    .addOption(fromOption())
    .addOption(timeoutOption())
    .addOption(jsonOption())
    .addHelpText("after", topic.lookup)
    .action((name: string | undefined, options: LookupOptions, command: Command) =>
      lookUp(name, options, command, context)
    );

  program.command("sizes")
    .description("plan usual image sizes and show bytes, bounds and cycles at batches of 1, 16 and 64")
    .addOption(deviceOption("u55c"))
    .option("--markdown", "print a table for a document")
    .addOption(jsonOption())
    .addHelpText("after", topic.sizes)
    .action(async (options: SizesOptions) => {
      await printSizes(options, context);
    });

  program.command("profile")
    .description("show the skew of the levels of pictures, and the hit rates of hot entries on chip")
    .argument("[pictures...]", "pictures or arrays (default: the photographs of the checkout)")
    .addOption(numberOption("--top <levels>", "number of top levels (default: 10)", 256))
    .addOption(numberOption("--capacity <entries>", "entries that stay on chip (default: 64)", 256))
    .addOption(numberOption("--latency <cycles>", "assumed cycles of a miss (default: 64)", 1_000_000))
    .addOption(layoutOption())
    .addOption(jsonOption())
    .addHelpText("after", topic.profile)
    .action(async (pictures: string[], options: ProfileOptions) => {
      await profilePixels(pictures, options, context);
    });

  program.command("devices")
    .description("list the known devices and their numbers")
    .addOption(jsonOption())
    .addHelpText("after", topic.devices)
    .action(listDevices);
  addCacheCommands(program, context);
  addServeCommand(program, context);
  addTokenizerCommand(program, context);
  addNetworkCommands(program, context);
  addXrtCommands(program, context);
  addHelpCommand(program);
  return program;
}
