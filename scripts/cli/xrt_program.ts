/**
 * The commands on cards through XRT, and on their files.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { emulatedXclbin } from "../../runtime/device/emulation/image.ts";
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
import { deviceOption, jsonOption, numberOption, timeoutOption, wholeNumber } from "./options.ts";
import { topics } from "./topics.ts";

/**
 * Adds the commands `xrt` and `xclbin`.
 *
 * @param program The program.
 * @param context What its commands are given.
 */
export function addXrtCommands(program: Command, context: Context): void {
  const xrt = program.command("xrt").description("drive a card, or its emulation, through XRT")
    .helpCommand("help [command]", "show what a command does")
    .addHelpText("after", topics(context.command).xrt);
  const add = (name: string, description: string) =>
    xrt.command(name).description(description)
      .addOption(
        new Option("--index <number>", "the device's number (default: 0)").argParser(wholeNumber(0, 255)),
      )
      .option("--bdf <address>", "its PCIe address in place of a number, such as 0000:3b:00.1")
      .addOption(
        new Option("--emulate", "an emulated card, through XRT all the same; wants libxrt1").conflicts("bdf"),
      )
      .addOption(timeoutOption())
      .addOption(jsonOption());

  add("list", "list the devices and the library").action((flags: XrtFlags) => xrtList(flags));

  add("load", "load an xclbin and show what it holds")
    .argument("<xclbin>", "the file")
    .action((path: string, flags: XrtFlags) => xrtLoad(path, flags, context));

  add("register", "read registers of a kernel, after writing one where a value is given")
    .argument("<xclbin>", "the file")
    .argument("<kernel>", "the kernel, or kernel:{instance}")
    .argument("<offset>", "the register's place, such as 0x200")
    .argument("[value]", "what to write there")
    .addOption(numberOption("--count <registers>", "how many to read (default: 1)", 16_384))
    .action((path: string, kernel: string, offset: string, value: string | undefined, flags: RegisterFlags) =>
      xrtRegister(path, kernel, offset, value, flags, context)
    );

  const memory = (command: Command) =>
    command.argument("<xclbin>", "the file")
      .addOption(
        new Option("--group <number>", "the memory group (default: 0)").argParser(wholeNumber(0, 65_535)),
      );

  memory(add("peek", "show what stands in a card's memory where XRT puts a new buffer"))
    .addOption(numberOption("--bytes <count>", "bytes of the buffer (default: 256)", 2 ** 30))
    .action((path: string, flags: BufferFlags) => xrtPeek(path, flags, context));

  memory(add("poke", "write a file into a card's memory, read it back and compare"))
    .argument("<file>", "what to write")
    .action((path: string, file: string, flags: BufferFlags) => xrtPoke(path, file, flags, context));

  add("run", "run a kernel on a file, piece by piece")
    .argument("<xclbin>", "the file")
    .argument("<kernel>", "the kernel, or kernel:{instance}")
    .requiredOption("--input <file>", "what goes in")
    .requiredOption("--output <file>", "where the result goes, as long as the input")
    .option("--from <argument>", "the buffer that takes the input (default: the first)")
    .option("--to <argument>", "the buffer that gives the output (default: the second)")
    .option("--length <argument:bytes>", "the argument that is told a piece's length, in items of some bytes")
    .option("--set <argument=value...>", "values of other arguments")
    .addOption(numberOption("--piece <bytes>", "bytes of a piece (default: 1048576)", 2 ** 30))
    .addOption(numberOption("--slots <count>", "pieces in flight at once (default: 3)", 64))
    .action((path: string, kernel: string, flags: RunFlags) => xrtRun(path, kernel, flags, context));

  add("watch", "show a kernel's counters as they run")
    .argument("<xclbin>", "the file")
    .argument("<kernel>", "the kernel, or kernel:{instance}")
    .addOption(numberOption("--interval <ms>", "time between lines (default: 1000)", 3_600_000))
    .addOption(
      numberOption("--times <lines>", "lines until it ends (default: until it is interrupted)", 1_000_000),
    )
    .action((path: string, kernel: string, flags: WatchFlags) => xrtWatch(path, kernel, flags, context));

  xrt.command("soak").description("run one photograph again and again and compare every output")
    .addOption(deviceOption().conflicts("emulate"))
    .option("--emulate", "on emulated cards, through XRT; wants libxrt1")
    .option(
      "--faults <plan>",
      "what goes wrong there, such as random:slow+wrong+death:0.1:7 (kinds, share, seed)",
    )
    .addOption(numberOption("--runs <count>", "how often (default: 1000)", 100_000_000))
    .addOption(timeoutOption())
    .addOption(jsonOption())
    .action((flags: SoakFlags) => xrtSoak(flags, context));

  const xclbin = program.command("xclbin").description("look into an xclbin; no card and no XRT is needed")
    .helpCommand("help [command]", "show what a command does");
  xclbin.command("emulated").description("write the emulated card's xclbin, for the commands with --emulate")
    .argument("<xclbin>", "the file; an older one is replaced")
    .action((path: string) => writeWhole(path, [emulatedXclbin()], context.signal));
  xclbin.command("info").description("show an xclbin's kernels, arguments, memories, clocks and sections")
    .argument("<xclbin>", "the file")
    .addOption(jsonOption())
    .action((path: string, flags: { json?: boolean }) => xclbinInfo(path, flags, context));
}
