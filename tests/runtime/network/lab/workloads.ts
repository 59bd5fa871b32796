/**
 * Workloads that cross the faulty network, with real inputs of hundreds of requests each.
 *
 * @module
 */

import { compile } from "../../../../kernels/compile.ts";
import { codedColumn, COLUMNS, peopleTable, planPeople } from "../records_tables.ts";
import { memoize } from "../../../../kernels/memoize/memo.ts";
import type { ImagePipeline } from "../../../../kernels/image/pipeline.ts";
import type { Plan } from "../../../../kernels/plan/plan.ts";
import type { QuantizeMethod } from "../../../../kernels/quantize/method.ts";
import type { CacheDimensions } from "../../../../kernels/quantize/packing.ts";
import type { DeviceProfile, LayoutName } from "../../../../kernels/target/profile.ts";
import { MAX_PAYLOAD } from "../../../../serialize/header.ts";
import { type Tensor, tensor } from "../../../../serialize/tensor.ts";
import { MODEL_PROFILE } from "../../../../runtime/device/model.ts";
import { randomCache, referenceCache } from "../../../support/caches.ts";
import { readPhoto } from "../../../support/photos.ts";
import { corpusSlice } from "../../../support/texts.ts";
import { vocabulary } from "../../../kernels/tokenize/vocabularies.ts";

/** One workload: a plan and different inputs of it. */
export interface LabWorkload {
  readonly name: string;
  readonly plan: Plan;
  readonly resources?: unknown;
  readonly inputs: readonly unknown[];
}

/** Profile of a device that takes jumbo frames. */
export const JUMBO_PROFILE: DeviceProfile = { ...MODEL_PROFILE, name: "model-jumbo", payload: MAX_PAYLOAD };

/** A card whose memory holds a few pages, and which loses them after 60 epochs. */
const FEW_PAGES: DeviceProfile = {
  ...MODEL_PROFILE,
  name: "model-few-pages",
  bram: 60,
  uram: 0,
  usable: 1,
  instances: 1,
  epochs: 60,
};

const FP8: QuantizeMethod = { kind: "float", format: "e4m3fn", scale: "block", stored: "bf16" };
const KIVI: QuantizeMethod = { kind: "kivi", bits: 2, axis: "tokens", stored: "f16" };
/** Layers, keys and values, heads, tokens, channels. */
const CACHE: CacheDimensions = [2, 2, 4, 64, 64];
/** Rows of a table. */
const RECORDS = 500_000;
/** UTF-16 units of one text. */
const TEXT_UNITS = 40_000;
/** Bytes of a text's packet, short so that a text has hundreds. */
const TEXT_PAYLOAD = 256;

type Maker = (device: DeviceProfile) => Promise<Omit<LabWorkload, "name">>;

/** A photograph, and the same with its samples in reverse order. */
async function photos(): Promise<Tensor<"u8">[]> {
  const { data, shape } = await readPhoto("coffee.png") as Tensor<"u8">;
  const samples = Uint8Array.from(data);
  return [samples, samples.toReversed()].map((each) => tensor(each, { dtype: "u8", shape, layout: "HWC" }));
}

function image(pipeline: ImagePipeline, layout?: LayoutName): Maker {
  return async (device) => {
    const inputs = await photos();
    return { plan: compile(pipeline, { input: inputs[0]!, device, layout }), inputs };
  };
}

function lookup(dtype: "u8" | "bf16"): Maker {
  return async (device) => {
    const bytes = (await photos()).map(({ data }) => Uint8Array.from(data));
    const memo = dtype === "u8"
      ? memoize((x) => 255 - x, { input: "u8", output: "u8" })
      : memoize((x) => Number.isNaN(x) ? 0 : Math.round(8 * x), {
        input: "bf16",
        output: "u8",
        overflow: "saturate",
      });
    const inputs = bytes.map((data) =>
      dtype === "u8"
        ? tensor(data, { dtype, shape: [data.length] })
        : tensor(new Uint16Array(data.buffer, 0, data.length >> 1), {
          dtype,
          shape: [data.length >> 1],
        })
    );
    const plan = compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input: inputs[0]!, device });
    return { plan, resources: { memo }, inputs };
  };
}

