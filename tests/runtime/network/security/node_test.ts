import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { MODEL_PROFILE } from "../../../../runtime/device/model.ts";
import { connectControl } from "../../../../runtime/network/connect.ts";
import { openReceiver } from "../../../../runtime/network/receiver.ts";
import { openSender } from "../../../../runtime/network/sender.ts";
import type { Security } from "../../../../runtime/network/security/options.ts";
import { bundleForNode } from "../../xrt/child.ts";
import { CELLS } from "../parties.ts";
import { makeAuthority } from "./certificates.ts";

const NIC = fileURLToPath(new URL("children/nic.ts", import.meta.url));
const plan = CELLS.compile(MODEL_PROFILE);
const lacks = spawnSync("node", ["--version"]).status === 0 ? undefined : "node is missing";

Deno.test({
  name: `a NIC in Node takes authenticated packets over mutual TLS from parties in Deno${
    lacks === undefined ? "" : ` (skipped: ${lacks})`
  }`,
  ignore: lacks !== undefined,
  fn: async () => {
    const authority = await makeAuthority();
    const token = "a token of the tests", authenticate = true;
    const [ofNic, mine] = [await authority.party("nic.test"), await authority.party("party.test")];
    const [bundle] = await bundleForNode([NIC], "mjs");
    const options = { security: { tls: { ...ofNic, mutual: true }, token, authenticate } };
    const child = spawn("node", [bundle!, JSON.stringify(options)], { stdio: ["pipe", "pipe", "inherit"] });
    const exited = new Promise((resolve) => child.once("exit", resolve));
    try {
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const { control } = JSON.parse((await lines.next()).value!);
      const security: Security = { tls: { ...mine, serverName: "nic.test" }, token, authenticate };
      const refused = [
        { ...security, token: `${token}!` },
        { ...security, tls: { ca: authority.ca, serverName: "nic.test" } },
        { ...security, tls: { ...mine, serverName: "other.test" } },
        { token },
      ];
      for (const each of refused) {
        await assert.rejects(connectControl(control, "test", {}, { timeoutMs: 5000 }, each), {
          code: "device",
        });
      }
      const outputs: unknown[] = [];
      const mutual = { tls: { ...mine, mutual: true }, token, authenticate };
      const receiver = await openReceiver({
        nic: control,
        plans: [{ plan }],
        security: mutual,
        onOutput: ({ output }) => void outputs.push(output),
      });
      const sender = await openSender({ nic: control, receiver: receiver.control, security: mutual });
      await (await sender.open(plan as never)).send(CELLS.inputs[0] as never);
      assert.equal(outputs.length, 1);
      CELLS.check(CELLS.inputs[0], outputs[0]);
      await sender.close();
      await receiver.close();
      child.stdin.end();
      const counts = JSON.parse((await lines.next()).value!);
      assert.deepEqual(counts.dropped, {});
      assert(counts.requests > 0);
      assert.equal(counts.control.messages.token, 1);
    } finally {
      child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
      await exited;
      clearTimeout(timer);
    }
  },
});
