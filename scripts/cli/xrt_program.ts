/**
 * Commands for cards through XRT, and for xclbin files.
 *
 * @module
 */

import { type Command, InvalidArgumentError, Option } from "commander";
import { parseFaults } from "../../runtime/device/emulation/faults.ts";
import { emulatedXclbin } from "../../runtime/device/emulation/image.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { writeWhole } from "../io/write.ts";
import { xclbinInfo } from "./commands/xclbin_info.ts";
import { type BufferFlags, xrtPeek, xrtPoke } from "./commands/xrt_buffer.ts";
import { xrtList } from "./commands/xrt_list.ts";
import { xrtLoad } from "./commands/xrt_load.ts";
import { type RegisterFlags, xrtRegister } from "./commands/xrt_register.ts";
import { type RunFlags, xrtRun } from "./commands/xrt_run.ts";
import { type SoakFlags, xrtSoak } from "./commands/xrt_soak.ts";
import { type WatchFlags, xrtWatch } from "./commands/xrt_watch.ts";
import type { XrtFlags } from "../xrt/open.ts";
import type { Context } from "./context.ts";
import { deviceOption, integerParser, jsonOption, numberOption, timeoutOption } from "./options.ts";
import { addHelpCommand } from "./help_command.ts";
import { topics } from "./topics.ts";

/**
 * Adds the commands `xrt` and `xclbin`.
 *
 * @param program Program to extend.
 * @param context Context for the commands.
 */
export function addXrtCommands(program: Command, context: Context): void {
  const xrt = program.command("xrt").description("drive a card, or its emulation, through XRT")
    .addHelpText("after", topics(context.command).xrt);
  const add = (name: string, description: string) =>
    xrt.command(name).description(description)
      .addOption(
        new Option("--index <number>", "number of the device (default: 0)").argParser(integerParser(0, 255)),
      )
      .option("--bdf <address>", "PCIe address in place of a number, such as 0000:3b:00.1")
      .addOption(
        new Option("--emulate", "use an emulated card through XRT; requires libxrt1").conflicts("bdf"),
      )
      .addOption(timeoutOption())
      .addOption(jsonOption());

  add("list", "list the devices and the library").action((flags: XrtFlags) => xrtList(flags));

  add("load", "load an xclbin and show its contents")
    .argument("<xclbin>", "path of the xclbin")
    .action((path: string, flags: XrtFlags) => xrtLoad(path, flags, context));

  add("register", "read registers of a kernel; with a value, write the first one before")
    .argument("<xclbin>", "path of the xclbin")
    .argument("<kernel>", "kernel, or kernel:{instance}")
    .argument("<offset>", "byte offset of the register, such as 0x200")
    .argument("[value]", "value to write")
    .addOption(numberOption("--count <registers>", "registers to read (default: 1)", 16_384))
    .action((path: string, kernel: string, offset: string, value: string | undefined, flags: RegisterFlags) =>
      xrtRegister(path, kernel, offset, value, flags, context)
    );

  const memory = (command: Command) =>
    command.argument("<xclbin>", "path of the xclbin")
      .addOption(
        new Option("--group <number>", "memory group (default: 0)").argParser(integerParser(0, 65_535)),
      );

  memory(add("peek", "show the card's memory at the address of a new buffer"))
    .addOption(numberOption("--bytes <count>", "bytes of the buffer (default: 256)", 2 ** 30))
    .action((path: string, flags: BufferFlags) => xrtPeek(path, flags, context));

  memory(add("poke", "write a file into a card's memory, read it back and compare"))
    .argument("<file>", "file to write")
    .action((path: string, file: string, flags: BufferFlags) => xrtPoke(path, file, flags, context));

  add("run", "run a kernel on a file, piece by piece")
    .argument("<xclbin>", "path of the xclbin")
    .argument("<kernel>", "kernel, or kernel:{instance}")
    .requiredOption("--input <file>", "file of the input")
    .requiredOption("--output <file>", "file of the result, as long as the input")
    .option("--from <argument>", "buffer of the input (default: the first)")
    .option("--to <argument>", "buffer of the output (default: the second)")
    .option("--length <argument:bytes>", "argument for a piece's length, counted in items of <bytes> bytes")
    .option("--set <argument=value...>", "values of other arguments")
    .addOption(numberOption("--piece <bytes>", "bytes of a piece (default: 1048576)", 2 ** 30))
    .addOption(numberOption("--slots <count>", "pieces in flight at once (default: 3)", 64))
    .action((path: string, kernel: string, flags: RunFlags) => xrtRun(path, kernel, flags, context));

  add("watch", "show a kernel's counters as they run")
    .argument("<xclbin>", "path of the xclbin")
    .argument("<kernel>", "kernel, or kernel:{instance}")
    .addOption(numberOption("--interval <ms>", "time between lines (default: 1000)", 3_600_000))
    .addOption(
      numberOption("--times <lines>", "number of lines (default: until interrupted)", 1_000_000),
    )
    .action((path: string, kernel: string, flags: WatchFlags) => xrtWatch(path, kernel, flags, context));

  xrt.command("soak").description("run one photograph again and again and compare every output")
    .addOption(deviceOption().conflicts("emulate"))
    .option("--emulate", "use emulated cards through XRT; requires libxrt1")
    .addOption(
      new Option(
        "--faults <plan>",
        "faults of the emulated cards, such as random:slow+wrong+death:0.1:7 (kinds, share, seed)",
      ).argParser(faultsArgument),
    )
    .addOption(numberOption("--runs <count>", "number of runs (default: 1000)", 100_000_000))
    .addOption(timeoutOption())
    .addOption(jsonOption())
    .action((flags: SoakFlags) => xrtSoak(flags, context));

  addHelpCommand(xrt);

  const xclbin = program.command("xclbin").description("read or write an xclbin, without a card or XRT");
  xclbin.command("emulated").description("write the emulated card's xclbin, for the commands with --emulate")
    .argument("<xclbin>", "path of the xclbin; an existing file is replaced")
    .action((path: string) => writeWhole(path, [emulatedXclbin()], context.signal));
  xclbin.command("info").description("show an xclbin's kernels, arguments, memories, clocks and sections")
    .argument("<xclbin>", "path of the xclbin")
    .addOption(jsonOption())
    .action((path: string, flags: { json?: boolean }) => xclbinInfo(path, flags, context));
  addHelpCommand(xclbin);
}

/** Checks faults before any card is started, each of which would refuse them anew. */
function faultsArgument(text: string): string {
  try {
    parseFaults(text);
  } catch (error) {
    throw error instanceof OnpathError ? new InvalidArgumentError(`${error.message}.`) : error;
  }
  return text;
}
