/**
 * Models of a server: named inputs in, named outputs out.
 *
 * @module
 */

import { checkOptions, type OptionCheck } from "../option_checks.ts";
import { named } from "../../serialize/excerpt.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { WaitOptions } from "../../serialize/wait.ts";
import type { Datatype, InferenceTensor } from "./tensors.ts";

/** Input or output in the metadata. */
export interface TensorInfo {
  /** Name of the tensor. */
  readonly name: string;
  /** Type of its elements. */
  readonly datatype: Datatype;
  /** Lengths of its axes; -1 for any. */
  readonly shape: readonly number[];
}

/** What a model may use of the request when it joins its results. */
export interface JoinContext extends WaitOptions {
  /** Identifier of the request. */
  readonly id?: string | undefined;
  /** Names of the requested outputs. */
  readonly outputs: readonly string[];
}

/** Checked request: its items, and the function that joins their results. */
export interface InferenceJob<Item, Result> {
  /** Items that share batches with those of other requests. */
  readonly items: readonly Item[];
  /** Joins results, in the order of the items. May return more outputs than were requested. */
  readonly join: (
    results: readonly Result[],
    context: JoinContext,
  ) => readonly InferenceTensor[] | Promise<readonly InferenceTensor[]>;
}

/** Model that a handler serves. */
export interface InferenceModel<Item, Result> {
  /** Name in paths: letters, digits, dot, dash and underscore. */
  readonly name: string;
  /** Version in paths. */
  readonly version: string;
  /** Platform in the metadata, such as `onpath_image`. */
  readonly platform: string;
  /** Inputs; a request must have all. */
  readonly inputs: readonly TensorInfo[];
  /** Outputs that may be requested, once the model has started. */
  readonly outputs: readonly TensorInfo[];
  /** Opens what the model needs. The model is ready afterwards. */
  readonly start: (options: WaitOptions) => Promise<void>;
  /**
   * Checks the inputs of a request.
   *
   * @param inputs Inputs in the order of `inputs`, with their names and datatypes.
   * @throws {OnpathError} `shape`, `dtype` or `size` if an input does not match.
   */
  readonly begin: (inputs: readonly InferenceTensor[]) => InferenceJob<Item, Result>;
  /** Runs a batch. An item that fails alone has its error in place of a result. */
  readonly run: (items: readonly Item[], options: WaitOptions) => Promise<readonly (Result | OnpathError)[]>;
  /** Frees what the model has opened. */
  readonly close: () => Promise<void>;
}

/** Model of any items and results. */
// deno-lint-ignore no-explicit-any -- a handler passes items and results without using them
export type AnyInferenceModel = InferenceModel<any, any>;

/** Checks of the options that all models have, for `checkOptions()`. */
export const MODEL_CHECKS: Readonly<Record<string, OptionCheck>> = {
  name: { kind: "string", isRequired: true },
  version: { kind: "string" },
  open: { kind: "function", isRequired: true },
  input: { kind: "string" },
};

/** Pattern of a model's name and version. */
const NAME = /^[\w.-]{1,128}$/;

/** Checks the name and the version of a model, which stand in paths. */
export function checkModelName(model: AnyInferenceModel): void {
  checkOptions("serve a model", model, {});
  const { name, version } = model;
  for (const part of [name, version]) {
    if (typeof part === "string" && NAME.test(part) && !/^\.+$/.test(part)) continue;
    throw new OnpathError(
      "size",
      `Cannot serve model ${named(part)}: a name has 1 to 128 letters, digits, dots, dashes and underscores`,
      { name: part },
    );
  }
}

/**
 * Puts the inputs of a request in the model's order.
 *
 * @throws {OnpathError} `pipeline` if an input is missing or unknown; `dtype` if its datatype differs.
 */
export function orderInputs(
  model: AnyInferenceModel,
  inputs: readonly InferenceTensor[],
): readonly InferenceTensor[] {
  const known = model.inputs.map(({ name }) => name);
  for (const { name } of inputs) {
    if (!known.includes(name)) {
      throw new OnpathError(
        "pipeline",
        `Cannot infer with model ${model.name}: input ${named(name)} is unknown, expected ${
          known.join(", ")
        }`,
        { input: name, known },
      );
    }
  }
  return model.inputs.map(({ name, datatype }) => {
    const found = inputs.find((input) => input.name === name);
    if (found === undefined) {
      throw new OnpathError("pipeline", `Cannot infer with model ${model.name}: input ${name} is missing`, {
        input: name,
      });
    }
    if (found.datatype === datatype) return found;
    throw new OnpathError(
      "dtype",
      `Cannot infer with model ${model.name}: input ${name} is ${found.datatype}, expected ${datatype}`,
      { input: name, expected: datatype, found: found.datatype },
    );
  });
}

/**
 * Lists the outputs that a request names, or all.
 *
 * @throws {OnpathError} `pipeline` if an output is unknown.
 */
export function requestedOutputs(
  model: AnyInferenceModel,
  names: readonly string[] | undefined,
): readonly string[] {
  const known = model.outputs.map(({ name }) => name);
  for (const name of names ?? []) {
    if (known.includes(name)) continue;
    throw new OnpathError(
      "pipeline",
      `Cannot infer with model ${model.name}: output ${named(name)} is unknown, expected ${known.join(", ")}`,
      { output: name, known },
    );
  }
  return names ?? known;
}
