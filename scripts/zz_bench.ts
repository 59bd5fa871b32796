import { compile } from "../kernels/compile.ts";
import { createModelDevice } from "../runtime/device/model.ts";
import { Session } from "../runtime/session.ts";
import { tensor } from "../serialize/tensor.ts";
import { vocabulary as vocab } from "../tests/kernels/tokenize/vocabularies.ts";
const image = tensor(new Uint8Array(720 * 1280 * 3).map((_, i) => i * 7 % 251), {
  dtype: "u8",
  shape: [720, 1280, 3],
  layout: "HWC",
});
const device = createModelDevice();
const plan = compile({
  steps: [{ op: "resize", size: [224, 224], match: "torchvision" }, {
    op: "normalize",
    range: "0-1",
    dtype: "f32",
    layout: "CHW",
  }],
}, { input: image, device, checksum: "link" });
const session = await Session.open(plan, device);
const noop = {
  ...device,
  load: () => Promise.resolve(),
  exchange: (e: any) => {
    return Promise.resolve(e.count);
  },
};
for (let r = 0; r < 5; r++) {
  let s = 0, d = 0, a = 0;
  const t = performance.now();
  for (let i = 0; i < 60; i++) {
    const { report } = await session.run(image);
    s += report.serializeMs;
    d += report.deviceMs;
    a += report.reassembleMs;
  }
  console.log(
    "image",
    ((performance.now() - t) / 60).toFixed(3),
    "ser",
    (s / 60).toFixed(3),
    "dev",
    (d / 60).toFixed(3),
    "rea",
    (a / 60).toFixed(3),
  );
}
const vocabulary = await vocab("r50k_base");
const tp = compile({ steps: [{ op: "tokenize" }] }, { vocabulary, device, checksum: "link" });
const ts = await Session.open(tp, device, { vocabulary });
const text = (await Deno.readTextFile("/tmp/base/docs/rtl.md")).repeat(40);
for (let r = 0; r < 4; r++) {
  const t = performance.now();
  const { report } = await ts.run(text);
  console.log(
    "text MB/s",
    (text.length / 1e3 / (performance.now() - t)).toFixed(2),
    report.serializeMs.toFixed(2),
    report.deviceMs.toFixed(1),
    report.reassembleMs.toFixed(2),
  );
}
