import assert from "node:assert/strict";
import { createDecipheriv, hkdfSync } from "node:crypto";
import fc from "fast-check";
import { PacketKeys } from "../../../../runtime/network/security/packet_keys.ts";
import { PacketMac, TRAILER_BYTES } from "../../../../runtime/network/security/packet_mac.ts";
import { REPLAY_WINDOW, ReplayWindow } from "../../../../runtime/network/security/replay_window.ts";
import { batchOf, datagramAt } from "../../../../runtime/network/socket/batch.ts";

const SECRET = new Uint8Array(32).fill(7);

function packetOf(flow: number, body: Uint8Array = new Uint8Array(8)): Uint8Array {
  const packet = new Uint8Array(12 + body.length);
  new DataView(packet.buffer).setUint32(8, flow, true);
  packet.set(body, 12);
  return packet;
}

function sealOne(mac: PacketMac, packet: Uint8Array): Uint8Array {
  return datagramAt(mac.seal(batchOf([packet])), 0).slice();
}

const pair = () => [new PacketMac(SECRET, "request"), new PacketMac(SECRET, "request")] as const;

Deno.test("PacketMac.open() returns what seal() took, and refuses every changed bit", () => {
  const draws = fc.record({
    flow: fc.nat({ max: 2 ** 32 - 1 }),
    body: fc.uint8Array({ maxLength: 80 }),
    bit: fc.nat(),
  });
  fc.assert(fc.property(draws, ({ flow, body, bit }) => {
    const [sender, nic] = pair();
    const packet = packetOf(flow, body);
    const sealed = sealOne(sender, packet);
    assert.equal(sealed.length, packet.length + TRAILER_BYTES);
    const changed = sealed.slice(), at = bit % (8 * sealed.length);
    changed[at >> 3]! ^= 1 << (at & 7);
    assert.equal(nic.open(changed), "mac");
    assert.deepEqual(nic.open(sealed), packet);
    assert.equal(nic.open(sealed), "replay");
  }));
});

Deno.test("PacketMac.open() refuses what is too short, and other flows, directions and connections", () => {
  const [sender, nic] = pair();
  const sealed = sealOne(sender, packetOf(5));
  for (let length = 0; length < sealed.length; length++) {
    assert.equal(nic.open(sealed.subarray(0, length)), "mac");
  }
  assert.equal(new PacketMac(SECRET, "answer").open(sealed), "mac");
  assert.equal(new PacketMac(new Uint8Array(32), "request").open(sealed), "mac");
  // The trailer of one flow does not fit the equal packet of another one.
  const other = sealed.slice();
  other[8] = 6;
  assert.equal(nic.open(other), "mac");
  assert.deepEqual(nic.open(sealed), packetOf(5));
});

Deno.test("PacketMac.seal() never repeats a nonce, even for equal packets and flows that begin again", () => {
  const [sender] = pair();
  const counters = new Set<string>();
  for (let n = 0; n < 300; n++) {
    const trailer = sealOne(sender, packetOf(n % 3)).subarray(-TRAILER_BYTES);
    counters.add([...trailer.subarray(0, 8)].join());
    if (n % 50 === 0) sender.forget(n % 3);
  }
  assert.equal(counters.size, 300);
});

Deno.test("PacketMac's tag is that of ChaCha20-Poly1305", () => {
  const [sender] = pair();
  const packet = packetOf(9, Uint8Array.from({ length: 100 }, (_, n) => n));
  sealOne(sender, packet);
  const sealed = sealOne(sender, packet);
  const key = new Uint8Array(hkdfSync("sha256", SECRET, new Uint8Array(0), "onpath request 9", 32));
  const nonce = Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
  const cipher = createDecipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
  cipher.setAAD(packet, { plaintextLength: 0 });
  cipher.setAuthTag(sealed.subarray(-16));
  assert.equal(cipher.final().length, 0);
});

Deno.test("PacketMac.close() and forget() erase keys", () => {
  const [sender, nic] = pair();
  const sealed = sealOne(sender, packetOf(1));
  sealOne(sender, packetOf(2));
  assert.equal(sender.keys, 2);
  sender.forget(1);
  assert.equal(sender.keys, 1);
  sender.close();
  assert.deepEqual([sender.keys, sender.seal(batchOf([packetOf(2)])).count], [0, 0]);
  nic.close();
  assert.equal(nic.open(sealed), "mac");
  const keys = new PacketKeys(new Uint8Array(32), new Uint8Array(32).fill(1));
  const mac = keys.mac("report");
  keys.close();
  assert.equal(mac.seal(batchOf([packetOf(2)])).count, 0);
  assert.equal(keys.mac("order").seal(batchOf([packetOf(2)])).count, 0);
});

Deno.test("ReplayWindow takes each counter once, as a set with a limit does", () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -40, max: 40 }) },
    { weight: 1, arbitrary: fc.integer({ min: -REPLAY_WINDOW - 50, max: REPLAY_WINDOW + 50 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(-REPLAY_WINDOW, 1 - REPLAY_WINDOW, REPLAY_WINDOW - 1, REPLAY_WINDOW),
    },
  );
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 40 }), fc.array(step, { maxLength: 300 }), (start, steps) => {
      const window = new ReplayWindow();
      const taken = new Set<number>();
      let end = 0, at = start;
      for (const each of steps) {
        at = Math.max(0, at + each);
        const expected = !taken.has(at) && at >= end - REPLAY_WINDOW;
        assert.equal(window.isFresh(at), expected, `counter ${at} of ${end}`);
        if (!expected) continue;
        window.take(at);
        taken.add(at);
        end = Math.max(end, at + 1);
      }
    }),
  );
  assert.equal(new ReplayWindow().isFresh(2 ** 48), false);
});

Deno.test("PacketMac.open() takes each datagram once through loss, copies and reordering", () => {
  const draws = fc.record({ order: fc.array(fc.nat({ max: 99 }), { maxLength: 300 }) });
  const [sender] = pair();
  const sealed = Array.from({ length: 100 }, (_, n) => sealOne(sender, packetOf(n % 7, Uint8Array.of(n))));
  fc.assert(
    fc.property(draws, ({ order }) => {
      const nic = new PacketMac(SECRET, "request");
      const taken = order.filter((n) => typeof nic.open(sealed[n]!) !== "string");
      assert.deepEqual(taken, [...new Set(order)]);
    }),
    { numRuns: 20 },
  );
});
