// A photograph's rows through an XDP device, as a host in Node or Deno does it; the namespaces are there already.
import process from "node:process";
import { compile } from "../../../../kernels/compile.ts";
import { referencePipeline } from "../../../../kernels/image/reference.ts";
import { createXdpDevice } from "../../../../runtime/xdp/device.ts";
import { offload } from "../../../../runtime/offload.ts";
import { tensor, toBytes } from "../../../../serialize/tensor.ts";

const device = await createXdpDevice(JSON.parse(process.argv[2]!));
const data = Uint8Array.from({ length: 40 * 60 * 3 }, (_, n) => (n * 40_503) >> 7);
const image = tensor(data, { dtype: "u8", shape: [40, 60, 3], layout: "HWC" });
const pipeline = {
  steps: [
    { op: "resize", size: [50, 70] },
    { op: "normalize", range: "0-1", dtype: "f16", layout: "CHW" },
  ],
} as const;
const { output, report } = await offload(compile(pipeline, { input: image, device }), image, device);
const [found, expected] = [toBytes(output), toBytes(referencePipeline(pipeline, image))];
const wrong = found.filter((byte, index) => byte !== expected[index]).length;
const { packets, dropped } = device.counters();
console.log(
  JSON.stringify({ wrong, bytes: found.length, sent: report.sent, resent: report.resent, packets, dropped }),
);
// Without a close: the kernel detaches the program of a process that ends.
process.exit(0);
