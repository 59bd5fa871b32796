import assert from "node:assert/strict";
import fc from "fast-check";
import { type Libc, openLibc } from "../../../runtime/network/socket/libc.ts";
import { whyPortable } from "../../../runtime/network/socket/linux.ts";
import { SocketAddresses } from "../../../runtime/network/socket/socket_address.ts";
import { test } from "../helpers.ts";

const lacks = await whyPortable();

function libcTest(name: string, fn: (libc: Libc) => void): void {
  if (lacks !== undefined) Deno.test({ name: `${name} (skipped: ${lacks})`, ignore: true, fn: () => {} });
  else {
    test(name, async () => {
      const libc = await openLibc();
      assert(typeof libc !== "string");
      try {
        fn(libc);
      } finally {
        libc.close();
      }
    });
  }
}

/** Words of a socket address, behind another word. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const words = new Uint32Array(9);
  new Uint8Array(words.buffer).set(bytes, 4);
  return words;
}

const port = fc.integer({ min: 0, max: 65_535 });

libcTest("SocketAddresses.decode() reads every address that encode() writes", (libc) => {
  const four = new SocketAddresses(libc, false), six = new SocketAddresses(libc, true);
  fc.assert(fc.property(fc.array(fc.tuple(fc.ipV4(), port), { minLength: 1 }), (pairs) => {
    for (const [host, port] of pairs) {
      assert.deepEqual(four.decode(wordsOf(four.encode({ host, port })), 1), { host, port });
      // A socket of IPv6 shows them as plain addresses.
      assert.deepEqual(six.decode(wordsOf(six.encode({ host, port })), 1), { host, port });
    }
  }));
  fc.assert(fc.property(fc.ipV6(), port, (text, port) => {
    const found = six.decode(wordsOf(six.encode({ host: text, port })), 1);
    const canonical = (host: string) => new URL(`http://[${host}]`).hostname;
    const plain = /^\d+\.\d+\.\d+\.\d+$/.test(found.host) ? `::ffff:${found.host}` : found.host;
    assert.deepEqual([canonical(plain), found.port], [canonical(text), port]);
  }));
});

libcTest("SocketAddresses keeps the interface of link-local addresses", (libc) => {
  const addresses = new SocketAddresses(libc, true);
  const encoded = addresses.encode({ host: "fe80::1%lo", port: 9 });
  assert.equal(new DataView(encoded.buffer).getUint32(24, true), libc.calls.if_nametoindex(name("lo")));
  assert.deepEqual(addresses.decode(wordsOf(encoded), 1), { host: "fe80::1%lo", port: 9 });
  // An interface that has no name any more keeps its number.
  const far = addresses.encode({ host: "fe80::1%65000", port: 9 });
  assert.deepEqual(addresses.decode(wordsOf(far), 1), { host: "fe80::1%65000", port: 9 });
});

libcTest("SocketAddresses refuses what is no address of its family, and absent interfaces", (libc) => {
  const four = new SocketAddresses(libc, false), six = new SocketAddresses(libc, true);
  const message = "Cannot use address [::1]:9: expected an address of IPv4 at this machine";
  assert.throws(() => four.encode({ host: "::1", port: 9 }), { code: "device", message });
  for (const host of ["", "localhost", "1.2.3", "fe80::1%no-such-one", "::1\0"]) {
    assert.equal(six.tryEncode({ host, port: 9 }), undefined, host);
  }
});

libcTest("SocketAddresses remembers a bounded number of addresses", (libc) => {
  const addresses = new SocketAddresses(libc, false);
  const at = (n: number) => ({ host: `10.${n >> 8}.${n & 255}.1`, port: n });
  const first = addresses.encode(at(0));
  assert.equal(addresses.encode(at(0)), first);
  const source = addresses.decode(wordsOf(first), 1);
  assert.equal(addresses.decode(wordsOf(addresses.encode(at(0))), 1), source);
  for (let n = 1; n <= 1024; n++) {
    assert.deepEqual(addresses.decode(wordsOf(addresses.encode(at(n))), 1), at(n));
  }
  assert.notEqual(addresses.encode(at(0)), first);
  assert.notEqual(addresses.decode(wordsOf(first), 1), source);
});

function name(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}
