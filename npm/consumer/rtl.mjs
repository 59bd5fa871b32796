// The RTL device on a photograph, with nothing but the language and Web APIs. npm/check_rtl.ts runs it in
// Node, in Bun and in a browser, where the package is installed.
import { compile, createRtlDevice, offload, tensor } from "onpath";

/** What came of each pipeline: the output's SHA-256, and what the hardware counted. */
export async function runRtl({ shape, pipelines }, samples) {
  const image = tensor(samples, { dtype: "u8", shape, layout: "HWC" });
  const found = [];
  for (const pipeline of pipelines) {
    const device = await createRtlDevice();
    const { output, report } = await offload(compile(pipeline, { input: image, device }), image, device);
    await device.close();
    const { buffer, byteOffset, byteLength } = output.data;
    const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(buffer, byteOffset, byteLength));
    const hash = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
    found.push({ hash, cycles: report.counters.cycles });
  }
  return found;
}
