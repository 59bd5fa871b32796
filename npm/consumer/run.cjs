// A user's program as CommonJS. npm/check_install.ts runs it from the installed package.
const { createHash } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { compile, createModelDevice, offload, OnpathError, tensor } = require("onpath");
const kernels = require("onpath/kernels");
const runtime = require("onpath/runtime");
const serialize = require("onpath/serialize");
const xrt = require("onpath/xrt");

async function main() {
  const { shape, pipelines } = JSON.parse(readFileSync("cases.json", "utf8"));
  const image = tensor(new Uint8Array(readFileSync("samples.raw")), { dtype: "u8", shape, layout: "HWC" });
  const hashes = [];
  for (const pipeline of pipelines) {
    const device = createModelDevice();
    const { output } = await offload(compile(pipeline, { input: image, device }), image, device);
    await device.close();
    const bytes = new Uint8Array(output.data.buffer, output.data.byteOffset, output.data.byteLength);
    hashes.push(createHash("sha256").update(bytes).digest("hex"));
  }

  let refusal;
  try {
    serialize.tensor(new Uint8Array(5), { dtype: "u8", shape: [2, 3] });
  } catch (error) {
    refusal = error;
  }
  // koffi is not installed: openXrt() throws with the instruction to install it, and all else works.
  const withoutKoffi = await xrt.openXrt().catch((error) => error);
  const oneClass = refusal instanceof OnpathError && OnpathError === serialize.OnpathError &&
    runtime.offload === offload && kernels.WORKLOADS.length > 0 &&
    withoutKoffi instanceof OnpathError && /npm install koffi/.test(withoutKoffi.message);
  console.log(JSON.stringify({ hashes, oneClass }));
}

main();
