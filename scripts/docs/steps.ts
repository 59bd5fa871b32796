/**
 * `deno task docs:steps`: writes docs/steps.md from the schemas of all steps; `--check` compares it.
 *
 * @module
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { z } from "zod";
import { STEP_SPECS } from "../../kernels/image/kernels.ts";
import { lookupSpec } from "../../kernels/lookup/spec.ts";
import { dequantizeSpec, quantizeSpec } from "../../kernels/quantize/spec.ts";
import { textStepSpec } from "../../kernels/text_normalize/spec.ts";
import { normalizeTextSpec, tokenizeSpec } from "../../kernels/tokenize/plan/spec.ts";
import { markdownTable } from "../io/markdown.ts";
import { readStepComments, type StepComment } from "./step_comments.ts";
import { STEP_EXAMPLES } from "./step_examples.ts";

/** Columns of a line, as in the settings of `deno fmt`. */
const LINE_WIDTH = 110;

const PAGE = new URL("../../docs/steps.md", import.meta.url);

const KERNELS = new URL("../../kernels/", import.meta.url);

/** Lists the sources with the types of steps: every `spec.ts`, and the text steps of vocabularies. */
function sources(): URL[] {
  const specs = readdirSync(KERNELS, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith("spec.ts")
  );
  return [...specs.sort(), "tokenize/text_step.ts"].map((path) => new URL(path, KERNELS));
}

/** The part of zod's JSON Schema in use. */
interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly prefixItems?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

/** Section of the page: the steps of one workload. */
export interface StepSection {
  /** Name of the workload. */
  readonly workload: string;
  /** Text on how to run the examples. */
  readonly about: string;
  /** Zod schemas that check the steps. */
  readonly schemas: readonly unknown[];
}

/** All sections of the page, one for each workload. */
export const STEP_SECTIONS: readonly StepSection[] = [
  {
    workload: "image",
    about: "Save an example as `pipeline.json` and run\n" +
      "`deno task offload run pipeline.json --input scripts/photos/rocket.jpg --output out.npy`. At most one step\n" +
      "samples (`resize`, `letterbox`, `rotate`, `affine`, `perspective`). `to_rgb` comes first, `normalize` last.",
    schemas: Object.values(STEP_SPECS),
  },
  {
    workload: "tokenize",
    about: "Steps `normalize_text`, then one `tokenize`: `compile(pipeline, { vocabulary, device })`.",
    schemas: [tokenizeSpec],
  },
  {
    workload: "text_normalize",
    about:
      "Steps `normalize_text` alone: `compile(pipeline, { device })`. The steps below it go into its list `steps`,\n" +
      "and `deno task offload normalize --steps nfkc,lower_case` runs those without fields.",
    schemas: [normalizeTextSpec, textStepSpec],
  },
  {
    workload: "lookup",
    about:
      "One step, which names a memo: `compile(pipeline, { memo, input, device })`. [memoize.md](memoize.md) makes\n" +
      'memos; the example\'s is `memoize((x) => 255 - x, { input: "u8", output: "u8" })`.',
    schemas: [lookupSpec],
  },
  {
    workload: "quantize",
    about:
      "One step: `compile(pipeline, { input, device })`. Inputs are tensors of bf16, f16 or f32 with the axes layers,\n" +
      "blocks, heads, tokens and channels, in any strides. [kv_cache.md](kv_cache.md) defines the methods and their\n" +
      "fields. K and V have a plan each.",
    schemas: [quantizeSpec],
  },
  {
    workload: "dequantize",
    about: "One step: `compile(pipeline, { input, device })`. Inputs are what `quantize` makes.",
    schemas: [dequantizeSpec],
  },
];

/** Step of the page. */
interface DocumentedStep {
  readonly name: string;
  readonly schema: JsonSchema;
}

/** Lists the steps of a section; operations of one schema share an entry. */
export function stepsOf({ schemas }: StepSection): DocumentedStep[] {
  return schemas.flatMap((schema) => {
    const json = z.toJSONSchema(schema as z.ZodType, { io: "input", unrepresentable: "any" }) as JsonSchema;
    return (json.oneOf ?? json.anyOf ?? [json]).map((each) => {
      const op = each.properties!["op"]!;
      return { name: (op.enum ?? [op.const]).join(", "), schema: each };
    });
  });
}

