import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { compile } from "../../../kernels/compile.ts";
import { referencePipeline } from "../../../kernels/image/reference.ts";
import type { ImagePipeline } from "../../../kernels/image/pipeline.ts";
import { XRT_PROFILE } from "../../../runtime/device/xrt/device/card_device.ts";
import { UDP_PROFILE } from "../../../runtime/device/xrt/vnx/device.ts";
import type { VnxAddressing, VnxOffloadOptions } from "../../../runtime/device/xrt/vnx/options.ts";
import type { NetworkDevice } from "../../../runtime/device/xrt/vnx/kernel.ts";
import type { VnxNetwork } from "../../../runtime/device/xrt/vnx/network.ts";
import { batchOf, openDatagram } from "../../../runtime/network/mod.ts";
import { offload } from "../../../runtime/offload.ts";
import { Session } from "../../../runtime/session.ts";
import { offloadAll } from "../../support/cli.ts";
import { refusal } from "../../support/failure.ts";
import { noise } from "../../support/images.ts";
import { IS_LONG_SUITE } from "../../support/long.ts";
import { readPhoto } from "../../support/photos.ts";
import { programOf } from "../../support/program.ts";
import { openBench, RESIZE, smallImage } from "../device_bench.ts";
import { deviceSuite } from "../device_suite.ts";
import { sameTensor } from "../helpers.ts";
import { type CardOptions, openVnxCard, type VnxCard } from "./vnx_card.ts";

const PHOTO: ImagePipeline = {
  steps: [
    { op: "resize", size: [224, 224], match: "exact" },
    {
      op: "normalize",
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
      range: "0-1",
      dtype: "f16",
      layout: "CHW",
    },
  ],
};
/** Only what the quick tests use. */
const IMAGES = ["onpath_image"];

/** Runs with a card, and closes it. */
async function withCard(options: CardOptions, run: (card: VnxCard) => Promise<void>): Promise<void> {
  const card = await openVnxCard({ kernels: IMAGES, ...options });
  try {
    await run(card);
  } finally {
    await card.close();
  }
}

Deno.test("a card in network mode answers the photograph by UDP; its socket is this machine's until the device closes", () =>
  withCard({}, async ({ open, network, held, counts, port }) => {
    const device = await open({ lossMs: 5000 });
    const photo = await readPhoto("coffee.png");
    const plan = compile(PHOTO, { input: photo, device });
    const { output, report } = await offload(plan, photo, device);
    sameTensor(output, referencePipeline(PHOTO, photo));
    assert.deepEqual([report.sent, report.resent], [plan.body.layout.cut.packets, 0]);
    assert.equal(report.counters.packets, report.sent);
    assert(report.counters.cycles! > report.sent * 10);
    assert.equal(counts.came, report.sent);
    assert(counts.batch <= 128, `${counts.batch} packets at once`);
    assert.deepEqual(network.sockets().map((entry) => entry?.myPort), [
      port,
      undefined,
      undefined,
      undefined,
    ]);
    assert.deepEqual([...held], ["onpath_image:{onpath_image_0}"]);
    await device.close();
    assert.deepEqual(network.sockets(), [null, null, null, null]);
    assert.equal(held.size, 0);
  }));

Deno.test("lost datagrams are sent again, doubled answers change nothing", () =>
  withCard({ loss: 0.05, doubles: true }, async ({ open }) => {
    await using device = await open({ window: 64 });
    const images = [1, 2, 3].map((seed) => noise(1, 120, 160, 3, seed));
    const pipeline: ImagePipeline = { steps: [{ op: "resize", size: [56, 56] }] };
    const plan = compile(pipeline, { input: images[0]!, device });
    const session = await Session.open(plan, device);
    let resent = 0;
    for (const image of images) {
      const { output, report } = await session.run(image, { retries: 20 });
      sameTensor(output, referencePipeline(pipeline, image));
      resent += report.resent;
    }
    assert(resent > 0);
  }));

Deno.test("datagrams of others than the card are no answers", () =>
  withCard({}, async ({ open, network }) => {
    await using device = await open({ lossMs: 5000 });
    const bench = await openBench(device);
    const stranger = await openDatagram({ listen: { host: "127.0.0.1", port: 0 }, onDatagrams: () => {} });
    const forged = new Uint8Array(bench.requests.slotBytes);
    forged.set(bench.engine.bytes.subarray(bench.at(0), bench.at(0) + forged.length));
    const { theirPort } = network.sockets()[0]!;
    const sending = (async () => {
      for (let n = 0; n < 50; n++) {
        await stranger.send(batchOf([forged]), { host: "127.0.0.1", port: theirPort });
      }
    })();
    bench.write();
    const answers = await bench.exchange();
    await sending;
    assert.deepEqual(Uint8Array.from(answers.flatMap(({ payload }) => [...payload])), bench.expected);
    await stranger.close();
  }));

