import assert from "node:assert/strict";
import { compile } from "../../../kernels/compile.ts";
import { findWorkload } from "../../../kernels/registry.ts";
import type { KernelImage } from "../../../kernels/program.ts";
import { counterAddress } from "../../../kernels/rtl/registers.ts";
import { tableStream } from "../../../kernels/rtl/table_stream.ts";
import { driveRtl } from "../../../runtime/device/rtl/card.ts";
import type { RtlExports } from "../../../runtime/device/rtl/exports.ts";
import { RTL_PROFILE } from "../../../runtime/device/rtl/profile.ts";
import { loadVnxKernel, type NetworkDevice } from "../../../runtime/device/xrt/vnx/kernel.ts";
import { noise } from "../../support/images.ts";
import { refusal } from "../../support/failure.ts";
import { load, packetsOf } from "../../rtl/plans.ts";
import { drive, openRtl, readRtl } from "../../rtl/rtl.ts";

const input = noise(1, 40, 60, 3, 2);
const plan = compile({
  steps: [{ op: "resize", size: [20, 30] }, {
    op: "normalize",
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
    range: "0-1",
    dtype: "f16",
  }],
}, { input, device: RTL_PROFILE });
const image = findWorkload("image").open(plan, undefined).program.image();

/** A device that records what is asked of it; `names` are its instances of the kernel. */
function recorder(names: readonly string[], kernel = "onpath_image") {
  const calls: (readonly unknown[])[] = [];
  const handle = (name: string) => ({
    run: () => ({
      set: (which: unknown, value: unknown) => void calls.push([name, "set", which, value]),
      start: () => void calls.push([name, "start"]),
      wait: () => void calls.push([name, "wait"]),
      [Symbol.dispose]: () => {},
    }),
    group: (which: unknown) => (calls.push([name, "group", which]), 7),
    readRegister: (address: number) => address + 2 ** 31,
    close: () => void calls.push([name, "close"]),
    [Symbol.dispose]: () => void calls.push([name, "close"]),
  });
  const device = {
    xclbin: { kernels: [{ name: kernel, instances: names.map((name) => ({ name })) }] },
    kernel: (name: string, options: unknown) => {
      assert.deepEqual(options, { exclusive: true });
      return handle(name);
    },
    allocate: ({ bytes, group }: { bytes: number; group: number }) => {
      const memory = new Uint8Array(bytes);
      calls.push(["allocate", bytes, group]);
      return {
        map: () => memory,
        sync: (way: unknown) => void calls.push(["sync", way, memory]),
        [Symbol.dispose]: () => {},
      };
    },
  } as unknown as NetworkDevice;
  return { calls, device };
}

Deno.test("tableStream(): the words load what single loads do, and zeros behind them nothing", async () => {
  const bytes = tableStream(image.tables);
  assert.equal(bytes.length % 64, 0);
  const { exports } = await WebAssembly.instantiate(
    await WebAssembly.compile(await readRtl("onpath_image")),
    {},
  );
  const raw = exports as unknown as RtlExports & { memory: WebAssembly.Memory; input_at(): number };
  const rtl = drive(driveRtl(raw));
  rtl.card.start(image.values);
  new Uint8Array(raw.memory.buffer).set(bytes, raw.input_at());
  assert.equal(raw.load(bytes.length / 8), 0);
  const packets = packetsOf(plan, input);
  const expected = load(plan, await openRtl("onpath_image")).run(packets).answers;
  assert.equal(expected.length, packets.length);
  assert.deepEqual(rtl.run(packets).answers, expected);
});

Deno.test("loadVnxKernel() starts each instance, then sends tables to each by its own mover", async () => {
  const one = recorder(["onpath_image_0"]);
  const kernel = await loadVnxKernel(one.device, image);
  const name = "onpath_image:{onpath_image_0}", mover = "krnl_mm2s:{mover_table}";
  const bytes = tableStream(image.tables);
  assert.deepEqual(one.calls.filter(([, what]) => what !== "set"), [
    [name, "start"],
    [name, "wait"],
    [mover, "group", "in"],
    ["allocate", bytes.length, 7],
    ["sync", "toDevice", bytes],
    [mover, "start"],
    [mover, "wait"],
    [mover, "close"],
  ]);
  const set = one.calls.filter(([, what]) => what === "set");
  assert.deepEqual(
    set.filter(([who]) => who === name).map((call) => call.slice(2)),
    image.values.map((value, at) => [at, value]),
  );
  assert.deepEqual(set.filter(([who]) => who === mover).slice(1).map((call) => call.slice(2)), [[
    "size",
    bytes.length,
  ], ["dest", 0]]);
  kernel.close();
  kernel.close();
  assert.deepEqual(one.calls.filter(([, what]) => what === "close").map(([who]) => who), [mover, name]);

  const two = recorder(["onpath_image_0", "onpath_image_1"]);
  const both = await loadVnxKernel(two.device, image);
  assert.deepEqual(both.instances, ["onpath_image_0", "onpath_image_1"]);
  assert.deepEqual(two.calls.filter(([, what]) => what === "start").map(([who]) => who), [
    "onpath_image:{onpath_image_0}",
    "onpath_image:{onpath_image_1}",
    "krnl_mm2s:{mover_table_0}",
    "krnl_mm2s:{mover_table_1}",
  ]);
  assert.equal(both.read(3), 2 * counterAddress(3), "counters of 32 bits are added");
});

Deno.test("loadVnxKernel() gives each instance the mover of its number, in whatever order the xclbin lists them", async () => {
  const two = recorder(["onpath_image_1", "onpath_image_0"]);
  await loadVnxKernel(two.device, image);
  assert.deepEqual(two.calls.filter(([, what]) => what === "start").map(([who]) => who), [
    "onpath_image:{onpath_image_1}",
    "onpath_image:{onpath_image_0}",
    "krnl_mm2s:{mover_table_1}",
    "krnl_mm2s:{mover_table_0}",
  ]);
});

Deno.test("loadVnxKernel() refuses what is no device and no kernel image", async () => {
  const { device } = recorder(["onpath_image_0"]);
  await assert.rejects(
    loadVnxKernel(undefined as unknown as NetworkDevice, image),
    refusal("device", /^Cannot load a plan: the device is undefined, expected an object$/),
  );
  await assert.rejects(
    loadVnxKernel(device, null as unknown as KernelImage),
    refusal("device", /^Cannot load a plan: the kernel image is null, expected an object$/),
  );
});

Deno.test("loadVnxKernel() names a kernel that is missing, and what needs host mode", async () => {
  const other = recorder(["onpath_echo_0"], "onpath_echo");
  await assert.rejects(
    loadVnxKernel(other.device, image),
    refusal("device", /it needs kernel onpath_image, the card's xclbin has onpath_echo$/),
  );
  const words: KernelImage = { ...image, memory: new Uint8Array(64) };
  await assert.rejects(
    loadVnxKernel(other.device, words),
    refusal("device", /words in the card's memory need host mode$/),
  );
  assert.deepEqual(other.calls, []);
});
