// Runs a batch of photographs on the cpu device with a worker thread, with only JavaScript and Web APIs.
// npm/check_cpu.ts runs it in Deno, Node, Bun and a browser, from the installed package.
import { compile, createCpuDevice, Session, tensor } from "onpath";

/** Returns for each pipeline the SHA-256 of all outputs, and the images that no packet carried. */
export async function runCpu({ shape, pipelines }, samples) {
  const image = tensor(samples, { dtype: "u8", shape, layout: "HWC" });
  const device = createCpuDevice({ workers: 2 });
  const found = [];
  for (const pipeline of pipelines) {
    const session = await Session.open(compile(pipeline, { input: image, device }), device);
    const { outputs, report } = await session.runMany(Array.from({ length: 6 }, () => image));
    const hashes = [];
    for (const { data: { buffer, byteOffset, byteLength } } of outputs) {
      const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(buffer, byteOffset, byteLength));
      hashes.push(Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join(""));
    }
    found.push({ hashes, direct: report.direct });
  }
  // The device stays open: its idle thread must not keep the process alive.
  return found;
}
