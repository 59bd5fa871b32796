/**
 * Options that several commands share, and the parsing of their values.
 *
 * @module
 */

import { type Command, InvalidArgumentError, Option } from "commander";
import { type Address, parseAddress } from "../../runtime/network/address.ts";
import type { Checksum } from "../../serialize/packets.ts";
import { FORMS } from "../../kernels/image/kernel.ts";
import { type Layout, LAYOUTS } from "../../serialize/tensor.ts";
import { LAYOUT_NAMES } from "../../kernels/target/profile.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { OUTPUT_FORMATS, outputFormat } from "../io/output.ts";
import { DEFAULT_DEVICE, findDevice, isProfileFile } from "./devices.ts";
import { EXIT } from "./failures.ts";
import { DEFAULT_CYCLES, DEFAULT_RANGE, type WaveformOptions, type WaveRange } from "./waveform.ts";

/**
 * `--device NAME` or `--device FILE.json`; the command applies the default.
 *
 * @param byDefault Default device, for the help text.
 */
export function deviceOption(byDefault: string = DEFAULT_DEVICE): Option {
  return new Option(
    "--device <name>",
    `device that computes, or file with its profile, .json (default: ${byDefault})`,
  )
    .argParser((name: string) => {
      try {
        return isProfileFile(name) ? name : findDevice(name).profile.name;
      } catch (error) {
        throw error instanceof OnpathError ? new InvalidArgumentError(error.message) : error;
      }
    });
}

/** `--emulate`: the device xrt without a card. */
export function emulateOption(): Option {
  return new Option(
    "--emulate",
    "device xrt on an emulated card, through AMD's own library; requires libxrt1",
  )
    .conflicts("xclbin");
}

/** `--xclbin`: the device xrt on a card. */
export function xclbinOption(): Option {
  return new Option("--xclbin <file>", "device xrt on the first card, with this file loaded");
}

/** Option whose value is an address, or `-` where standard input may have it. */
export function addressOption(flags: string, description: string, orInput = false): Option {
  return new Option(flags, orInput ? `${description}, or - for the next line of stdin` : description)
    .argParser((text: string): Address | "-" => {
      if (orInput && text === "-") return text;
      try {
        return parseAddress(text);
      } catch (error) {
        if (!(error instanceof OnpathError)) throw error;
        throw new InvalidArgumentError(
          "Expected an IP address and a port, such as 192.0.2.1:4790 or [2001:db8::1]:4790.",
        );
      }
    });
}

/** `--card`: the device udp. */
export function cardOption(): Option {
  return addressOption(
    "--card <address>",
    "device udp: UDP address of a card in network mode, such as 192.168.0.5:60000; with --xclbin and --from",
  ).conflicts("emulate");
}

/** `--from`: this machine's end of a card in network mode. */
export function fromOption(): Option {
  return addressOption(
    "--from <address>",
    "address of this machine on the card's link, such as 192.168.0.9:0; 0 is any free port",
  ).conflicts("emulate");
}

/** `--json`, for results and errors. */
export function jsonOption(): Option {
  return new Option("--json", "print JSON on stdout; errors are JSON on stderr");
}

/** `--layout`, for arrays. */
export function layoutOption(): Option {
  return new Option("--layout <axes>", "order of an array's axes (default: by their number, see below)")
    .choices(LAYOUTS);
}

/** `--checksum`: `crc32c` or `link`. */
export function checksumOption(): Option {
  return new Option("--checksum <kind>", "crc32c: in every packet; link: only the link's own check")
    .choices(["crc32c", "link"] satisfies Checksum[]);
}

/** `--tolerance`, 0 to 255 levels. */
export function toleranceOption(): Option {
  return new Option("--tolerance <levels>", "extra difference of the tables to the match (default: 0)")
    .argParser(integerParser(0, 255));
}

/** `--form` of the tables. */
export function formOption(): Option {
  return new Option("--form <name>", "form of the tables (default: the smallest that fits)").choices(
    FORMS,
  );
}

/** `--packet-layout`; `--layout` names the axes of an array. */
export function packetLayoutOption(): Option {
  return new Option("--packet-layout <name>", "layout of the packets (default: the fastest)")
    .choices(LAYOUT_NAMES);
}

/** `--timeout`, in milliseconds. */
export function timeoutOption(): Option {
  return new Option("--timeout <ms>", "maximum wait for one answer of the device (default: 30000)")
    .argParser(integerParser(1, 2 ** 31 - 1));
}

