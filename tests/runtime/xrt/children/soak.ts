// Runs a small image many times on emulated cards that fail by chance, and says how it went.
import process from "node:process";
import { existsSync, readdirSync } from "node:fs";
import { compile } from "../../../../kernels/compile.ts";
import { tensor } from "../../../../serialize/tensor.ts";
import { startEmulation } from "../../../../scripts/emulation/emulation.ts";
import { emulatedDevice } from "../../../../scripts/xrt/emulated.ts";
import { soak } from "../../../../scripts/xrt/soak.ts";
import { randomBytes } from "../../../support/random.ts";
import { tell } from "./support.ts";

const [runs, faults] = [Number(process.argv[2]), process.argv[3]!];
const TIMEOUT_MS = 1500;

const input = tensor(randomBytes(20 * 30 * 3, 8), { dtype: "u8", shape: [20, 30, 3], layout: "HWC" });
const program = new URL("../../../../scripts/emulate.ts", import.meta.url);
const emulation = await startEmulation({ program, timeoutMs: TIMEOUT_MS });
const { profile, open } = emulatedDevice(emulation, faults, 20_000);
const plan = compile({ steps: [{ op: "resize", size: [16, 16] }] }, {
  input,
  device: profile,
  checksum: "crc32c",
});
/** File descriptors of this process: sockets and pipes of cards that were not closed would stay. */
const descriptors = () => existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : 0;
let [before, after] = [0, 0];
const report = await soak({
  open,
  plan,
  input,
  runs,
  timeoutMs: TIMEOUT_MS,
  tries: 10,
  onRun: (done) => {
    if (done === Math.ceil(runs / 2)) before = descriptors();
    if (done === runs) after = descriptors();
  },
});
tell({ step: "soak", ...report, descriptors: after - before });
await emulation.close();
tell({ step: "end" });