Deno.test("plans with pages are compiled otherwise or refused, and the plan before stays", () =>
  withCard({}, async ({ open }) => {
    await using device = await open({ lossMs: 5000 });
    const bench = await openBench(device);
    const input = { dtype: "u8", shape: [719, 1279, 3], layout: "HWC" } as const;
    const steps = [{ op: "resize", size: [224, 224] }] as const;
    const paged = compile({ steps }, { input, device: XRT_PROFILE });
    assert.equal(paged.body.stages[0]!.form, "row-pages");
    await assert.rejects(
      device.load(programOf(paged)),
      refusal("device", /onpath_image: pages need host mode$/),
    );
    const answers = await bench.exchange();
    assert.deepEqual(Uint8Array.from(answers.flatMap(({ payload }) => [...payload])), bench.expected);
    assert.throws(
      () => compile({ steps: [{ ...steps[0], match: "exact" }] }, { input, device: UDP_PROFILE }),
      refusal("table", /for device udp: resize needs tables of the form/),
    );
  }));

Deno.test("a card that does not find this machine by ARP is refused, and keeps no socket", () =>
  withCard({ answersArp: false }, async ({ device, network, port }) => {
    const { createVnxOffload } = await import("../../../runtime/device/xrt/vnx/device.ts");
    const open = () =>
      createVnxOffload({
        device,
        network,
        card: { host: "127.0.0.1", port },
        listen: { host: "127.0.0.1", port: 0 },
      }, { timeoutMs: 60 });
    await assert.rejects(open(), refusal("device", /it finds no 127\.0\.0\.1 by ARP/));
    assert.deepEqual(network.sockets(), [null, null, null, null]);
  }));

Deno.test("an exchange without answers ends by its abort, its timeout, the card's counters, or the close", () =>
  withCard({ isSilent: true }, async ({ open }) => {
    const device = await open({ lossMs: 20 });
    const bench = await openBench(device);
    const input = { input: bench.requests, count: bench.packets, output: bench.answers };
    await assert.rejects(device.exchange(input, { timeoutMs: 1 }), refusal("timeout", /the card's answers/));
    const reason = new Error("enough");
    const controller = new AbortController();
    const aborted = device.exchange(input, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 5);
    await assert.rejects(aborted, reason);
    assert.equal(await device.exchange(input), 0);
    const image = smallImage(3);
    const plan = compile(RESIZE, { input: image, device });
    await assert.rejects(offload(plan, image, device), refusal("gap", /./));
    await device.load(programOf(bench.plan));
    const last = device.exchange(input);
    setTimeout(() => void device.close(), 5);
    await assert.rejects(last, refusal("device", /device is closed/));
  }));

Deno.test("an exchange ends without answers, too, where others keep the kernel busy", () =>
  withCard({ isSilent: true, isShared: true }, async ({ open }) => {
    await using device = await open({ lossMs: 5 });
    const bench = await openBench(device);
    assert.deepEqual(await bench.exchange(), []);
  }));

Deno.test("options of a card in network mode that are missing or wrong are refused by name", () =>
  withCard({}, async ({ open, network }) => {
    const wrong: readonly (readonly [Partial<VnxOffloadOptions>, RegExp])[] = [
      [{ device: {} as NetworkDevice }, /device is another object, expected an XrtDevice/],
      [{ network: {} as VnxNetwork }, /network is another object, expected a VnxNetwork/],
      [
        { card: { host: "127.0.0.1", port: 0 } },
        /card has no IPv4 address in host, or no such port, expected an IPv4/,
      ],
      [{ card: { host: "::1", port: 5 } }, /expected an IPv4 address/],
      [{ listen: undefined as unknown as VnxAddressing["listen"] }, /listen is undefined/],
      [{ socket: 4 }, /socket index/],
      [{ window: 0 }, /window/],
      [{ lossMs: 0.5 }, /loss time in ms/],
    ];
    for (const [options, message] of wrong) await assert.rejects(open(options), refusal("size", message));
    await assert.rejects(open({ listen: { host: "192.0.2.1", port: 0 } }), refusal("device", /192\.0\.2\.1/));
    assert.deepEqual(network.sockets(), [null, null, null, null]);
  }));

if (IS_LONG_SUITE) {
  deviceSuite("vnx", async () => {
    const { open, close } = await openVnxCard();
    // A busy machine may be later than a card: nothing is lost on loopback.
    return await open({ close, lossMs: 5000 });
  }, { runs: 20 });
}

Deno.test("offload run with --card opens device udp, and names what is missing", async () => {
  const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  const input = ["--input", at("scripts/photos/coffee.png"), "--output", "out.npy"];
  const steps = at("examples/pipeline.json");
  const [alone, other, emulated] = await offloadAll(tmpdir(), [
    ["run", steps, ...input, "--card", "192.0.2.5:60000"],
    ["run", steps, ...input, "--card", "192.0.2.5:60000", "--device", "rtl"],
    ["run", steps, ...input, "--card", "192.0.2.5:60000", "--emulate"],
  ]);
  assert.match(
    alone!.stderr,
    /Cannot open device udp: expected --xclbin <file>, --card <address> of the card, and --from/,
  );
  assert.match(other!.stderr, /Cannot use device rtl on a card: expected device udp/);
  assert.match(emulated!.stderr, /cannot be used with option/);
  for (const { code } of [alone!, other!, emulated!]) assert.notEqual(code, 0);
});
