import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import fc from "fast-check";
import {
  addressBytes,
  addressText,
  newUdpPlace,
  readUdp,
  UdpWriter,
} from "../../../runtime/network/route/udp_packet.ts";
import { openTun } from "../../../runtime/network/route/tun_socket.ts";
import { hostsLack, openHosts } from "../../../scripts/network/hosts.ts";
import { IS_LONG_SUITE, sized } from "../../support/long.ts";
import { openParties } from "./parties.ts";

const run = promisify(execFile);
const address = fc.oneof(
  fc.ipV4(),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => addressText(bytes, 0, 16)),
);

Deno.test("readUdp() finds what UdpWriter wrote, and the checksums are right", () => {
  const port = fc.integer({ min: 1, max: 65535 });
  const draws = fc.record({
    isSix: fc.boolean(),
    addresses: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    ports: fc.tuple(port, port),
    payload: fc.uint8Array({ maxLength: 300 }),
  });
  fc.assert(
    fc.property(draws, ({ isSix, addresses, ports: [from, to], payload }) => {
      const size = isSix ? 16 : 4;
      const [a, b] = [addresses.subarray(0, size), addresses.subarray(16, 16 + size)];
      const memory = new Uint8Array(400);
      const bytes = new UdpWriter({ bytes: a, port: from }, { bytes: b, port: to }).write(memory, payload);
      const head = isSix ? 40 : 20;
      assert.equal(bytes, head + 8 + payload.length);
      const place = newUdpPlace();
      assert(readUdp(memory, 0, bytes, place));
      assert.deepEqual([place.port, place.payload, place.length], [from, head + 8, payload.length]);
      assert.deepEqual(memory.slice(place.source, place.source + size), a.slice());
      // A sum over data and its checksum is 0xffff.
      if (!isSix) assert.equal(sumOf(memory, 0, 20, 0), 0xffff);
      assert.equal(sumOf(memory, isSix ? 8 : 12, bytes, 17 + 8 + payload.length), 0xffff);
      assert.equal(readUdp(memory, 0, bytes - 1, place), false);
    }),
    { numRuns: sized(2000, 100) },
  );
});

