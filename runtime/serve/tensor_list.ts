/**
 * Lists of tensors in JSON messages, with the binary data that follows the JSON.
 *
 * @module
 */

import { z } from "zod";
import { named } from "../../serialize/excerpt.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { readBinaryTensor } from "./tensor_binary.ts";
import { readJsonTensor } from "./tensor_json.ts";
import {
  badTensor,
  countTensor,
  type Datatype,
  DATATYPES,
  type InferenceTensor,
  MAX_AXES,
} from "./tensors.ts";

/** Maximum inputs, and maximum outputs. */
export const MAX_TENSORS = 64;

/** Maximum characters of a tensor's name. */
export const MAX_NAME = 256;

/** Parameters that would change the result, and are not built. */
const NOT_BUILT = [
  "shared_memory_region",
  "shared_memory_offset",
  "shared_memory_byte_size",
  "classification",
];

/** Tensor of a message before its elements are read. */
export interface TensorDraft {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data?: unknown;
  readonly parameters?: {
    readonly binary_data_size?: number | undefined;
    readonly content_type?: unknown;
  } | undefined;
}

/** Schema of a tensor in a message. */
export const tensorDraft = z.object({
  name: z.string().min(1).max(MAX_NAME),
  datatype: z.enum(DATATYPES as [Datatype, ...Datatype[]]),
  shape: z.array(z.number()),
  data: z.unknown().optional(),
  parameters: z.object({
    binary_data_size: z.number().int().min(0).optional(),
    content_type: z.unknown().optional(),
  }).optional(),
});

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Parses JSON in UTF-8.
 *
 * @throws {OnpathError} `file` if it is not.
 */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new OnpathError("file", `Cannot read a message: it is not JSON in UTF-8`, {}, { cause });
  }
}

/**
 * Bounds the lists of a message and refuses parameters, before a schema visits every entry.
 *
 * @throws {OnpathError} `size` if a list is too long; `pipeline` for a parameter that is not built.
 */
export function checkLists(json: unknown): void {
  const { inputs, outputs } = Object(json) as { inputs?: unknown; outputs?: unknown };
  for (const [name, list] of Object.entries({ inputs, outputs })) {
    if (!Array.isArray(list)) continue;
    if (list.length > MAX_TENSORS) {
      throw new OnpathError(
        "size",
        `Cannot read request.${name}: it has ${list.length} tensors, expected at most ${MAX_TENSORS}`,
        { count: list.length, most: MAX_TENSORS },
      );
    }
    for (const [at, tensor] of list.entries()) {
      const { parameters, shape } = Object(tensor);
      if (Array.isArray(shape) && shape.length > MAX_AXES) {
        throw new OnpathError(
          "size",
          `Cannot read request.${name}.${at}: it has ${shape.length} axes, expected at most ${MAX_AXES}`,
          { axes: shape.length, most: MAX_AXES },
        );
      }
      const found = NOT_BUILT.find((each) => Object.hasOwn(Object(parameters), each));
      if (found !== undefined) {
        throw new OnpathError(
          "pipeline",
          `Cannot use parameter ${found} of request.${name}.${at}: it is not built`,
          {
            parameter: found,
          },
        );
      }
    }
  }
}

/** Refuses a name that is repeated in a list. */
export function checkNames(kind: "input" | "output", tensors: readonly { readonly name: string }[]): void {
  const names = new Set<string>();
  for (const { name } of tensors) {
    if (names.has(name)) {
      throw new OnpathError("pipeline", `Cannot read a message: ${kind} ${named(name)} is repeated`, {
        name,
      });
    }
    names.add(name);
  }
}

/**
 * Reads the tensors of a list.
 *
 * @param drafts Tensors without their elements.
 * @param binary Bytes that follow the JSON, in the order of the list. All must be used.
 * @throws {OnpathError} `dtype`, `shape` or `size` if a tensor does not hold its shape.
 */
export function readTensors(drafts: readonly TensorDraft[], binary: Uint8Array): InferenceTensor[] {
  let at = 0;
  const tensors = drafts.map(({ name, datatype, shape, data, parameters }) => {
    const head = { name, datatype, shape, count: countTensor(name, datatype, shape) };
    const size = parameters?.binary_data_size;
    if (size === undefined) return readJsonTensor(head, data, parameters?.content_type === "base64");
    if (data !== undefined) throw badTensor(name, "it has both data and binary_data_size");
    const bytes = binary.subarray(at, at += size);
    if (bytes.length !== size) {
      throw badTensor(name, `binary_data_size is ${size}, and ${bytes.length} bytes are left`, { size });
    }
    return readBinaryTensor(head, bytes);
  });
  if (at === binary.length) return tensors;
  throw new OnpathError(
    "size",
    `Cannot read a message: ${binary.length - at} bytes of binary data belong to no tensor`,
    { bytes: binary.length, used: at },
  );
}
