/**
 * The command `help [command]`. Commander's own shows the general help for an unknown name, and says nothing of it.
 *
 * @module
 */

import type { Command } from "commander";
import { EXIT } from "./failures.ts";
import { suggest } from "./suggest.ts";

/**
 * Adds the command, as the last one of a program.
 *
 * @param program Program, or command with subcommands, that has all its others.
 */
export function addHelpCommand(program: Command): void {
  program.helpCommand(false).command("help")
    .description("show what a command does")
    .argument("[command]")
    .action((name: string | undefined) => {
      if (name === undefined) return program.help();
      const found = program.commands.find((each) => each.name() === name || each.aliases().includes(name));
      if (found !== undefined) return found.help();
      const known = program.commands.map((each) => each.name());
      program.error(`error: unknown command '${name}'${suggest(name, known)}`, {
        exitCode: EXIT.usage,
        code: "commander.unknownCommand",
      });
    });
}
