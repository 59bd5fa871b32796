/**
 * `plan`: prints the planner's choices for an input, and their reasons.
 *
 * @module
 */

import type { Command } from "commander";
import { compile } from "../../../kernels/compile.ts";
import type { CompileOptions } from "../../../kernels/image/plan/compile_options.ts";
import type { ImagePipeline, Pipeline } from "../../../kernels/image/pipeline.ts";
import { decodeInput, nameAxes } from "../../io/input.ts";
import { measureJpeg } from "../../io/jpeg_cost.ts";
import { pictureKind } from "../../io/picture.ts";
import { MAX_INPUT_BYTES, readBounded } from "../../io/read.ts";
import { checkFolderOf, writeWhole } from "../../io/write.ts";
import { planReport } from "../../report/report.ts";
import { planTrace } from "../../report/trace.ts";
import { type Context, print, printJson } from "../context.ts";
import { deviceText, PLANNED_DEVICE, resolveDevice } from "../devices.ts";
import { loadAnyPipeline, savePlan } from "../documents.ts";
import { EXIT } from "../failures.ts";
import { lineRateOf, lineRateRow, lineRateText } from "./plan_line_rate.ts";
import type { PlanCommandOptions } from "./plan_options.ts";
import { explainTextPlan } from "./plan_text.ts";
import {
  boundsRow,
  costRows,
  formsText,
  jpegRow,
  layoutsText,
  tablesRow,
  tablesText,
  trafficRows,
} from "../summary.ts";
import { factTable } from "../text.ts";

/**
 * Compiles a pipeline and explains the plan.
 *
 * @param path Path of the pipeline.
 * @param options Options of the command line.
 * @param command Reports wrong use.
 * @param context Provides the abort signal.
 */
export async function explainPlan(
  path: string,
  options: PlanCommandOptions,
  command: Command,
  context: Context,
): Promise<void> {
  const { signal } = context;
  const loaded = await loadAnyPipeline(path, signal);
  if (loaded.workload.name !== "image") return await explainTextPlan(loaded, options, command, context);
  for (
    const [name, flag] of [["vocab", "--vocab"], ["payload", "--payload"], ["overlap", "--overlap"]] as const
  ) {
    if (options[name] === undefined) continue;
    command.error(`error: ${flag} is for text pipelines, this one is for images`, {
      exitCode: EXIT.usage,
      code: "onpath.use",
    });
  }
  if ((options.input === undefined) === (options.shape === undefined)) {
    const message = "error: expected either --input <file> or --shape <lengths>";
    command.error(message, { exitCode: EXIT.usage, code: "onpath.use" });
  }
  const written = [options.output, options.html, options.trace].filter((file) => file !== undefined);
  for (const file of written) await checkFolderOf(file);
  const pipeline = loaded.pipeline as Pipeline;
  const file = options.input === undefined
    ? undefined
    : await readBounded(options.input, { maxBytes: MAX_INPUT_BYTES, signal });
  const input: CompileOptions["input"] = file === undefined
    ? { dtype: "u8", ...nameAxes(options.shape!, options.layout, "--shape") }
    : await decodeInput(file, options.input!, { layout: options.layout, signal });
  const device = await resolveDevice(options.device ?? PLANNED_DEVICE, signal);
  const { tolerance, form, packetLayout: layout } = options;
  const plan = compile(pipeline, { input, device, checksum: options.checksum, tolerance, form, layout });
  if (options.output !== undefined) await savePlan(options.output, plan, signal);
  const save = (file: string, text: string) => writeWhole(file, [new TextEncoder().encode(text)], signal);
  if (options.html !== undefined) await save(options.html, planReport(plan));
  if (options.trace !== undefined) await save(options.trace, JSON.stringify(planTrace(plan)));
  const jpeg = file !== undefined && pictureKind(file) === "jpeg"
    ? await measureJpeg(file, plan, signal)
    : undefined;
  const lineRate = options.lineRate === undefined
    ? undefined
    : lineRateOf(pipeline as ImagePipeline, options.device, {
      input,
      gbps: options.lineRate,
      checksum: options.checksum,
      tolerance,
      form,
    });
  if (options.json) {
    const measured = {
      ...(jpeg === undefined ? {} : { jpeg }),
      ...(lineRate === undefined ? {} : { lineRate }),
    };
    return printJson({ ...plan, ...measured });
  }
  const { cut, payload, checksum } = plan.body.layout;
  print(factTable([
    ["plan", String(plan.id)],
    ["device", deviceText(plan.target)],
    ...trafficRows(plan),
    ...(jpeg === undefined ? [] : [jpegRow(jpeg)]),
    ["packets", `${cut.itemsPerPacket} samples each, payload at most ${payload} bytes, checksum ${checksum}`],
    tablesRow(plan),
    ...costRows(plan),
    boundsRow(plan),
    ...(lineRate === undefined ? [] : [lineRateRow(lineRate)]),
    ...(written.length === 0 ? [] : [["written", written] as const]),
  ]));
  print("\n" + layoutsText(plan));
  if (plan.body.forms.length > 0) print("\n" + formsText(plan));
  if (plan.body.tables.length > 0) print("\n" + tablesText(plan));
  if (lineRate !== undefined) print("\n" + lineRateText(lineRate));
}
