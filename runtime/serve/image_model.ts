/**
 * Model of an image plan: u8 images in, the plan's tensor out.
 *
 * @module
 */

import { named } from "../../serialize/excerpt.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { countElements, type Tensor, tensor } from "../../serialize/tensor.ts";
import { bounded } from "../../serialize/wait.ts";
import type { Device } from "../device/device.ts";
import { checkOptions } from "../option_checks.ts";
import { keepOpen } from "../reopen.ts";
import { Session } from "../session.ts";
import { type InferenceModel, MODEL_CHECKS } from "./model.ts";
import { DATATYPE_OF, FIXED, type InferenceTensor } from "./tensors.ts";

/** What every model of the library is made of. */
export interface ModelOptions {
  /** Name in paths. */
  readonly name: string;
  /** Version in paths. Default "1". */
  readonly version?: string | undefined;
  /** Opens a device, which the model closes. Called again if the device is lost. */
  readonly open: () => Promise<Device>;
}

/** Options of {@linkcode imageModel}. */
export interface ImageModelOptions extends ModelOptions {
  /** Plan for the device. */
  readonly plan: ImagePlan;
  /** Name of the input. Default "image". */
  readonly input?: string | undefined;
  /** Name of the output. Default "output". */
  readonly output?: string | undefined;
}

/**
 * Creates the model of an image plan. An input has the plan's shape, or one more axis before it: a batch.
 *
 * @param options Names, plan and device.
 * @throws {OnpathError} `size` if an option is missing or wrong; `plan` if the plan is of another workload.
 *
 * @example
 * ```ts
 * import { compile, createModelDevice } from "onpath";
 * import { imageModel } from "onpath/serve";
 * import assert from "node:assert/strict";
 *
 * await using device = createModelDevice();
 * const input = { dtype: "u8", shape: [480, 640, 3], layout: "HWC" } as const;
 * const plan = compile({ steps: [{ op: "resize", size: [224, 224] }] }, { input, device });
 * const model = imageModel({ name: "resize", plan, open: () => Promise.resolve(createModelDevice()) });
 * assert.deepEqual(model.outputs, [{ name: "output", datatype: "UINT8", shape: [-1, 224, 224, 3] }]);
 * ```
 */
export function imageModel(options: ImageModelOptions): InferenceModel<Tensor, Tensor> {
  checkOptions("make an image model", options, {
    ...MODEL_CHECKS,
    plan: { kind: "object", isRequired: true },
    output: { kind: "string" },
  });
  const { name, version = "1", plan, open, input = "image", output = "output" } = options;
  if (plan.workload !== "image") {
    throw new OnpathError(
      "plan",
      `Cannot make an image model: the plan's workload is ${named(plan.workload)}, expected "image"`,
    );
  }
  const { input: { shape, layout }, output: result } = plan.body;
  const datatype = DATATYPE_OF[result.dtype];
  const keeper = keepOpen({
    open: async () => {
      const device = await open();
      return { device, session: await openSession(plan, device) };
    },
    close: ({ device }) => device.close(),
  });
  return {
    name,
    version,
    platform: "onpath_image",
    inputs: [{ name: input, datatype: "UINT8", shape: [-1, ...shape] }],
    outputs: [{ name: output, datatype, shape: [-1, ...result.shape] }],
    start: (wait) => bounded(`model ${name}`, keeper.run(() => Promise.resolve()), wait),
    begin: ([image]) => {
      const { data, shape: found } = image as InferenceTensor & { readonly datatype: "UINT8" };
      const isBatch = checkImages(input, found, shape);
      const length = countElements(shape);
      const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.length);
      const items = Array.from(
        { length: isBatch ? found[0]! : 1 },
        (_, at) => tensor(bytes.subarray(at * length, (at + 1) * length), { dtype: "u8", shape, layout }),
      );
      return {
        items,
        join: (results) => {
          const joined = results.length === 1 ? results[0]!.data : joinElements(datatype, results);
          return [{
            name: output,
            datatype,
            shape: isBatch ? [results.length, ...result.shape] : result.shape,
            data: joined,
          } as InferenceTensor];
        },
      };
    },
    run: async (items, wait) =>
      await keeper.run(async ({ session }) => (await session.runMany(items, wait)).outputs),
    close: () => keeper.close(),
  };
}

/** Opens a session, and closes the device if it is refused. */
async function openSession(plan: ImagePlan, device: Device): Promise<Session<ImagePlan>> {
  try {
    return await Session.open(plan, device);
  } catch (error) {
    await device.close();
    throw error;
  }
}

/** Returns whether a shape is a batch of images. */
function checkImages(name: string, found: readonly number[], shape: readonly number[]): boolean {
  const isBatch = found.length === shape.length + 1;
  const image = isBatch ? found.slice(1) : found;
  const fits = image.length === shape.length && image.every((length, axis) => length === shape[axis]);
  if (fits && (!isBatch || found[0]! > 0)) return isBatch;
  throw new OnpathError(
    "shape",
    `Cannot use input ${name} of shape [${found.join(", ")}]: expected [${shape.join(", ")}], or [N, ${
      shape.join(", ")
    }]`,
    { input: name, expected: shape, found },
  );
}

/** Joins the elements of dense tensors of one shape. */
function joinElements(datatype: keyof typeof FIXED, results: readonly Tensor[]) {
  const { bytes, view } = FIXED[datatype];
  const length = results[0]!.data.length;
  const count = results.length * length;
  const joined = view(new ArrayBuffer(count * bytes), 0, count) as Uint8Array;
  for (const [at, { data }] of results.entries()) joined.set(data as Uint8Array, at * length);
  return joined;
}
