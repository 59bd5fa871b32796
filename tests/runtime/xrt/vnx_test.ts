import assert from "node:assert/strict";
import fc from "fast-check";
import { formatIp, formatMac, parseIp, parseMac } from "../../../runtime/device/xrt/vnx/address.ts";
import { PROBES } from "../../../runtime/device/xrt/vnx/map.ts";
import { readCounter } from "../../../runtime/device/xrt/vnx/words.ts";
import { VnxNetwork, type VnxSocket } from "../../../runtime/device/xrt/vnx/network.ts";
import { VnxPort } from "../../../runtime/device/xrt/vnx/cmac.ts";
import { refusal } from "../../support/failure.ts";
import { networkModel, portModel } from "./vnx_model.ts";

Deno.test("VnxNetwork.setAddresses() writes IP, gateway and the MAC's last byte, as VNx's own driver does", () => {
  const model = networkModel(16);
  const network = new VnxNetwork(model);
  network.setAddresses({ ip: "10.1.2.77" });
  assert.deepEqual(model.writes, [[0x18, 0x0a01024d], [0x1c, 0x0a010201], [0x10, 0x35029d4d], [
    0x14,
    0x000a,
  ]]);
  assert.deepEqual(network.addresses(), {
    mac: "00:0a:35:02:9d:4d",
    ip: "10.1.2.77",
    gateway: "10.1.2.1",
    mask: "255.255.255.0",
  });
  network.setAddresses({
    ip: "10.1.2.3",
    gateway: "10.1.2.254",
    mac: "02:00:00:00:ff:01",
    mask: "255.255.0.0",
  });
  assert.deepEqual(network.addresses(), {
    mac: "02:00:00:00:ff:01",
    ip: "10.1.2.3",
    gateway: "10.1.2.254",
    mask: "255.255.0.0",
  });
});

Deno.test("VnxNetwork.setAddresses() writes nothing when one address is none", () => {
  const model = networkModel(16);
  const network = new VnxNetwork(model);
  for (
    const wrong of [{ ip: "10.1.2" }, { ip: "10.1.2.256" }, { ip: "10.1.2.3", mac: "00:0a:35" }, { mask: "" }]
  ) {
    assert.throws(() => network.setAddresses(wrong), refusal("size"));
  }
  assert.deepEqual(model.writes, []);
});

Deno.test("VnxNetwork.setSocket() fills the four tables, and the entry holds last", () => {
  const model = networkModel(16);
  const network = new VnxNetwork(model);
  network.setSocket(2, { theirIp: "192.168.0.10", theirPort: 50_001, myPort: 60_002 });
  assert.deepEqual(model.writes, [
    [0x820 + 0x180 + 0x10, 0],
    [0x820 + 0x10, 0xc0a8000a],
    [0x820 + 0x80 + 0x10, 50_001],
    [0x820 + 0x100 + 0x10, 60_002],
    [0x820 + 0x180 + 0x10, 1],
  ]);
  assert.deepEqual(network.sockets()[2], { theirIp: "192.168.0.10", theirPort: 50_001, myPort: 60_002 });
  network.setSocket(2, null);
  assert.deepEqual(network.sockets(), Array(16).fill(null));
});

Deno.test("VnxNetwork.sockets() gives back what was set, for every number of sockets VNx can have", () => {
  const port = fc.integer({ min: 0, max: 65_535 });
  const socket = fc.record({ theirIp: fc.ipV4(), theirPort: port, myPort: port });
  const tables = fc.integer({ min: 1, max: 63 }).chain((count) =>
    fc.array(fc.option(socket), { minLength: count, maxLength: count })
  );
  fc.assert(fc.property(tables, (table) => {
    const network = new VnxNetwork(networkModel(table.length));
    table.forEach((entry, i) => network.setSocket(i, entry));
    const expected = table.map((entry) =>
      entry && { ...entry, theirIp: formatIp(parseIp(entry.theirIp)) } as VnxSocket
    );
    assert.deepEqual(network.sockets(), expected);
  }));
});

Deno.test("VnxNetwork refuses sockets that are not there, and a kernel that is not VNx", () => {
  const network = new VnxNetwork(networkModel(16));
  const socket = { theirIp: "1.2.3.4", theirPort: 1, myPort: 2 };
  assert.throws(() => network.setSocket(16, socket), refusal("size"));
  assert.throws(() => network.setSocket(0, { ...socket, myPort: 65_536 }), refusal("size"));
  for (const count of [0, 64, 0xffff_ffff]) {
    assert.throws(() => new VnxNetwork(networkModel(count)).sockets(), refusal("device", /Is it VNx\?/));
  }
});

Deno.test("VnxNetwork.discoverArp() makes one rising edge, and arp() reads who answered", () => {
  const model = networkModel(16, [
    { ip: [192, 168, 0, 9], mac: [0x02, 0x11, 0x22, 0x33, 0x44, 0x55] },
    { ip: [192, 168, 0, 254], mac: [0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa] },
  ]);
  const network = new VnxNetwork(model);
  assert.deepEqual(network.arp(), []);
  network.discoverArp();
  assert.deepEqual(model.writes, [[0x1010, 0], [0x1010, 1], [0x1010, 0]]);
  assert.deepEqual(network.arp(), [
    { ip: "192.168.0.9", mac: "02:11:22:33:44:55" },
    { ip: "192.168.0.254", mac: "ff:fe:fd:fc:fb:fa" },
  ]);
  network.clearArp();
  assert.deepEqual(network.arp(), []);
});

