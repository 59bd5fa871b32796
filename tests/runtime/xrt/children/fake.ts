// What the real library cannot be made to do: fail on demand, hang, lack functions. A provider of functions
// that are written down stands in for it.
import type {
  NativeLibrary,
  Pointer,
  Provider,
  SymbolTable,
} from "../../../../runtime/device/xrt/binding/native.ts";
import { XrtDevice } from "../../../../runtime/device/xrt/binding/device.ts";
import { failure, IMAGE, tell } from "./support.ts";

type Call = (...values: never[]) => unknown;

const trace: string[] = [];
const results = new Map<string, Call>();
let handles = 0;

/** Pointers are the names of what they point to. */
const pointer = (name: string) => `${name} ${handles++}` as unknown as Pointer;

const DEFAULTS: Record<string, Call> = {
  xrtBOAddress: () => 0x1000n,
  xrtBOSize: () => 64,
  xrtKernelArgGroupId: ((_: never, index: number) => index) as Call,
  xrtRunState: () => 4,
  xrtRunWaitFor: () => 4,
};

function fakeLibrary<T extends SymbolTable>(symbols: T): NativeLibrary<T> {
  const entry = (key: string) => (...values: never[]) => {
    trace.push(key);
    const found = results.get(key) ?? DEFAULTS[key];
    if (found !== undefined) return found(...values);
    return symbols[key]!.result === "pointer" ? pointer(key) : 0;
  };
  const missing = (key: string) => key.startsWith("xrtRunSetArgV");
  const calls = Object.fromEntries(
    Object.keys(symbols).map((key) => [key, missing(key) ? null : entry(key)]),
  );
  const tasks = Object.fromEntries(
    Object.keys(symbols).map((key) => [key, async (...values: never[]) => await entry(key)(...values)]),
  );
  return { calls, tasks } as unknown as NativeLibrary<T>;
}

const provider: Provider = {
  name: "deno",
  load: (_, symbols) => fakeLibrary(symbols),
  view: (_, length) => new ArrayBuffer(length),
  address: () => 4096n,
  pointerTo: () => pointer("memory"),
};

const device = await XrtDevice.open({ provider, path: "fake" });
await device.load(IMAGE);
const kernel = device.kernel("vadd", { exclusive: true });
const [from, to] = [
  await device.allocate({ bytes: 64, group: 0 }),
  await device.allocate({ bytes: 64, group: 1 }),
];
const run = kernel.run();

// Without xrtRunSetArgV: varargs, each by the alias of its type.
{
  const seen: unknown[] = [];
  for (const alias of ["Pointer", "U32", "U64", "F64"]) {
    results.set(
      `xrtRunSetArg${alias}`,
      ((_: never, index: number, value: unknown) => {
        seen.push([alias, index, typeof value === "string" ? value.replace(/ \d+$/, "") : value]);
        return 0;
      }) as Call,
    );
  }
  run.set("in", from);
  run.set("out", to);
  run.set("size", 7);
  run.set("scale", 2.5);
  tell({ step: "variadic", seen, bytes: await failure(() => run.set("size", new Uint8Array(4))) });
}

