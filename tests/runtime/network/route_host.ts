/**
 * One of the hosts of the route test: `nic`, `receiver` or `sender`, and the family of addresses. It prints lines of
 * JSON, and ends when its standard input does.
 *
 * @module
 */

import assert from "node:assert/strict";
import process from "node:process";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { openNic } from "../../../runtime/network/nic.ts";
import { openReceiver } from "../../../runtime/network/receiver.ts";
import { openTun } from "../../../runtime/network/route/tun_socket.ts";
import { openSender } from "../../../runtime/network/sender.ts";
import { tiny } from "../../kernels/tokenize/small_vocabularies.ts";
import { CACHE_SAMPLES, IMAGE_SAMPLES, tokenSample } from "../workload_samples.ts";
import { CELLS } from "./parties.ts";

const [role, family] = process.argv.slice(2) as ["nic" | "receiver" | "sender", "v4" | "v6"];
const HOSTS = family === "v4"
  ? { sender: "198.18.0.1", behind: "198.18.1.1", receiver: "198.18.1.2", tun: "198.18.9.2" }
  : { sender: "2001:db8::1", behind: "2001:db8:1::1", receiver: "2001:db8:1::2", tun: "2001:db8:9::2" };
const samples = [CELLS, IMAGE_SAMPLES[2]!, CACHE_SAMPLES[2]!, tokenSample(await tiny())];
const plans = samples.map((sample) => {
  return { sample, plan: sample.compile(MODEL_PROFILE), resources: sample.resources };
});
const say = (value: unknown) => console.log(JSON.stringify(value));
const end = () => new Promise((resolve) => process.stdin.resume().on("end", resolve));

if (role === "nic") {
  await using nic = await openNic({
    open: openTun({ interface: "onpath0" }),
    listen: { host: HOSTS.tun, port: 4600 },
    control: { host: HOSTS.behind, port: 4601 },
    delegates: true,
    resourcesOf: ({ id }) => plans.find(({ plan }) => plan.id === id)?.resources,
  });
  say("ready");
  await end();
  say(nic.counts());
} else if (role === "receiver") {
  await using receiver = await openReceiver({
    nic: { host: HOSTS.behind, port: 4601 },
    listen: { host: HOSTS.receiver, port: 0 },
    control: { host: HOSTS.receiver, port: 4700 },
    routed: true,
    plans,
    onOutput: ({ label, output, sender }) => {
      assert.equal(sender, HOSTS.sender);
      const [sample, input] = label.split("|").map(Number) as [number, number];
      samples[sample]!.check(samples[sample]!.inputs[input], output);
      say({ label });
    },
  });
  say("ready");
  await end();
  say(receiver.counts());
} else {
  await using sender = await openSender({
    receiver: { host: HOSTS.receiver, port: 4700 },
    listen: { host: HOSTS.sender, port: 0 },
  });
  say("ready");
  for (const [n, { sample, plan, resources }] of plans.entries()) {
    const open = await sender.open(plan as never, resources as never);
    const reports = await Promise.all(
      sample.inputs.map((input, m) => open.send(input as never, { label: `${n}|${m}`, timeoutMs: 60_000 })),
    );
    say({ sample: sample.name, restarts: reports.reduce((sum, { restarts }) => sum + restarts, 0) });
  }
  say({ inputs: samples.reduce((sum, { inputs }) => sum + inputs.length, 0) });
}
