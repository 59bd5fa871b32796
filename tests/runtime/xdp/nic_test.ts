import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { compile } from "../../../kernels/compile.ts";
import { type Memo, memoize } from "../../../kernels/memoize/memo.ts";
import type { Program } from "../../../kernels/program.ts";
import { openXdpNic, type XdpNic } from "../../../runtime/xdp/nic.ts";
import { openNative } from "../../../runtime/xdp/native.ts";
import { MAX_PAGES, NO_PAGES, type ResidentPages } from "../../../runtime/xdp/pages.ts";
import { XDP_PROFILE } from "../../../runtime/xdp/profile.ts";
import { FLAG, HEADER_BYTES, newHeader } from "../../../serialize/header.ts";
import { createEngine } from "../../../serialize/engine.ts";
import { packetBytes, reserveSlots, writePacket } from "../../../serialize/packets.ts";
import { tensor } from "../../../serialize/tensor.ts";
import { refusal } from "../../support/failure.ts";
import { programOf } from "../../support/program.ts";
import { createJudge } from "./expected.ts";
import { type Lab, openLab } from "../../../scripts/xdp/lab.ts";
import { pagedSamples, residentFrom, type Sample } from "./samples.ts";
import { PYTHON_LACKS, ready, startInside, xdpTest } from "./tools.ts";

/** Sends the datagram of argument 3, as many times as argument 4 says, and prints each different answer once. */
const FLOOD = `
import socket, sys
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(10)
client.connect((sys.argv[1], int(sys.argv[2])))
datagram, answers = bytes.fromhex(sys.argv[3]), {}
print("ready", flush=True)
for n in range(int(sys.argv[4])):
    client.send(datagram)
    answer = client.recv(65536)
    answers[answer] = answers.get(answer, 0) + 1
for answer in answers: print(answer.hex())
`;

/** Receives datagrams, as many as argument 3 says, and prints their sender and bytes. */
const LISTEN = `
import socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.settimeout(20)
server.bind((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
for n in range(int(sys.argv[3])):
    data, sender = server.recvfrom(65536)
    print(sender[0], sender[1], data.hex())
`;

/** Sends the datagrams of arguments 3 and on, without a wait for answers. */
const SEND = `
import socket, sys
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect((sys.argv[1], int(sys.argv[2])))
for word in sys.argv[3:]: client.send(bytes.fromhex(word))
`;

const bytes = tensor(Uint8Array.from({ length: 2000 }, (_, n) => n), { dtype: "u8", shape: [2000] });

function lookupOf(memo: Memo): Program {
  const pipeline = { steps: [{ op: "lookup", table: memo.id }] } as const;
  return programOf(compile(pipeline, { memo, input: bytes, device: XDP_PROFILE }), { memo });
}

const INVERT = lookupOf(memoize((x) => 255 - x, { input: "u8", output: "u8" }));
const SQUARE = lookupOf(memoize((x) => x * x, { input: "u8", output: "u16" }));

/** A request to a plan, with room for its answer. */
function requestTo({ plan }: Program, sequence = 0): Uint8Array {
  const { request, answer } = plan.packets;
  const slots = reserveSlots(createEngine(2 ** 14), 1, request);
  const flags = FLAG.checked | (sequence === 0 ? FLAG.first : 0);
  const header = { ...newHeader(), flags, sequence, packets: 100, plan: plan.id, length: request };
  writePacket(slots, 0, header, Uint8Array.from({ length: request }, (_, n) => 3 * n + sequence));
  const datagram = new Uint8Array(HEADER_BYTES + Math.max(request, answer));
  datagram.set(packetBytes(slots, 0));
  return datagram;
}

const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Descriptors of this process that attach a BPF program. */
function bpfLinks(): number[] {
  return readdirSync("/proc/self/fd").filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === "anon_inode:bpf_link";
    } catch (error) {
      // Other tests of this process close theirs.
      if ((error as { code?: unknown }).code === "ENOENT") return false;
      throw error;
    }
  }).map(Number);
}

