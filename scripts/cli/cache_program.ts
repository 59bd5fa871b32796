/**
 * Commands for KV caches.
 *
 * @module
 */

import { type Command, InvalidArgumentError, Option } from "commander";
import { CACHE_PARTS, cacheLayout } from "../../kernels/quantize/layout.ts";
import { SATURATION_WARNING } from "../../kernels/quantize/report.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { isTensorName, LAYER_MARK, MAX_LAYERS } from "../quantize/cache.ts";
import { METHOD_NAMES } from "../quantize/methods.ts";
import { dequantizeFile, type DequantizeOptions } from "./commands/dequantize.ts";
import { quantizeFile } from "./commands/quantize.ts";
import type { QuantizeOptions } from "./commands/quantize_options.ts";
import type { Context } from "./context.ts";
import { isProfileFile, PLANNED_DEVICE } from "./devices.ts";
import {
  cardOption,
  deviceOption,
  emulateOption,
  fromOption,
  integerParser,
  jsonOption,
  numberOption,
  timeoutOption,
  xclbinOption,
} from "./options.ts";
import { suggest } from "./suggest.ts";
import { topics } from "./topics.ts";

/** Maximum synthetic queries of a head. */
const MAX_QUERIES = 4096;

/**
 * Adds the commands `quantize` and `dequantize`.
 *
 * @param program Program to extend.
 * @param context Context for the commands.
 */
export function addCacheCommands(program: Command, context: Context): void {
  const topic = topics(context.command);
  program.command("quantize")
    .description("take a KV cache to fewer bits and back, and report what each head loses")
    .argument("[cache]", "file of the cache, .safetensors")
    .addOption(
      methodOption("--method <name>", "method of K and V, or file of a pipeline, .json").default("fp8"),
    )
    .addOption(
      methodOption("--values-method <name>", "method of V, or of MLA's rotary channels (default: --method)"),
    )
    .addOption(new Option("--scale <kind>", "scales of fp8, fp6, fp4").choices(["one", "block", "channel"]))
    .addOption(numberOption("--group <values>", "values in a group of integers", 256))
    .addOption(
      new Option("--stored <type>", "type of scales, minima and norms").choices(["bf16", "f16", "f32"]),
    )
    .addOption(fileOption("--output <file>", "file of the quantized cache", ".safetensors"))
    .addOption(
      new Option("--layout <name>", "order of the axes in memory, as vLLM names it").default("LBHNC")
        .argParser(
          (name: string) => parsed(() => cacheLayout(name)),
        ),
    )
    .addOption(
      new Option("--content <kind>", "K and V in two tensors, in one row, or MLA's row").default("separate")
        .choices(Object.keys(CACHE_PARTS)),
    )
    .addOption(
      nameOption("--keys <name>", `tensor of K, or of both; ${LAYER_MARK} is a number (default: k, kv)`),
    )
    .addOption(nameOption("--values <name>", "tensor of V (default: v)"))
    .addOption(
      new Option("--synthetic [sizes]", "made-up cache in place of a file: layers,heads,tokens,channels")
        .preset("4,4,512,128").argParser(parseSizes),
    )
    .addOption(new Option("--dtype <type>", "elements of a synthetic cache").choices(["bf16", "f16", "f32"]))
    .addOption(
      new Option("--seed <number>", "seed of synthetic caches and queries").default(1).argParser(
        integerParser(0, 2 ** 31 - 1),
      ),
    )
    .addOption(fileOption("--queries <file>", "file with queries, tensor q", ".safetensors"))
    .addOption(
      numberOption("--query-count <number>", "synthetic queries of each head", MAX_QUERIES).default(16),
    )
    .addOption(
      new Option("--max-saturated <share>", "share of a head's values that may saturate without a warning")
        .default(SATURATION_WARNING, "0.1%").argParser(parseShare),
    )
    .addOption(fileOption("--report <file>", "page with heat maps of layers and heads", ".html"))
    .addOption(
      new Option("--heads <number>", "rows of the worst heads").default(8).argParser(integerParser(0, 1e5)),
    )
    .addOption(deviceOption(PLANNED_DEVICE))
    .addOption(emulateOption())
    .addOption(xclbinOption())
    .addOption(cardOption())
    .addOption(fromOption())
    .addOption(timeoutOption())
    .addOption(jsonOption())
    .addHelpText("after", topic.quantize)
    .action((input: string | undefined, options: QuantizeOptions, command: Command) =>
      quantizeFile(input, options, command, context)
    );

  program.command("dequantize")
    .description("take a quantized KV cache back to its tensors")
    .argument("<cache>", "file that quantize wrote, .safetensors")
    .addOption(fileOption("--output <file>", "file of the tensors", ".safetensors").makeOptionMandatory())
    .addOption(deviceOption(PLANNED_DEVICE))
    .addOption(emulateOption())
    .addOption(xclbinOption())
    .addOption(cardOption())
    .addOption(fromOption())
    .addOption(timeoutOption())
    .addOption(jsonOption())
    .addHelpText("after", topic.dequantize)
    .action((input: string, options: DequantizeOptions) => dequantizeFile(input, options, context));
}

function fileOption(flags: string, description: string, ending: string): Option {
  return new Option(flags, `${description}; the name ends in ${ending}`).argParser((path: string) => {
    if (!path.toLowerCase().endsWith(ending)) {
      throw new InvalidArgumentError(`Expected a name that ends in ${ending}.`);
    }
    return path;
  });
}

function methodOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((name: string) => {
    if (!isProfileFile(name) && !METHOD_NAMES.includes(name)) {
      throw new InvalidArgumentError(
        `Expected a file .json or one of ${METHOD_NAMES.join(", ")}${suggest(name, METHOD_NAMES)}.`,
      );
    }
    return name;
  });
}

function nameOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((name: string) => {
    if (!isTensorName(name)) {
      throw new InvalidArgumentError(`Expected 1 to 200 characters with ${LAYER_MARK} at most once.`);
    }
    return name;
  });
}

function parseSizes(text: string): number[] {
  if (!/^\d{1,7}(,\d{1,7}){3}$/.test(text)) {
    throw new InvalidArgumentError("Expected four whole numbers, such as 4,4,512,128.");
  }
  const sizes = text.split(",").map(Number);
  if (sizes[0]! > MAX_LAYERS) throw new InvalidArgumentError(`Expected at most ${MAX_LAYERS} layers.`);
  return sizes;
}

function parseShare(text: string): number {
  const [, digits, sign] = /^(\d{1,3}(?:\.\d{1,9})?)(%?)$/.exec(text) ?? [];
  const share = digits === undefined ? NaN : Number(digits) / (sign === "%" ? 100 : 1);
  if (!(share <= 1)) throw new InvalidArgumentError("Expected a share from 0 to 1, or 0% to 100%.");
  return share;
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof OnpathError ? new InvalidArgumentError(error.message) : error;
  }
}