// Every refusal of XRT names the operation, what was wanted, and what usually causes it.
{
  const refuse = async (operation: string, result: unknown, use: () => unknown) => {
    results.set(operation, () => result);
    tell({ step: "refusal", operation, failure: await failure(use) });
    results.delete(operation);
  };
  await refuse("xrtDeviceOpen", null, () => XrtDevice.open({ provider, path: "fake" }));
  await refuse(
    "xrtDeviceOpenByBDF",
    null,
    () => XrtDevice.open({ provider, path: "fake", bdf: "0000:3b:00.1" }),
  );
  await refuse("xrtDeviceLoadXclbin", -1, () => device.load(IMAGE));
  await refuse("xrtDeviceGetXclbinUUID", -1, () => device.uuid());
  await refuse("xrtPLKernelOpen", null, () => device.kernel("vadd"));
  await refuse("xrtPLKernelOpenExclusive", null, () => device.kernel("vadd", { exclusive: true }));
  await refuse("xrtBOAlloc", null, () => device.allocate({ bytes: 64 }));
  await refuse("xrtBOAllocUserPtr", null, () => device.wrap(new Uint8Array(64)));
  await refuse("xrtBOSubAlloc", null, () => from.part(32, 0));
  await refuse("xrtBOMap", null, () => from.map());
  await refuse("xrtBOSync", -1, () => from.sync("toDevice"));
  await refuse("xrtBOExport", -1, () => from.export());
  await refuse("xrtBOImport", null, () => device.import(3));
  await refuse("xrtBOCopy", -1, () => from.copyFrom(to, 64));
  await refuse("xrtKernelArgOffset", 0xffff_ffff, () => kernel.offset(0));
  await refuse("xrtKernelReadRegister", -1, () => kernel.readRegister(0));
  await refuse("xrtKernelWriteRegister", -1, () => kernel.writeRegister(0, 1));
  await refuse("xrtRunOpen", null, () => kernel.run());
  await refuse("xrtRunStart", -1, () => run.startNow());
  await refuse("xclOpenContext", -16, () => device.ip("networklayer"));
  tell({ step: "after a refused start", running: run.running });
}

// A kernel that is slow, then one that never ends.
{
  let slices = 0;
  results.set("xrtRunState", () => 3);
  results.set(
    "xrtRunWaitFor",
    () => new Promise((resolve) => setTimeout(() => resolve(++slices < 4 ? 8 : 4), 5)),
  );
  run.startNow();
  await run.wait({ timeoutMs: 5000 });
  tell({ step: "slow", slices, running: run.running });

  results.set("xrtRunWaitFor", () => new Promise((resolve) => setTimeout(() => resolve(8), 5)));
  run.startNow();
  const waited = await failure(() => run.wait({ timeoutMs: 40 }));
  const signal = AbortSignal.timeout(20);
  const aborted = await failure(() => run.wait({ signal }));
  from.close();
  tell({ step: "stuck", waited, aborted, running: run.running, freed: from.freed });
  results.set("xrtRunWaitFor", () => 4);
  await run.wait();
  tell({ step: "unstuck", running: run.running, freed: from.freed });
}

// Threads of XRT that never come back: the wait still ends.
{
  const again = kernel.run();
  results.set("xrtRunWaitFor", () => new Promise(() => {}));
  again.startNow();
  trace.length = 0;
  const waited = await failure(() => again.wait({ timeoutMs: 30 }));
  const both = await Promise.all([
    failure(() => again.wait({ timeoutMs: 30 })),
    failure(() => again.wait({ timeoutMs: 10 })),
  ]);
  const waits = trace.filter((name) => name === "xrtRunWaitFor").length;
  trace.length = 0;
  again.close();
  kernel.close();
  tell({ step: "hung", waited, both, waits, closing: [...trace], freed: [again.freed, kernel.freed] });
  device.abandon();
  tell({
    step: "abandoned",
    calls: trace.length,
    freed: [again.freed, kernel.freed, to.freed, device.freed],
  });
}

// A failed run; a device that opens after nobody waits for it any more.
{
  const other = await XrtDevice.open({ provider, path: "fake" });
  await other.load(IMAGE);
  const failing = other.kernel("vadd").run();
  for (const state of [5, 6, 11]) {
    results.set("xrtRunState", () => state);
    results.set("xrtRunWaitFor", () => state);
    failing.startNow();
    tell({
      step: "failed run",
      state,
      failure: await failure(() => failing.wait()),
      running: failing.running,
    });
  }
  let open = (_: Pointer) => {};
  results.set("xrtDeviceOpen", () => new Promise<Pointer>((resolve) => open = resolve));
  trace.length = 0;
  const late = await failure(() => XrtDevice.open({ provider, path: "fake", timeoutMs: 20 }));
  open(pointer("late device"));
  await new Promise((resolve) => setTimeout(resolve, 5));
  tell({ step: "late", failure: late, trace });
  results.clear();
  other.close();
}
tell({ step: "end" });