Deno.test("VnxNetwork.setArp() writes entries that arp() reads, beside those that are there", () => {
  const mac = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 255 }), { maxLength: 40 }),
      fc.array(mac),
      (hosts, macs) => {
        const network = new VnxNetwork(networkModel(16));
        const entries = hosts.map((host, i) => ({
          ip: `10.0.0.${host}`,
          mac: (macs[i] ?? [host, 1, 2, 3, 4, 5]).map((byte) => byte.toString(16).padStart(2, "0")).join(":"),
        }));
        for (const entry of entries) network.setArp(entry);
        const byHost = (list: readonly { readonly ip: string }[]) =>
          list.map((entry) => entry).sort((a, b) => parseIp(a.ip) - parseIp(b.ip));
        assert.deepEqual(network.arp(), byHost(entries));
      },
    ),
  );
});

Deno.test("VnxNetwork.statistics() reads every probe of VNx's map, and resetStatistics() clears them", () => {
  const model = networkModel(16);
  const network = new VnxNetwork(model);
  // template.xml has probes of three counters of 8 bytes from 0x400 to 0x518.
  for (let at = 0x400; at < 0x520; at += 8) model.words.set(at, at).set(at + 4, at / 8);
  const statistics = network.statistics();
  const seen = Object.values(statistics).flatMap(({ cycles, bytes, packets }) => [cycles, bytes, packets]);
  const expected = Array.from({ length: 36 }, (_, i) => (0x400 + 8 * i) + (0x400 / 8 + i) * 2 ** 32);
  assert.deepEqual([...seen].sort((a, b) => a - b), expected);
  assert.equal(statistics.udpIn.packets, 0x4d0 + 0x4d0 / 8 * 2 ** 32);
  assert.equal(statistics.applicationIn.bytes, 0x510 + 0x510 / 8 * 2 ** 32);
  assert.equal(Object.keys(PROBES).length, 12);
  network.resetStatistics();
  assert.deepEqual(network.statistics().udpIn, { cycles: 0, bytes: 0, packets: 0 });
});

Deno.test("readCounter() reads a counter that runs over between its words, and gives up on one that never rests", () => {
  let reads = 0;
  const value = [0xffff_fffen, 0xffff_ffffn, 0x1_0000_0000n, 0x1_0000_0001n, 0x1_0000_0002n];
  const running = {
    readRegister: (offset: number) => {
      const now = value[Math.min(reads++, value.length - 1)]!;
      return Number(offset === 4 ? now >> 32n : now & 0xffff_ffffn);
    },
    writeRegister: () => {},
  };
  assert.equal(readCounter(running, 0), 0x1_0000_0001);
  let word = 0;
  const restless = { readRegister: () => word++, writeRegister: () => {} };
  assert.throws(() => readCounter(restless, 8), refusal("device", /upper word changed in each of 8 reads/));
});

Deno.test("VnxPort.link() reads the status twice: the first has what is over", () => {
  const model = portModel(new Map());
  model.words.set(0x204, 0b11);
  const link = new VnxPort(model).link();
  assert.deepEqual([link.link, link.aligned, link.remoteFault, link.transmitLocalFault], [
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("VnxPort.statistics() copies the counters first, and counts from there", () => {
  const counted = new Map<number, bigint>([[0x500, 5n], [0x608, 2n ** 40n + 7n], [0x6c0, 1n], [0x700, 3n]]);
  const port = new VnxPort(portModel(counted));
  const { tx, rx } = port.statistics();
  assert.deepEqual([tx.packets, rx.packets, rx.badChecks, rx.userPauses], [5, 2 ** 40 + 7, 1, 3]);
  assert.equal(port.statistics().rx.packets, 0);
});

Deno.test("VnxPort switches loopback and error correction, and says version and mode", () => {
  const model = portModel(new Map());
  const port = new VnxPort(model);
  model.words.set(0x24, 0x301).set(0x20, 1);
  assert.deepEqual([port.version(), port.mode()], ["3.1", "CAUI4"]);
  port.loopback = true;
  port.errorCorrection = true;
  assert.deepEqual(model.writes, [[0x90, 1], [0x107c, 3], [0x1000, 7], [0x4, 0xc000_0000], [0x4, 0]]);
  assert(port.loopback && port.errorCorrection);
  port.errorCorrection = false;
  assert(!port.errorCorrection);
});

Deno.test("parseIp(), parseMac() and their formats are inverses", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      (value) => assert.equal(parseIp(formatIp(value)), value),
    ),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 48 - 1 }),
      (value) => assert.equal(parseMac(formatMac(value)), value),
    ),
  );
  for (const text of ["", "1.2.3", "1.2.3.4.5", "1.2.3.x", "300.1.1.1", " 1.2.3.4"]) {
    assert.throws(() => parseIp(text), refusal("size"));
  }
  for (const text of ["", "00:11:22:33:44", "00:11:22:33:44:5g", "001122334455"]) {
    assert.throws(() => parseMac(text), refusal("size"));
  }
});

Deno.test("VnxNetwork and VnxPort refuse what has no registers, before any use", () => {
  for (const value of [null, undefined, 5, {}, { readRegister: () => 0 }, []]) {
    const message = /^Cannot control a network (layer|port) by .*: expected what ip\(\) of a device returns$/;
    assert.throws(() => new VnxNetwork(value as never), refusal("size", message));
    assert.throws(() => new VnxPort(value as never), refusal("size", message));
  }
});
