import assert from "node:assert/strict";
import { runChild, xrtTest } from "./child.ts";

const refused = (message: RegExp, code = "device") => ({ code, message });

/** What every step must have printed; expressions are matched. */
const EXPECTED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "open": { freed: false },
  "kernel before load": { failure: refused(/^Cannot use the kernels of device 0: no xclbin is loaded$/) },
  "load": { same: true },
  "unknown kernel": {
    failure: refused(/has vadd, vadd:\{vadd_1\}, networklayer, networklayer:\{networklayer_0\}$/),
  },
  "unknown instance": { failure: refused(/^Cannot open kernel vadd:\{vadd_9\}/) },
  "free running": { failure: refused(/it is free-running \(AP_CTRL_NONE\)\. Use ip\("networklayer"\)/) },
  "one instance": { failure: "fine" },
  "arguments": {
    groups: [0, 1],
    offsets: [0x10, 0x1c, 0x28, 0x30],
    unknown: refused(/it has 0 in, 1 out, 2 size, 3 scale$/),
    scalar: refused(/it is a scalar$/),
  },
  "buffer": {
    mapped: 4096,
    same: true,
    part: 128,
    beyond: refused(/byte count 64: expected a whole number from 1 to 32$/, "size"),
    sync: refused(/from 1 to 4032$/, "size"),
    empty: refused(/byte count 0/, "size"),
  },
  "device-only": {
    map: refused(/^Cannot map a buffer of 4096 bytes: it is only on the device/),
    sync: refused(/^Cannot sync a buffer/),
    now: refused(/^Cannot sync a buffer/),
  },
  "closed buffer": { map: refused(/^Cannot use a buffer of 4096 bytes: it is closed$/), again: "fine" },
  "arguments of a run": {
    bank: refused(
      /in memory group 1, the argument is connected to 0\. Allocate it with group: kernel\.group\("in"\)$/,
    ),
    closed: refused(/it is closed$/),
    number: refused(/to a value: it is a buffer$/),
    buffer: refused(/to a buffer: it is a u32$/),
    large: refused(
      /^Cannot set argument size to 4294967296: expected a whole number from 0 to 4294967295$/,
      "size",
    ),
    unknown: refused(/^Cannot find argument 9 of kernel vadd/),
    bytes: refused(/to 3 bytes: it has 4$/, "size"),
    wait: refused(/it is not started$/),
  },
  "started": { twice: refused(/the run is in flight$/), running: true },
  "waited": { running: false, state: "completed" },
  "aborted": { failure: { thrown: /enough/ } },
  "busy buffer": { before: false, after: true, start: refused(/buffer of 4096 bytes: it is closed$/) },
  "wrapped": {
    same: true,
    part: 1408,
    misplaced: refused(/its address is 64 bytes past a multiple of 4096$/, "size"),
  },
  "ring": { failure: refused(/3 slots of 64 bytes need 192, the memory has 65$/, "size") },
  "closed": {
    freed: [true, true, true, true],
    device: true,
    use: refused(/^Cannot use a device 0: it is closed$/),
  },
  "closed again": { failure: "fine" },
  "net": { most: true },
  "lent": {
    closed: [true, true, false, false, false],
    kernels: 2,
    use: refused(/^Cannot use a device 0: it is closed$/),
    other: "fine",
  },
  "lender closed": { closed: [true, true, true], use: refused(/^Cannot use a device 0: it is closed$/) },
  "end": {},
};

function check(found: unknown, expected: unknown, at: string): void {
  if (expected instanceof RegExp) assert.match(String(found), expected, at);
  else if (typeof expected !== "object" || expected === null || Array.isArray(expected)) {
    assert.deepEqual(found, expected, at);
  } else {for (const [key, value] of Object.entries(expected)) {
      check((found as Record<string, unknown>)?.[key], value, `${at}/${key}`);
    }}
}

for (const runtime of ["deno", "node"] as const) {
  xrtTest(`XrtDevice works against AMD's library and closes all it opened, in ${runtime}`, async () => {
    const { end, killed, lines, errors } = await runChild("binding", { runtime });
    assert(!killed, `it hangs:\n${errors}`);
    const steps = new Map(
      lines.map((line) => [(line as { step: string }).step, line as Record<string, unknown>]),
    );
    for (const [step, expected] of Object.entries(EXPECTED)) {
      assert(steps.has(step), `step ${step} did not come:\n${errors}`);
      check(steps.get(step), expected, step);
    }
    assert.equal(steps.get("open")!["provider"], runtime);
    assert.equal(end, 0, errors);
    // 100,000 runs: a handle of 16 bytes each would be 1.6 MB.
    const { heap, resident } = steps.get("growth") as { heap: number; resident: number };
    assert(heap < 400_000, `the heap has grown by ${heap} bytes in 100,000 runs`);
    assert(resident < 16_000_000, `the process has grown by ${resident} bytes in 100,000 runs`);
  }, { runtime });
}

xrtTest("XrtDevice.open() refuses an environment in which XRT would end the process", async () => {
  const cases: [Record<string, string | undefined>, RegExp][] = [
    [{}, /XILINX_XRT is not set, and XRT before 2\.16 would end the process/],
    [{ XILINX_XRT: "/nowhere" }, /XILINX_XRT is \/nowhere, which has no lib\/libxrt_noop\.so\.2/],
    [{ XILINX_XRT: "/nowhere", XCL_EMULATION_MODE: undefined }, /no lib\/libxrt_core\.so\.2/],
    [
      { XCL_EMULATION_MODE: "fast" },
      /XCL_EMULATION_MODE is "fast", expected sw_emu, hw_emu, noop, or no such variable/,
    ],
    [{ XCL_EMULATION_MODE: "" }, /XCL_EMULATION_MODE is "", expected/],
  ];
  for (const [env, message] of cases) {
    const { end, lines } = await runChild("open", { env, root: false });
    assert.equal(end, 0);
    check(lines[0], { failure: refused(message) }, JSON.stringify(env));
  }
});

xrtTest("XrtDevice.open() without a card or emulation ends in one clear error", async () => {
  const { end, lines } = await runChild("open", { env: { XCL_EMULATION_MODE: undefined } });
  assert.equal(end, 0);
  check(lines[0], {
    failure: refused(/^Cannot open device 0: xrtDeviceOpen returned null\. Usually there is no such card/),
  }, "");
});

xrtTest("XrtDevice.open() refuses a device that the emulation does not have", async () => {
  const { lines } = await runChild("open", { args: ["7"], env: { XCL_EMULATION_MODE: "noop" } });
  check(lines[0], { failure: refused(/^Cannot open device 7: the emulation has 2 \(emconfig\.json\)$/) }, "");
});

xrtTest("XrtDevice.load() refuses what is no xclbin and what is for other devices", async () => {
  const { end, lines } = await runChild("load");
  assert.equal(end, 0);
  const [missing, text, card] = lines;
  check(missing, { failure: refused(/^Cannot read nowhere\.xclbin: /, "file") }, "missing");
  check(
    text,
    { failure: refused(/^Cannot read an xclbin: it does not begin with "xclbin2"/, "file") },
    "text",
  );
  check(card, { failure: "fine" }, "noop takes any");
});