/** A column of a table that is cleaned: all its steps are one lookup. The host of the sender codes the values. */
function records(column: string): Maker {
  return (device) => {
    const tables = [1, 2].map((seed) => peopleTable(RECORDS, seed));
    const plan = planPeople(tables, device);
    const { memo } = codedColumn(plan, column, tables[0]!);
    const inputs = tables.map((table) => codedColumn(plan, column, table).items);
    const lookup = compile({ steps: [{ op: "lookup", table: memo.id }] }, {
      memo,
      input: inputs[0]!,
      device,
    });
    return Promise.resolve({ plan: lookup, resources: { memo }, inputs });
  };
}

function quantize(method: QuantizeMethod): Maker {
  return (device) => {
    const inputs = [1, 2].map((seed) => randomCache("bf16", CACHE, seed));
    const plan = compile({ steps: [{ op: "quantize", method }] }, { input: inputs[0]!, device });
    return Promise.resolve({ plan, inputs });
  };
}

function dequantize(method: QuantizeMethod): Maker {
  return (device) => {
    const inputs = [1, 2].map((seed) => referenceCache(method, randomCache("bf16", CACHE, seed)));
    const plan = compile({ steps: [{ op: "dequantize", method, dtype: "bf16" }] }, {
      input: inputs[0]!,
      device,
    });
    return Promise.resolve({ plan, inputs });
  };
}

/** Real documents, joined to texts of one length. */
function texts(): string[] {
  const all = corpusSlice(8 * TEXT_UNITS).map(({ text }) => text).join("\n");
  return Array.from(
    { length: 8 },
    (_, n) => all.slice(n * TEXT_UNITS, (n + 1) * TEXT_UNITS).toWellFormed(),
  );
}

function tokenize(mode: "stateful" | "overlap"): Maker {
  return async (device) => {
    const resources = { vocabulary: await vocabulary("r50k_base") };
    const payload = Math.min(device.payload, TEXT_PAYLOAD);
    const plan = compile({ steps: [{ op: "tokenize", mode }] }, { ...resources, device, payload });
    return { plan, resources, inputs: texts() };
  };
}

const RESIZE = { op: "resize", size: [448, 448] } as const;

const MAKERS: Readonly<Record<string, Maker>> = {
  "image in cells": image({ steps: [RESIZE] }, "cells"),
  "image in tiles": image({ steps: [RESIZE] }, "tiles"),
  "image in samples": image({
    steps: [{ op: "normalize", range: "0-1", dtype: "f16", layout: "CHW" }],
  }),
  "image in rows": image({ steps: [{ op: "resize", size: [224, 224], match: "pillow" }] }),
  "lookup u8": lookup("u8"),
  "lookup bf16": lookup("bf16"),
  "quantize FP8": quantize(FP8),
  "quantize KIVI": quantize(KIVI),
  "dequantize FP8": dequantize(FP8),
  "dequantize KIVI": dequantize(KIVI),
  "image with pages": async () => {
    const inputs = await photos();
    const pipeline = { steps: [{ op: "resize", size: [224, 224] }] } as const;
    const options = { input: inputs[0]!, device: FEW_PAGES, form: "row-pages", layout: "cells" } as const;
    return { plan: compile(pipeline, options), inputs };
  },
  "tokenize": tokenize("stateful"),
  "tokenize in chunks": tokenize("overlap"),
  "records": records(COLUMNS[0]!),
  "normalize text": (device) => {
    const steps = [{ op: "nfkc" }, { op: "lower_case" }] as const;
    const payload = Math.min(device.payload, TEXT_PAYLOAD);
    const plan = compile({ steps: [{ op: "normalize_text", steps }] }, { device, payload });
    return Promise.resolve({ plan, inputs: texts() });
  },
};

/** Names of all workloads. */
export const WORKLOAD_NAMES: readonly string[] = Object.keys(MAKERS);

/**
 * Compiles workloads. Every host makes the same ones.
 *
 * @param names Names, of {@linkcode WORKLOAD_NAMES}.
 * @param isJumbo Whether packets have the size of jumbo frames.
 */
export async function openWorkloads(names: readonly string[], isJumbo = false): Promise<LabWorkload[]> {
  const device = isJumbo ? JUMBO_PROFILE : MODEL_PROFILE;
  return await Promise.all(names.map(async (name) => ({ name, ...await MAKERS[name]!(device) })));
}
