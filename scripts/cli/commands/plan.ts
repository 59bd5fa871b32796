/**
 * `plan`: what was chosen for an input, and why.
 *
 * @module
 */

import type { Command } from "commander";
import { type Checksum, compile, type CompileOptions } from "../../../mod.ts";
import { nameAxes, readInput } from "../../io/input.ts";
import { checkFolderOf } from "../../io/write.ts";
import { type Context, print, printJson } from "../context.ts";
import { DEFAULT_DEVICE, findDevice } from "../devices.ts";
import { loadPipeline, savePlan } from "../documents.ts";
import { EXIT } from "../failures.ts";
import type { SharedOptions } from "../options.ts";
import { boundsRow, tablesRow, tablesText, trafficRows } from "../summary.ts";
import { factTable } from "../text.ts";

/** What a plan is asked for. */
export interface PlanCommandOptions extends SharedOptions {
  /** A file with an input. */
  readonly input?: string | undefined;
  /** The shape of an input. */
  readonly shape?: readonly number[] | undefined;
  /** Where the plan goes. */
  readonly output?: string | undefined;
  /** Whether packets carry a CRC-32C. */
  readonly checksum?: Checksum | undefined;
}

/**
 * Compiles a pipeline and explains the plan.
 *
 * @param path The pipeline's file.
 * @param options The options.
 * @param command The command, which reports what is wrong with its use.
 * @param context What the process gives.
 */
export async function explainPlan(
  path: string,
  options: PlanCommandOptions,
  command: Command,
  context: Context,
): Promise<void> {
  const { signal } = context;
  if ((options.input === undefined) === (options.shape === undefined)) {
    const message = "error: expected either --input <file> or --shape <lengths>";
    command.error(message, { exitCode: EXIT.usage, code: "onpath.use" });
  }
  if (options.output !== undefined) await checkFolderOf(options.output);
  const pipeline = await loadPipeline(path, signal);
  const input: CompileOptions["input"] = options.shape === undefined
    ? await readInput(options.input!, { layout: options.layout, signal })
    : { dtype: "u8", ...nameAxes(options.shape, options.layout, "--shape") };
  const device = findDevice(options.device ?? DEFAULT_DEVICE);
  const plan = compile(pipeline, { input, device, checksum: options.checksum });
  if (options.output !== undefined) await savePlan(options.output, plan, signal);
  if (options.json) return printJson(plan);
  const { cut, payload, checksum } = plan.layout;
  print(factTable([
    ["plan", `${plan.id.toString(16).padStart(8, "0")}, for device ${plan.device.name}`],
    ...trafficRows(plan),
    ["packets", `${cut.itemsPerPacket} samples each, payload at most ${payload} bytes, checksum ${checksum}`],
    tablesRow(plan),
    boundsRow(plan),
    ...(options.output === undefined ? [] : [["written", options.output] as const]),
  ]));
  if (plan.tables.length > 0) print("\n" + tablesText(plan));
}