function sumOf(bytes: Uint8Array, from: number, to: number, sum: number): number {
  for (let at = from; at < to; at += 2) sum += bytes[at]! * 256 + (at + 1 < to ? bytes[at + 1]! : 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

Deno.test("readUdp() refuses fragments, other protocols and hostile lengths without a fault", () => {
  const memory = new Uint8Array(200);
  const ends = { bytes: Uint8Array.of(1, 2, 3, 4), port: 5 };
  const size = new UdpWriter(ends, ends).write(memory, new Uint8Array(64));
  const place = newUdpPlace();
  for (
    const [at, value] of [[9, 6], [6, 0x20], [7, 1], [0, 0x44], [0, 0x55], [2, 255], [24, 255], [
      25,
      7,
    ]] as const
  ) {
    const changed = memory.slice();
    changed[at] = value;
    assert.equal(readUdp(changed, 0, size, place), false, `byte ${at}`);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(0x45, 0x60, 0x4f), (bytes, first) => {
      if (bytes.length > 0) bytes[0] = first;
      if (readUdp(bytes, 0, bytes.length, place)) assert(place.payload + place.length <= bytes.length);
    }),
    { numRuns: sized(20_000, 500) },
  );
});

Deno.test("addressText() and addressBytes() are inverse, and leave out the longest row of zeros", () => {
  fc.assert(fc.property(address, (host) => {
    const bytes = addressBytes(host);
    assert.equal(addressText(bytes, 0, bytes.length), host);
  }));
  const text = (host: string) => addressText(addressBytes(host), 0, 16);
  assert.deepEqual(["::", "::1", "2001:db8:0:0:1:0:0:2", "1:0:2:3:4:5:6:7", "::ffff:1.2.3.4"].map(text), [
    "::",
    "::1",
    "2001:db8::1:0:0:2",
    "1:0:2:3:4:5:6:7",
    "::ffff:102:304",
  ]);
  assert.throws(() => addressBytes("nohost"), { code: "device" });
  assert.throws(() => openTun({ interface: "a/b" }), { code: "device" });
});

Deno.test("openNic() refuses flows of another host unless it delegates", async () => {
  await using parties = await openParties({ plans: [] });
  const { connectControl } = await import("../../../runtime/network/connect.ts");
  const control = await connectControl(parties.nic().control, "test", {});
  const flows = { flows: [1], plan: 1, token: "0".repeat(32), port: 9, source: "198.18.7.7" };
  await assert.rejects(control.call("flows", flows), { code: "device", message: /stands in no route/ });
  control.close();
});

const lack = !IS_LONG_SUITE
  ? "long, see test:all"
  : existsSync("/dev/net/tun")
  ? await hostsLack()
  : "/dev/net/tun is missing";

/** Starts a program on a host. Lines of its output are JSON. */
function start(prefix: readonly string[], role: string, family: string) {
  const file = new URL("./route_host.ts", import.meta.url).pathname;
  const [program, ...args] = [...prefix, process.execPath, "run", "-A", "--no-check", file, role, family];
  const child = spawn(program!, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines: unknown[] = [];
  const waiting = new Set<() => void>();
  const reading = createInterface(child.stdout).on("line", (line) => {
    lines.push(JSON.parse(line));
    for (const each of waiting) each();
  });
  const exited = new Promise<number>((resolve) => child.once("exit", (code) => resolve(code ?? -1)));
  return {
    lines,
    exited,
    until: async (condition: () => boolean) => {
      while (!condition()) {
        const line = new Promise<void>((resolve) => waiting.add(resolve));
        const end = await Promise.race([line, exited.then((code) => `exit ${code}`)]);
        if (typeof end === "string" && !condition()) assert.fail(`${role}: ${end}`);
        waiting.clear();
      }
    },
    end: async () => {
      child.stdin.end();
      const code = await exited;
      reading.close();
      return code;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
      reading.close();
    },
  };
}

for (const family of ["v4", "v6"] as const) {
  const name = `a NIC in a route takes requests of senders that do not know it, over IP${family}`;
  Deno.test(
    { name: lack === null ? name : `${name} (skipped: ${lack})`, ignore: lack !== null },
    async () => {
      await using hosts = await openHosts();
      const onNic = (...command: string[]) => {
        const [program, ...args] = [...hosts.nic.prefix, ...command];
        return run(program!, args);
      };
      const ip = ["ip", family === "v4" ? "-4" : "-6"];
      await onNic("ip", "tuntap", "add", "mode", "tun", "name", "onpath0");
      await onNic("ip", "link", "set", "onpath0", "up");
      const own = family === "v4" ? "198.18.9.1/30" : "2001:db8:9::1/64";
      await onNic(...ip, "address", "add", own, "dev", "onpath0");
      await onNic(...ip, "rule", "add", "iif", "to-sender", "lookup", "100");
      await onNic(...ip, "route", "add", "default", "dev", "onpath0", "table", "100");
      if (family === "v4") {
        await onNic("sh", "-c", "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done");
      }
      let nic = start(hosts.nic.prefix, "nic", family);
      await nic.until(() => nic.lines.includes("ready"));
      const receiver = start(hosts.receiver.prefix, "receiver", family);
      await receiver.until(() => receiver.lines.includes("ready"));
      const sender = start(hosts.sender.prefix, "sender", family);
      await sender.until(() => sender.lines.length >= 3);
      // The kernel keeps the interface, and packets wait for no one.
      await nic.kill();
      nic = start(hosts.nic.prefix, "nic", family);
      await nic.until(() => nic.lines.includes("ready"));
      assert.equal(await sender.exited, 0);
      const { inputs } = sender.lines.at(-1) as { inputs: number };
      const labels = receiver.lines.filter((line) => typeof line === "object");
      assert.equal(new Set(labels.map((line) => (line as { label: string }).label)).size, inputs);
      assert.equal(labels.length, inputs);
      assert.deepEqual([await receiver.end(), await nic.end()], [0, 0]);
      const counts = nic.lines.at(-1) as { requests: number; answers: number; foreign: number };
      assert(counts.requests > 0 && counts.answers > 0);
      assert.equal(counts.foreign, 0);
      const { missed } = receiver.lines.at(-1) as { missed: number };
      assert.equal(missed, 0);
    },
  );
}
