import assert from "node:assert/strict";
import {
  COUNTER_BYTES,
  COUNTERS,
  DROP_COUNTERS,
  encodeSettings,
  parseAddress,
  SETTINGS_BYTES,
  sumCounters,
} from "../../../runtime/xdp/layout.ts";
import { refusal } from "../../support/failure.ts";

Deno.test("parseAddress() reads IPv4 and IPv6, and refuses everything else", () => {
  const words = (text: string) =>
    Array.from(new Uint16Array(parseAddress(text).buffer), (w) => w >> 8 | (w & 255) << 8);
  assert.deepEqual([...parseAddress("192.0.2.255")], [192, 0, 2, 255]);
  assert.deepEqual(words("2001:db8::12:3"), [0x2001, 0xdb8, 0, 0, 0, 0, 0x12, 3]);
  assert.deepEqual(words("::"), [0, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(words("::1"), [0, 0, 0, 0, 0, 0, 0, 1]);
  assert.deepEqual(words("fe80::"), [0xfe80, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(words("1:2:3:4:5:6:7:F"), [1, 2, 3, 4, 5, 6, 7, 15]);
  const wrong = [
    "",
    "192.0.2",
    "192.0.2.256",
    "192.0.2.1.1",
    " 192.0.2.1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "1::2::3",
    "::12345",
    "::g",
    "host",
    "1".repeat(100),
  ];
  for (const text of [...wrong, undefined as unknown as string, 5 as unknown as string]) {
    assert.throws(() => parseAddress(text), refusal("device", /Cannot use address/), text);
  }
});

Deno.test("encodeSettings() has the program's layout, with and without a target", () => {
  const address = parseAddress("192.0.2.1");
  const own = encodeSettings(address, 0x1234);
  assert.equal(own.length, SETTINGS_BYTES);
  assert.deepEqual([...own.subarray(0, 8)], [4, 0, 0, 0, 192, 0, 2, 1]);
  assert.deepEqual([...own.subarray(20, 24)], [0x12, 0x34, 0, 0]);
  const target = {
    address: "192.0.2.7",
    port: 0x5678,
    mac: "02:00:00:00:00:0a",
    from: "02:00:00:00:00:0B",
    interface: 9,
  };
  const forwarding = encodeSettings(address, 0x1234, target);
  assert.deepEqual([...forwarding.subarray(22, 28)], [1, 0, 192, 0, 2, 7]);
  assert.deepEqual([...forwarding.subarray(40)], [
    2,
    0,
    0,
    0,
    0,
    10,
    2,
    0,
    0,
    0,
    0,
    11,
    0x56,
    0x78,
    0,
    0,
    9,
    0,
    0,
    0,
  ]);
  assert.deepEqual(encodeSettings(parseAddress("::1"), 1)[0], 6);
  for (const change of [{ address: "::1" }, { address: "x" }, { mac: "02:00" }, { from: "0200000000zz" }]) {
    assert.throws(() => encodeSettings(address, 1, { ...target, ...change }), refusal("device"));
  }
});

Deno.test("sumCounters() adds up all processors, beyond 32 bits", () => {
  const values = new BigUint64Array(3 * COUNTERS.length);
  for (let processor = 0; processor < 3; processor++) {
    COUNTERS.forEach((_, n) =>
      values[processor * COUNTERS.length + n] = BigInt(n) * 2n ** 33n + BigInt(processor)
    );
  }
  assert.equal(COUNTER_BYTES, 8 * COUNTERS.length);
  const counts = sumCounters(new Uint8Array(values.buffer));
  COUNTERS.forEach((name, n) => assert.equal(counts[name], 3 * n * 2 ** 33 + 3));
  assert.deepEqual([DROP_COUNTERS.length, DROP_COUNTERS[0], DROP_COUNTERS.at(-1)], [
    17,
    "truncated",
    "page",
  ]);
});