/** `--vcd`: file of a waveform. */
export function vcdOption(): Option {
  return new Option("--vcd <file>", "write a waveform of the RTL's signals; the name ends in .vcd")
    .argParser((path: string) => {
      if (!path.toLowerCase().endsWith(".vcd")) {
        throw new InvalidArgumentError("Expected a name that ends in .vcd.");
      }
      return path;
    });
}

/** `--vcd-packets`: range of packets in the waveform. */
export function vcdPacketsOption(): Option {
  const { first, end } = DEFAULT_RANGE;
  return new Option(
    "--vcd-packets <first:end>",
    `packets of the waveform, counted from 0; <end> is excluded (default: ${first}:${end})`,
  )
    .argParser(parseRange);
}

/** `--vcd-cycles`: range of an emulated card's cycles in the waveform. */
export function vcdCyclesOption(): Option {
  const { first, end } = DEFAULT_CYCLES;
  return new Option(
    "--vcd-cycles <first:end>",
    `cycles of an emulated card's waveform, from its reset; <end> is excluded (default: ${first}:${end})`,
  )
    .argParser(parseRange);
}

function parseRange(text: string): WaveRange {
  const [first, end] = /^(\d{1,9}):(\d{1,9})$/.exec(text)?.slice(1).map(Number) ?? [0, 0];
  if (first! >= end!) {
    throw new InvalidArgumentError("Expected two whole numbers, the second one greater, such as 0:4.");
  }
  return { first: first!, end: end! };
}

/** Option whose value is an integer from 1 to `max`. */
export function numberOption(flags: string, description: string, max: number): Option {
  return new Option(flags, description).argParser(integerParser(1, max));
}

/** `--output` of a run; the extension decides the format. */
export function outputOption(): Option {
  const endings = OUTPUT_FORMATS.map((format) => `.${format}`).join(", ");
  return new Option("--output <file>", `file of the result; the name ends in ${endings}`)
    .argParser((path: string) => {
      if (outputFormat(path) === undefined) {
        throw new InvalidArgumentError(`Expected a name that ends in ${endings}.`);
      }
      return path;
    });
}

/** Option whose value is the path of a plan file. */
export function planFileOption(flag: string, description: string): Option {
  return new Option(`${flag} <file>`, description).argParser((path: string) => {
    if (!path.toLowerCase().endsWith(".plan")) {
      throw new InvalidArgumentError("Expected a name that ends in .plan.");
    }
    return path;
  });
}

/** `--shape`: two to four lengths. */
export function shapeOption(): Option {
  return new Option("--shape <lengths>", "shape of the input, such as 720,1280,3 or 8,720,1280,3")
    .argParser((text: string) => {
      if (!/^\d{1,9}(,\d{1,9}){1,3}$/.test(text)) {
        throw new InvalidArgumentError("Expected two to four whole numbers, such as 720,1280,3.");
      }
      return text.split(",").map(Number);
    });
}

/** Rejects ranges of a waveform without `--vcd`, and the range of the other kind of waveform. */
export function checkWaveform(options: WaveformOptions, command: Command): void {
  const { vcd, vcdPackets, vcdCycles, emulate = false } = options;
  const wrong = vcdPackets !== undefined && emulate
    ? "--vcd-packets is for the device rtl, and --emulate has --vcd-cycles"
    : vcdCycles !== undefined && !emulate
    ? "--vcd-cycles requires --emulate"
    : vcd === undefined && (vcdPackets ?? vcdCycles) !== undefined
    ? `${vcdPackets === undefined ? "--vcd-cycles" : "--vcd-packets"} requires --vcd <file>`
    : undefined;
  if (wrong === undefined) return;
  command.error(`error: ${wrong}`, { exitCode: EXIT.usage, code: "onpath.use" });
}

/** Values of the shared options, as commands receive them. */
export interface SharedOptions {
  /** `--device` */
  readonly device?: string | undefined;
  /** `--emulate` */
  readonly emulate?: boolean | undefined;
  /** `--xclbin` */
  readonly xclbin?: string | undefined;
  /** `--card` */
  readonly card?: Address | undefined;
  /** `--from` */
  readonly from?: Address | undefined;
  /** `--json` */
  readonly json?: boolean | undefined;
  /** `--layout` */
  readonly layout?: Layout | undefined;
}

/**
 * Creates a parser of integers for option values.
 *
 * @param min Minimum value, inclusive.
 * @param max Maximum value, inclusive.
 */
export function integerParser(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max)) {
      throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}
