import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { whyPortable } from "../../../runtime/network/socket/linux.ts";
import { type Host, hostsLack, openHosts } from "../../../scripts/network/hosts.ts";
import { longTest } from "../../support/long.ts";

const CHILD = fileURLToPath(new URL("children/link.ts", import.meta.url));
const lacks = await whyPortable() ?? await hostsLack();

function start(host: Host, ...words: readonly string[]) {
  const line = [...host.prefix, process.execPath, "run", "-A", "--no-check", "--quiet", CHILD, ...words];
  return { program: line[0]!, words: line.slice(1) };
}

/** Sends datagrams from host to host, and returns what both ends say. */
async function cross(from: Host, to: Host, count: number, size: number) {
  const words = [to.v4, String(count), String(size)];
  const { program, words: all } = start(to, "receive", ...words);
  const receiver = spawn(program, all, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => receiver.once("exit", () => resolve()));
  const lines = createInterface({ input: receiver.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, "ready");
  const sender = start(from, "send", ...words);
  const { stdout } = await promisify(execFile)(sender.program, sender.words, { timeout: 30_000 });
  const received = JSON.parse((await lines.next()).value!);
  await ended;
  return { sent: JSON.parse(stdout), received };
}

const name = "openLinuxDatagram() crosses a link that cuts joined datagrams, and one that refuses them";
if (lacks !== null) Deno.test({ name: `${name} (skipped: ${lacks})`, ignore: true, fn: () => {} });
else {
  longTest(name, async () => {
    await using hosts = await openHosts();
    const { sender, receiver } = hosts;
    for (const segments of [65_535, 1]) {
      const words = ["ip", "link", "set", "to-nic", "gso_max_segs", String(segments)];
      const [program, ...rest] = [...sender.prefix, ...words];
      await promisify(execFile)(program!, rest);
      // Joined datagrams of 8,256 bytes exceed the link's 1,500: the kernel refuses them, and fragments single ones.
      for (const [count, size] of [[200, 1408], [40, 8256]] as const) {
        const { sent, received } = await cross(sender, receiver, count, size);
        assert.deepEqual([sent.sent, sent.failed], [count, 0]);
        assert.deepEqual(received, { arrived: count, isEqual: true });
      }
    }
  });
}