async function withNic(change: object, run: (nic: XdpNic, lab: Lab) => Promise<void>): Promise<void> {
  using lab = openLab();
  const farEnds = [
    { interface: lab.peer, namespace: lab.from },
    { interface: lab.behind.interface, namespace: lab.behind.namespace },
  ];
  using nic = await openXdpNic({ ...lab, farEnds, ...change });
  await run(nic, lab);
}

xdpTest(
  "openXdpNic() holds several programs at once, and drops the packets of one that is unloaded",
  () =>
    withNic({}, async (nic, lab) => {
      nic.load(INVERT);
      nic.load(SQUARE);
      const judge = createJudge([INVERT, SQUARE]);
      for (const program of [INVERT, SQUARE]) {
        const datagram = requestTo(program);
        const flood = await startInside(lab.from, FLOOD, lab.address, String(lab.port), hex(datagram), "10");
        assert.deepEqual(flood.stdout.trim().split("\n").slice(1), [hex(judge(datagram) as Uint8Array)]);
      }
      const { passed: _, ...counted } = nic.counters();
      const answerBytes = 10 * (INVERT.plan.packets.answer + SQUARE.plan.packets.answer);
      assert.deepEqual(counted, { answered: 20, answerBytes, dropped: {} });
      nic.unload(INVERT.plan.id);
      assert.throws(() => nic.unload(INVERT.plan.id), refusal("device", /ENOENT/));
      await startInside(
        lab.from,
        SEND,
        lab.address,
        String(lab.port),
        ...Array(3).fill(hex(requestTo(INVERT))),
      );
      assert.deepEqual(nic.counters().dropped, { plan: 3 });
      nic.close();
      assert.equal(nic.counters().answered, 20);
      assert.throws(() => nic.load(INVERT), refusal("device", /closed/));
      assert.throws(() => nic.unload(1), refusal("device", /closed/));
    }),
  PYTHON_LACKS,
);

xdpTest(
  "openXdpNic() refuses a program beyond the 64 that it holds, and keeps those",
  () =>
    withNic({}, (nic) => {
      for (let id = 1; id <= 64; id++) nic.load({ ...INVERT, plan: { ...INVERT.plan, id } });
      assert.throws(() => nic.load(INVERT), refusal("device", /E2BIG/));
      nic.unload(64);
      nic.load(INVERT);
      return Promise.resolve();
    }),
);

xdpTest("a closed NIC leaves its interface, though a copy of its descriptors lives on", async () => {
  using lab = openLab();
  const nic = await openXdpNic(lab);
  // As a child of this process has them between its fork and its exec.
  const libc = Deno.dlopen("libc.so.6", { dup: { parameters: ["i32"], result: "i32" } });
  const copies = bpfLinks().map((link) => libc.symbols.dup(link));
  libc.close();
  try {
    assert.ok(copies.length > 0);
    nic.close();
    (await openXdpNic(lab)).close();
  } finally {
    for (const copy of copies) (await openNative()).libc.close(copy);
  }
});

