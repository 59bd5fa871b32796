// A user's typed program. npm/check_install.ts type-checks it, once as .mts and once as .cts.
import { compile, createModelDevice, type Device, offload, OnpathError, type Plan, tensor } from "onpath";
import { KERNELS } from "onpath/kernels";
import { type RunResult, Session } from "onpath/runtime";
import { type ErrorCode, HEADER_BYTES, OnpathError as SameError, type Tensor } from "onpath/serialize";
import { type Registers, VnxNetwork, type Xclbin, type XrtBuffer, XrtDevice } from "onpath/xrt";

/** Runs one image; all entries share the same types. */
export async function run(device: Device): Promise<RunResult> {
  const image: Tensor = tensor(new Uint8Array(48), { dtype: "u8", shape: [4, 4, 3], layout: "HWC" });
  const plan: Plan = compile({ steps: [{ op: "resize", size: [2, 2] }] }, { input: image, device });
  const session = await Session.open(plan, device);
  await session.run(image);
  return await offload(plan, image, device);
}

/** An error of one entry is an instance of the other entry's class. */
export function codeOf(error: unknown): ErrorCode | undefined {
  const classes: (typeof OnpathError)[] = [OnpathError, SameError];
  return error instanceof classes[0]! ? error.code : undefined;
}

/** Disposal type-checks without a `lib` setting of the user. */
export async function dispose(): Promise<number> {
  const device: AsyncDisposable = createModelDevice();
  await device[Symbol.asyncDispose]();
  return HEADER_BYTES + Object.keys(KERNELS).length;
}

/** Drives a card through XRT. */
export async function drive(registers: Registers): Promise<Xclbin> {
  using device = await XrtDevice.open({ index: 0, timeoutMs: 1000 });
  const xclbin = await device.load("nic.xclbin");
  const buffer: XrtBuffer = await device.allocate({ bytes: 4096 });
  await buffer.sync("toDevice");
  new VnxNetwork(registers).setAddresses({ ip: "192.168.0.5" });
  return xclbin;
}

// @ts-expect-error: a shape is made of numbers
tensor(new Uint8Array(1), { dtype: "u8", shape: ["1"] });
