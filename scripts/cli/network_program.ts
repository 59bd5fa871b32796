/**
 * Commands `nic` and `network`: programs on the path between two hosts.
 *
 * @module
 */

import { type Command, InvalidArgumentError, Option } from "commander";
import type { Address } from "../../runtime/network/address.ts";
import { SAMPLE_NAMES, type SampleName } from "../network/samples.ts";
import { closeInput } from "../network/stdin.ts";
import { showNetwork } from "./commands/network.ts";
import type {
  NetworkOptions,
  NicCommandOptions,
  ReceiveOptions,
  SendCommandOptions,
} from "./commands/network_options.ts";
import { receiveInputs } from "./commands/network_receive.ts";
import { sendInputs } from "./commands/network_send.ts";
import { serveNic } from "./commands/nic.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./failures.ts";
import {
  addressOption,
  deviceOption,
  emulateOption,
  integerParser,
  jsonOption,
  numberOption,
  xclbinOption,
} from "./options.ts";
import { suggest } from "./suggest.ts";
import { topics } from "./topics.ts";

/** Maximum of milliseconds that a wait may take. */
const MAX_MS = 2 ** 31 - 1;

/**
 * Adds the commands.
 *
 * @param program Program to extend.
 * @param context Context for the commands.
 */
export function addNetworkCommands(program: Command, context: Context): void {
  const topic = topics(context.command);
  const free: Address = { host: "127.0.0.1", port: 0 };
  const nic = program.command("nic")
    .description("run a soft NIC: packets arrive, a device computes, the answers go on")
    .addOption(
      addressOption("--listen <address>", "address of the packets (default: a free port of 127.0.0.1)"),
    )
    .addOption(
      addressOption(
        "--control <address>",
        "address of the control channel (default: a free port of 127.0.0.1)",
      ),
    )
    .addOption(deviceOption("that of each plan"))
    .addOption(emulateOption())
    .addOption(xclbinOption())
    .addOption(
      addressOption("--pass-to <address>", "address for datagrams that are no packets (default: dropped)"),
    )
    .addOption(vocabOption())
    .addOption(
      numberOption("--max-programs <count>", "plans at once, each with a device (default: 16)", 1024),
    )
    .addOption(numberOption("--max-flows <count>", "flows at once (default: 4096)", 2 ** 20))
    .addOption(
      numberOption("--max-connections <count>", "control connections at once (default: 64)", 65_536),
    )
    .addOption(
      numberOption("--max-packets <count>", "packets of one host a second (default: no limit)", 10 ** 9),
    );
  addPathOptions(nic)
    .addHelpText("after", topic.nic)
    .action((options: NicCommandOptions) =>
      serveNic({ ...options, listen: options.listen ?? free, control: options.control ?? free }, context)
        .finally(closeInput)
    );

  const network = program.command("network")
    // Options behind the name of a subcommand are the subcommand's.
    .enablePositionalOptions()
    .description("send samples through a NIC on three hosts, and compare; or run one of the ends")
    .usage("[options]")
    .argument("[mistyped...]")
    .addOption(samplesOption().default([...SAMPLE_NAMES], "all"))
    .addOption(numberOption("--inputs <count>", "times that each sample is sent", 1_000_000).default(1))
    .addOption(numberOption("--at-once <count>", "inputs at once", 64).default(4))
    .addOption(numberOption("--rate <Mbit/s>", "maximum rate of the sender (default: no limit)", 1_000_000))
    .option("--restart-nic", "kill the NIC in the middle, and start it again")
    .option("--loopback", "use loopback, although namespaces could be made")
    .option("--ipv6", "use IPv6")
    .option(
      "--authenticate",
      "authenticate every packet and report, on loopback, where keys cross no network in the clear",
    )
    .addOption(deviceOption("model"));
  addFaultOptions(network)
    .addOption(inputTimeoutOption())
    .addOption(jsonOption())
    .addHelpText("after", topic.network)
    .action(async ([mistyped]: string[], options: NetworkOptions, command: Command) => {
      if (mistyped !== undefined) {
        const known = command.commands.map((each) => each.name());
        const message = `error: unknown command '${mistyped}'${suggest(mistyped, known)}`;
        command.error(message, { exitCode: EXIT.usage, code: "commander.unknownCommand" });
      }
      await showNetwork(options, context);
    });

  const receive = network.command("receive")
    .description("take results from a NIC, and print their digests or write them");
  addEndOptions(receive)
    .addOption(
      addressOption("--control <address>", "address for senders (default: a free port of 127.0.0.1)"),
    )
    .option("--output <folder>", "folder for the results, .safetensors")
    .addOption(numberOption("--max-inputs <count>", "inputs at once (default: 64)", 4096));
  addPathOptions(addFaultOptions(receive))
    .addHelpText("after", topic.networkReceive)
    .action((options: ReceiveOptions, command: Command) =>
      receiveInputs({ ...options, control: options.control ?? free }, command, context).finally(closeInput)
    );

  const send = network.command("send")
    .description("send files through a NIC to a receiver")
    .argument("[files...]", "inputs of the plan");
  addEndOptions(send)
    .addOption(addressOption("--receiver <address>", "control address of the receiver", true))
    .addOption(numberOption("--repeat <count>", "times that each input is sent", 1_000_000).default(1))
    .addOption(numberOption("--at-once <count>", "inputs at once", 64).default(4))
    .addOption(numberOption("--rate <Mbit/s>", "maximum rate (default: no limit)", 1_000_000))
    .option("--compare", "compute each result here too, and print its digest")
    .addOption(inputTimeoutOption());
  addPathOptions(addFaultOptions(send))
    .addHelpText("after", topic.networkSend)
    .action((files: string[], options: SendCommandOptions, command: Command) =>
      sendInputs(files, options, command, context).finally(closeInput)
    );
}

