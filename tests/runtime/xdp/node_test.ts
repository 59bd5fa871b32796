import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openLab } from "../../../scripts/xdp/lab.ts";
import { bundleForNode } from "../xrt/child.ts";
import { xdpTest } from "./tools.ts";

const SOURCE = fileURLToPath(new URL("children/exchange.ts", import.meta.url));
const KOFFI = new URL("../../../node_modules/koffi", import.meta.url);

const nodeLacks = spawnSync("node", ["--version"]).status !== 0
  ? "node is missing"
  : existsSync(KOFFI)
  ? null
  : "the package koffi is missing";

xdpTest(
  "createXdpDevice() runs in Node through koffi, and leaves nothing attached when the process ends",
  async () => {
    using lab = openLab();
    const [bundle] = await bundleForNode([SOURCE], "mjs");
    // The second process attaches where the first one was.
    for (const address of [lab.ends.v4[1], lab.ends.v6[1]]) {
      const options = JSON.stringify({ ...lab, address });
      const { stdout } = await promisify(execFile)("node", [bundle!, options], { timeout: 60_000 });
      const { sent, packets, ...rest } = JSON.parse(stdout);
      assert.deepEqual(rest, { wrong: 0, bytes: 50 * 70 * 3 * 2, resent: 0, dropped: {} });
      assert.equal(packets, sent);
    }
  },
  nodeLacks,
);
