import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plan } from "../../kernels/plan/plan.ts";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import { LOOPBACK, parseAddress } from "../../runtime/network/address.ts";
import { deferred } from "../../serialize/wait.ts";
import { planDevice } from "../../scripts/cli/devices.ts";
import type { OutputEvent, PartyCounts } from "../../scripts/network/events.ts";
import { runNic } from "../../scripts/network/nic_party.ts";
import { runReceiver } from "../../scripts/network/receiver_party.ts";
import { encodeResult } from "../../scripts/network/results.ts";
import { loadSamples } from "../../scripts/network/samples.ts";
import { readSecurity, type SecurityOptions } from "../../scripts/network/security.ts";
import { runSender } from "../../scripts/network/sender_party.ts";
import { offload } from "../../runtime/offload.ts";
import { makeAuthority } from "../runtime/network/security/certificates.ts";
import { offloadAll } from "../support/cli.ts";
import { refusal } from "../support/failure.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PHOTO = new URL("../../scripts/photos/coffee.png", import.meta.url);
const { signal } = new AbortController();

/** Writes the files of two parties and a token, and removes them at the end. */
async function withFiles(run: (options: SecurityOptions, folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-security-"));
  try {
    const { cert, key, ca } = await (await makeAuthority()).party("party");
    const files = { "party.pem": cert, "party.key": key, "ca.pem": ca, "token": "0123456789abcdef\n" };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const at = (name: string) => join(folder, name);
    await run({
      tlsCert: at("party.pem"),
      tlsKey: at("party.key"),
      tlsCa: at("ca.pem"),
      tlsMutual: true,
      tokenFile: at("token"),
      authenticate: true,
    }, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

Deno.test("three programs with TLS, a token and authenticated packets carry a cache through loss and changes", () =>
  withFiles(async (options, folder) => {
    const [cache] = await loadSamples(["cache"], { photo: PHOTO, device: MODEL_PROFILE, signal });
    const { plan, input } = cache!;
    await using device = createModelDevice();
    const { sha256 } = encodeResult(plan, (await offload(plan, input as never, device)).output);
    const stop = new AbortController();
    const faults = { loss: 0.02, corruption: 0.02 };
    const security = await readSecurity(options, signal);
    assert.equal(security.token, "0123456789abcdef");
    const common = { intervalMs: 1000, untilEof: false, jumbo: false, waitMs: 0, seed: 1, faults, security };
    const free = { host: LOOPBACK, port: 0 };
    const [nicAt, receiverAt] = [deferred<string>(), deferred<string>()];
    const outputs: OutputEvent[] = [], ends: PartyCounts[] = [];
    const openDevice = (plan: Plan) => planDevice(plan).open();
    const running = [
      runNic(
        { ...common, listen: free, control: free, openDevice, limits: {}, vocabularies: [] },
        stop.signal,
        ({ ready, end }) => {
          if (ready !== undefined) nicAt.resolve(ready.control!);
          if (end !== undefined) ends.push(end);
        },
      ),
    ];
    const nic = parseAddress(await nicAt.promise);
    running.push(
      runReceiver({ ...common, nic, control: free, plans: [cache!] }, stop.signal, ({ ready, output }) => {
        if (ready !== undefined) receiverAt.resolve(ready.control!);
        if (output !== undefined) outputs.push(output);
      }),
    );
    const receiver = parseAddress(await receiverAt.promise);
    const works = [{ ...cache!, inputs: [{ label: "a", input }] }];
    const sending = { ...common, nic, receiver, works, atOnce: 1, timeoutMs: 60_000 };
    await runSender(sending, signal, () => {});
    await writeFile(join(folder, "token"), "fedcba9876543210");
    const wrong = await readSecurity(options, signal);
    await assert.rejects(runSender({ ...sending, security: wrong }, signal, () => {}), refusal("device"));
    stop.abort();
    await Promise.all(running);
    assert.deepEqual(outputs.map(({ label, sha256 }) => [label, sha256]), [["a", sha256]]);
    assert(ends[0]!.dropped["mac"]! > 0, "changed packets are dropped");
  }));

Deno.test("offload nic refuses wrong security options, and quotes no secret", () =>
  withFiles(async (options, folder) => {
    await writeFile(join(folder, "short"), "secret");
    const commands: readonly (readonly [args: readonly string[], message: RegExp])[] = [
      [["--tls-cert", join(folder, "missing.pem")], /Cannot read .*missing.pem/],
      [["--tls-cert", options.tlsCert!], /cert or key is missing/],
      [["--tls-cert", options.tlsKey!, "--tls-key", options.tlsKey!], /cert cannot be read/],
      [["--tls-ca", options.tlsCa!], /expected the certificate of a server/],
      [["--token-file", join(folder, "short")], /the token has 6 characters/],
    ];
    const ends = await offloadAll(ROOT, commands.map(([args]) => ["nic", ...args, "--json"]));
    for (const [n, { code, stderr }] of ends.entries()) {
      assert.match(JSON.parse(stderr).error.message, commands[n]![1]);
      assert(!stderr.includes("secret") && !stderr.includes("PRIVATE KEY"));
      assert.equal(code, n === 0 ? 1 : 2);
    }
  }));

Deno.test("offload network --authenticate carries a cache through changes and copies on loopback, and counts what it refuses", async () => {
  const faults = ["--corrupt", "0.05", "--duplicate", "0.05", "--timeout", "120000"];
  const args = ["network", "--authenticate", "--samples", "cache", ...faults];
  const [json, table] = await offloadAll(ROOT, [[...args, "--json"], args]);
  assert.equal(json!.code, 0, json!.stderr);
  const { hosts, instead, authenticate, inputs, processes } = JSON.parse(json!.stdout);
  assert.deepEqual([hosts, authenticate], ["loopback", true]);
  assert.match(instead, /keys of packets cross loopback only/);
  assert.deepEqual(inputs.map(({ equal }: { equal: number }) => equal), [1]);
  // Changed requests fail by their tags, and copies by their counters; without tags it would be crc.
  const { mac = 0, replay = 0, crc = 0 } = processes.nic.dropped;
  assert(mac > 0 && replay > 0 && crc === 0, JSON.stringify(processes.nic.dropped));
  assert.equal(table!.code, 0, table!.stderr);
  assert.match(table!.stdout, /packets {2}each carries a MAC/);
  assert.match(
    table!.stdout,
    /authenticated datagrams that arrived, \d+ as mac and \d+ as replay were refused/,
  );
});