/** Options of all programs with packets. */
function addPathOptions(command: Command): Command {
  return command
    .option("--tls-cert <file>", "TLS of control channels: certificate chain of this program, PEM")
    .option("--tls-key <file>", "private key of the certificate, PEM")
    .option("--tls-ca <file>", "authorities of the other certificates, PEM (default: those of the runtime)")
    .option("--tls-mutual", "refuse those who connect without a certificate")
    .option("--tls-name <name>", "name in the other certificate (default: its address)")
    .option("--token-file <file>", "file with a secret that all programs of the path present")
    .option("--authenticate", "authenticate every packet and report; all programs of the path do, or none")
    .option("--jumbo", "take packets of up to 8256 bytes, for links with jumbo frames")
    .addOption(numberOption("--interval <ms>", "time between two lines of counts", 3_600_000).default(1000))
    .option("--until-eof", "also end when standard input ends, so with the program that started this one")
    .addOption(
      new Option("--json", "print events on stdout, a line of JSON each; errors are JSON on stderr"),
    );
}

/** Options of both ends of a path. */
function addEndOptions(command: Command): Command {
  return command
    .addOption(addressOption("--nic <address>", "control address of the NIC", true))
    .addOption(
      addressOption("--listen <address>", "address of the packets (default: the one that faces the NIC)"),
    )
    .addOption(listOption("--plan <file>", "file of a plan that plan --output wrote; may be repeated"))
    .addOption(samplesOption())
    .addOption(deviceOption("model"))
    .addOption(vocabOption())
    .addOption(
      new Option("--wait <ms>", "time in which the other hosts must appear")
        .argParser(integerParser(0, MAX_MS)).default(10_000),
    );
}

/** Options of faults on purpose. */
function addFaultOptions(command: Command): Command {
  return command
    .addOption(shareOption("--loss <share>", "share of datagrams that are lost, 0 to 1"))
    .addOption(shareOption("--duplicate <share>", "share of datagrams that are sent twice"))
    .addOption(shareOption("--reorder <share>", "share of datagrams that up to 8 others overtake"))
    .addOption(shareOption("--corrupt <share>", "share of datagrams in which a bit is changed"))
    .addOption(
      new Option("--delay <ms>", "delay of every datagram").argParser(integerParser(0, 60_000)),
    )
    .addOption(
      new Option("--seed <number>", "seed of the faults").argParser(integerParser(0, 2 ** 32 - 3)).default(1),
    );
}

function inputTimeoutOption(): Option {
  return numberOption("--timeout <ms>", "maximum time of an input (default: 30000)", MAX_MS);
}

function vocabOption(): Option {
  return listOption("--vocab <name>", "vocabulary of text plans, by name or file; may be repeated")
    .default([], "tiktoken's, by the plan");
}

/** Option that may be repeated. */
function listOption(flags: string, description: string): Option {
  return new Option(flags, description)
    .argParser((value: string, before: readonly string[] = []) => [...before, value]);
}

function samplesOption(): Option {
  return new Option("--samples [names]", `samples, separated by commas: ${SAMPLE_NAMES.join(", ")}`)
    .preset(SAMPLE_NAMES.join(","))
    .argParser((text: string): SampleName[] => {
      const names = text.split(",");
      const unknown = names.find((name) => !SAMPLE_NAMES.some((known) => known === name));
      if (unknown === undefined && new Set(names).size === names.length) return names as SampleName[];
      const hint = unknown === undefined ? "" : suggest(unknown, SAMPLE_NAMES);
      throw new InvalidArgumentError(`Expected different names of ${SAMPLE_NAMES.join(", ")}${hint}.`);
    });
}

function shareOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text: string) => {
    const share = /^\d*\.?\d+(e-\d+)?$/.test(text) ? Number(text) : NaN;
    if (share >= 0 && share <= 1) return share;
    throw new InvalidArgumentError("Expected a number from 0 to 1, such as 0.01.");
  });
}
