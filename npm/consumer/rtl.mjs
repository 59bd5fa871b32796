// Runs the RTL device on a photograph, with only JavaScript and Web APIs. npm/check_rtl.ts runs it in Node, Bun
// and a browser, from the installed package.
import { compile, createRtlDevice, offload, tensor } from "onpath";

/** Returns for each pipeline the SHA-256 of the output, and the cycles counted by the RTL. */
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
