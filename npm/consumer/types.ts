// A user's typed program. npm/check_install.ts type-checks it as .mts and as .cts, without the DOM's types.
import {
  compile,
  createModelDevice,
  decodePlan,
  type Device,
  type ImagePlan,
  offload,
  OnpathError,
  type Tensor,
  tensor,
} from "onpath";
import { findWorkload, type Plan } from "onpath/kernels";
import { type RunResult, Session } from "onpath/runtime";
import { type ErrorCode, HEADER_BYTES, OnpathError as SameError } from "onpath/serialize";
import { type Registers, VnxNetwork, type Xclbin, type XrtBuffer, XrtDevice } from "onpath/xrt";

/** Runs one image, with types from several entries: they must be the same types. */
export async function run(device: Device): Promise<RunResult<Tensor<"u8">>> {
  const image: Tensor = tensor(new Uint8Array(48), { dtype: "u8", shape: [4, 4, 3], layout: "HWC" });
  const plan: ImagePlan<"u8"> = compile({ steps: [{ op: "resize", size: [2, 2] }] }, {
    input: image,
    device,
  });
  const session = await Session.open(plan, device);
  await session.run(image);
  return await offload(plan, image, device);
}

/** Checks that the element type follows from the pipeline. */
export async function typed(device: Device, image: Tensor): Promise<[Float32Array, Uint16Array, Uint8Array]> {
  const options = { input: image, device };
  const floats = compile({ steps: [{ op: "normalize", range: "0-1", layout: "CHW" }] }, options);
  const halves = compile({ steps: [{ op: "normalize", range: "0-1", dtype: "f16" }] }, options);
  const bytes = compile({ steps: [{ op: "center_crop", size: [2, 2] }] }, options);
  return [
    (await offload(floats, image, device)).output.data,
    (await offload(halves, image, device)).output.data,
    (await offload(bytes, image, device)).output.data,
  ];
}

/** Checks that the result of a text pipeline is bytes. */
export async function normalize(device: Device): Promise<Uint8Array> {
  const plan = compile({ steps: [{ op: "normalize_text", steps: [{ op: "nfc" }] }] }, { device });
  return (await offload(plan, "text", device)).output;
}

/** Finds the workload of a plan from a file. */
export function nameOf(file: Uint8Array): string {
  const plan: Plan = decodePlan(file);
  return findWorkload(plan.workload).summary;
}

/** Checks that two entries export the same error class. */
export function codeOf(error: unknown): ErrorCode | undefined {
  const classes: (typeof OnpathError)[] = [OnpathError, SameError];
  return error instanceof classes[0]! ? error.code : undefined;
}

/** Checks that disposal needs no `lib` setting of the user. */
export async function dispose(): Promise<number> {
  const device: AsyncDisposable = createModelDevice();
  await device[Symbol.asyncDispose]();
  return HEADER_BYTES;
}

/** Drives a card through XRT. */
export async function drive(registers: Registers): Promise<Xclbin> {
  const device = await XrtDevice.open({ index: 0, timeoutMs: 1000 });
  const xclbin = await device.load("nic.xclbin");
  const buffer: XrtBuffer = await device.allocate({ bytes: 4096 });
  await buffer.sync("toDevice");
  new VnxNetwork(registers).setAddresses({ ip: "192.168.0.5" });
  device.close();
  return xclbin;
}

declare const image: Tensor;
declare const device: Device;
// @ts-expect-error: a shape is made of numbers
tensor(new Uint8Array(1), { dtype: "u8", shape: ["1"] });
// @ts-expect-error: a mistyped step
compile({ steps: [{ op: "rezise", size: [2, 2] }] }, { input: image, device });
// @ts-expect-error: a mistyped field
compile({ steps: [{ op: "resize", sizes: [2, 2] }] }, { input: image, device });
// @ts-expect-error: a mistyped match
compile({ steps: [{ op: "resize", size: [2, 2], match: "pilow" }] }, { input: image, device });
// @ts-expect-error: tokens need a vocabulary
compile({ steps: [{ op: "tokenize" }] }, { device });