xdpTest(
  "openXdpNic() replaces the tables of a plan as a whole while its packets arrive",
  () =>
    withNic({}, async (nic, lab) => {
      const other = lookupOf(memoize((x) => x ^ 85, { input: "u8", output: "u8" }));
      // Both under one plan, as pages would be.
      const versions = [INVERT, { ...INVERT, image: other.image }];
      nic.load(versions[0]!);
      const datagram = requestTo(INVERT);
      const judge = createJudge([INVERT]);
      const inverted = judge(datagram) as Uint8Array;
      const flood = startInside(lab.from, FLOOD, lab.address, String(lab.port), hex(datagram), "4000");
      await ready(flood);
      let isRunning = true;
      void flood.finally(() => isRunning = false);
      let swaps = 0;
      while (isRunning) {
        nic.load(versions[++swaps % 2]!);
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      const answers = (await flood).stdout.trim().split("\n").filter((line) => line !== "ready");
      assert(swaps > 1);
      assert.equal(nic.counters().answered, 4000);
      const payload = inverted.slice(HEADER_BYTES);
      const swapped = payload.map((byte) => (255 - byte) ^ 85);
      const payloads = answers.map((answer) => answer.slice(2 * HEADER_BYTES));
      assert(answers.length <= 2);
      for (const each of payloads) assert([hex(payload), hex(swapped)].includes(each), each);
    }),
  PYTHON_LACKS,
);

xdpTest(
  "openXdpNic() swaps pages while their packets arrive: each answer is of a whole page, drops have names",
  () =>
    withNic({}, async (nic, lab) => {
      const [{ program, datagrams }] = pagedSamples() as [Sample];
      const { plan: { id }, image } = program;
      assert.throws(() => nic.swap(id, NO_PAGES), refusal("device", /no plan \d+ with pages/));
      nic.load(program);
      const datagram = datagrams[0]!;
      const send = (times: number) =>
        startInside(lab.from, SEND, lab.address, String(lab.port), ...Array(times).fill(hex(datagram)));
      await send(3);
      assert.deepEqual(nic.counters().dropped, { page: 3 });
      // The page of the datagram is in both, in another place; the others differ.
      const residents = [residentFrom(program, 0, 0), residentFrom(program, 20, 0)];
      const expected = createJudge([program], new Map([[id, residents[0]!]]))(datagram) as Uint8Array;
      nic.swap(id, residents[0]!);
      const flood = startInside(lab.from, FLOOD, lab.address, String(lab.port), hex(datagram), "4000");
      await ready(flood);
      let isRunning = true;
      void flood.finally(() => isRunning = false);
      let swaps = 0;
      while (isRunning) {
        nic.swap(id, residents[++swaps % 2]!);
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      assert.deepEqual((await flood).stdout.trim().split("\n"), ["ready", hex(expected)]);
      assert(swaps > 1);
      nic.swap(id, { ...residents[0]!, first: 1 });
      await send(2);
      assert.deepEqual([nic.counters().answered, nic.counters().dropped], [4000, { page: 3, epoch: 2 }]);
      // What is refused leaves the pages.
      const page = residents[0]!.pages[0]!;
      const refuses = (resident: ResidentPages, pattern: RegExp) =>
        assert.throws(() => nic.swap(id, resident), refusal("table", pattern));
      refuses({ first: 0, pages: [page, page] }, /page 0 of \d+ bytes/);
      refuses({ first: 0, pages: [{ ...page, page: image().pages!.count }] }, /page 31/);
      refuses({ first: 0, pages: [{ ...page, bytes: new Uint8Array(4) }] }, /page 0 of 4 bytes/);
      refuses({ first: 0, pages: Array(MAX_PAGES + 1).fill(page) }, /17 pages in XDP: at most 16/);
      await send(1);
      assert.deepEqual(nic.counters().dropped, { page: 3, epoch: 3 });
      nic.load(program);
      await send(1);
      assert.deepEqual(nic.counters().dropped, { page: 4, epoch: 3 });
      nic.unload(id);
      await send(1);
      assert.deepEqual(nic.counters().dropped, { page: 4, epoch: 3, plan: 1 });
    }),
  PYTHON_LACKS,
);

for (const mode of ["native", "generic"] as const) {
  xdpTest(`openXdpNic() forwards the answers to another host in ${mode} mode`, async () => {
    using lab = openLab();
    const { behind, from, peer } = lab;
    using nic = await openXdpNic({
      ...lab,
      mode,
      farEnds: [{ interface: peer, namespace: from }, behind],
      target: { ...behind, port: 7000, interface: behind.near },
    });
    nic.load(INVERT);
    const datagrams = [0, 1, 2, 3].map((sequence) => requestTo(INVERT, sequence));
    const listen = startInside(behind.namespace, LISTEN, behind.address, "7000", "4");
    await ready(listen);
    await startInside(from, SEND, lab.address, String(lab.port), ...datagrams.map(hex));
    const judge = createJudge([INVERT]);
    const lines = (await listen).stdout.trim().split("\n").slice(1);
    assert.deepEqual(
      lines,
      datagrams.map((datagram) => `${lab.address} ${lab.port} ${hex(judge(datagram) as Uint8Array)}`),
    );
    assert.deepEqual(nic.counters().dropped, {});
  }, PYTHON_LACKS);
}
