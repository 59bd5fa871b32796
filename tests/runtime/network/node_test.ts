import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { referencePipeline } from "../../../kernels/image/reference.ts";
import { tensor } from "../../../serialize/tensor.ts";
import { bundleForNode } from "../xrt/child.ts";

const SOURCE = fileURLToPath(new URL("children/parties.ts", import.meta.url));
const lacks = spawnSync("node", ["--version"]).status === 0 ? null : "node is missing";

Deno.test({
  name: `openSender(), openNic() and openReceiver() run in Node${
    lacks === null ? "" : ` (skipped: ${lacks})`
  }`,
  ignore: lacks !== null,
  fn: async () => {
    const [bundle] = await bundleForNode([SOURCE], "mjs");
    const { stdout } = await promisify(execFile)("node", [bundle!], { timeout: 60_000, maxBuffer: 2 ** 24 });
    const { results, lost } = JSON.parse(stdout);
    const bytes = Uint8Array.from({ length: 60 * 80 * 3 }, (_, at) => (at * 7919) & 255);
    const image = tensor(bytes, { dtype: "u8", shape: [60, 80, 3], layout: "HWC" });
    const { data } = referencePipeline({ steps: [{ op: "resize", size: [40, 50] }] }, image);
    assert.deepEqual(results, [[...data as Uint8Array]]);
    assert(lost > 0);
  },
});