/** Describes the values that a schema accepts. */
function describe(schema: JsonSchema): string {
  const { type, anyOf, prefixItems, items, minItems, maxItems, minLength, maxLength } = schema;
  if (schema.enum !== undefined || schema.const !== undefined) {
    return (schema.enum ?? [schema.const]).map((value) => `\`${JSON.stringify(value)}\``).join(", ");
  }
  if (schema.oneOf !== undefined) {
    const kinds = schema.oneOf.map(({ properties }) => `\`${JSON.stringify(properties!["kind"]!.const)}\``);
    return `object with a \`kind\`: ${kinds.join(", ")}`;
  }
  if (anyOf !== undefined) return anyOf.map(describe).join("; or ");
  if (prefixItems !== undefined) return `list of ${prefixItems.length}: ${describe(prefixItems[0]!)}`;
  if (type === "array") return `list of ${range(minItems, maxItems)}: ${describe(items!)}`;
  if (type === "string") return `text of ${range(minLength, maxLength)} characters`;
  if (type === "object") {
    const fields = Object.keys(schema.properties!).map((field) =>
      schema.required?.includes(field) ? `\`${field}\`` : `optional \`${field}\``
    );
    return `object with ${fields.join(", ")}`;
  }
  if (type === "boolean") return "`true`, `false`";
  if (type === "integer" || type === "number") {
    const low = schema.exclusiveMinimum === undefined ? schema.minimum : `above ${schema.exclusiveMinimum}`;
    const limits = schema.maximum === undefined ? `${low ?? ""}` : range(schema.minimum, schema.maximum);
    return `${type === "integer" ? "whole number" : "number"}${limits === "" ? "" : `, ${limits}`}`;
  }
  return "list of the steps below";
}

function range(low: number | undefined, high: number | undefined): string {
  if (high === undefined) return low === undefined ? "any number" : `at least ${low}`;
  return low === high ? `${low}` : `${low ?? 0} to ${high}`;
}

/** Removes the default from a sentence, because a column shows it. */
function withoutDefault(text: string): string {
  return text.replace(/; default [^.]*\./, ".").replace(/ Default [^.]*\./, "");
}

/** Formats JSON as `deno fmt` does, after `before` characters of its line. */
function jsonText(value: unknown, indent = "", before = 0): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const isList = Array.isArray(value);
  const parts = (inner: string) =>
    Object.entries(value).map(([name, each]) => {
      const key = isList ? "" : `${JSON.stringify(name)}: `;
      return key + jsonText(each, inner, key.length);
    });
  const [open, close] = isList ? ["[", "]"] : ["{ ", " }"];
  const line = open + parts("").join(", ") + close;
  if (!line.includes("\n") && indent.length + before + line.length <= LINE_WIDTH) return line;
  const inner = `${indent}  `;
  return `${open.trim()}\n${parts(inner).map((part) => inner + part).join(",\n")}\n${indent}${close.trim()}`;
}

function stepText({ name, schema }: DocumentedStep, comments: ReadonlyMap<string, StepComment>): string {
  const comment = comments.get(name);
  const example = STEP_EXAMPLES[name];
  if (comment === undefined) {
    throw new Error(`Cannot document step ${name}: its type is missing in the sources`);
  }
  if (example === undefined) throw new Error(`Cannot document step ${name}: its example is missing`);
  const rows = Object.entries(schema.properties!).filter(([field]) => field !== "op").map(
    ([field, value]) => {
      const hasDefault = value.default !== undefined;
      const text = comment.fields.get(field);
      if (!text) throw new Error(`Cannot document step ${name}: the comment of field ${field} is missing`);
      const preset = hasDefault
        ? `\`${JSON.stringify(value.default)}\``
        : schema.required?.includes(field)
        ? "required"
        : "optional";
      return [
        `\`${field}\``,
        describe(value),
        preset,
        hasDefault ? withoutDefault(text) : text,
      ];
    },
  );
  const table = rows.length === 0
    ? []
    : [markdownTable(["field", "values", "default", "meaning"], ["left", "left", "left", "left"], rows)];
  const title = name.split(", ").map((op) => `\`${op}\``).join(", ");
  return [`### ${title}`, comment.summary, ...table, "```json\n" + jsonText(example) + "\n```"].join(
    "\n\n",
  );
}

/** Generates the Markdown of the page. */
export function stepsPage(): string {
  const comments = new Map(sources().flatMap((path) => [...readStepComments(path)]));
  const sections = STEP_SECTIONS.map((section) =>
    [
      `## Workload ${section.workload}`,
      section.about,
      ...stepsOf(section).map((step) => stepText(step, comments)),
    ].join("\n\n")
  );
  return [
    "# Steps",
    "<!-- Generated by deno task docs:steps; do not edit. -->",
    'A pipeline is `{ "steps": [...] }`, and `op` names the step. An unknown step or field is refused, and the\n' +
    "error names it. Types: `ImagePipeline`, `TokenizePipeline`, `NormalizePipeline`, `LookupPipeline`,\n" +
    "`QuantizePipeline`, `DequantizePipeline`.",
    ...sections,
  ].join("\n\n") + "\n";
}

if (import.meta.main) {
  const page = stepsPage();
  if (!process.argv.includes("--check")) writeFileSync(PAGE, page);
  else if (readFileSync(PAGE, "utf8") !== page) {
    console.error("Cannot accept docs/steps.md: it is outdated, run deno task docs:steps");
    process.exitCode = 1;
  }
}
