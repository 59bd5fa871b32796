import assert from "node:assert/strict";
import { compile } from "../../../kernels/compile.ts";
import { createXdpDevice } from "../../../runtime/xdp/device.ts";
import { offload } from "../../../runtime/offload.ts";
import { referencePipeline } from "../../../kernels/image/reference.ts";
import { noise } from "../../support/images.ts";
import { sameTensor } from "../helpers.ts";
import { openLab } from "../../../scripts/xdp/lab.ts";
import { PYTHON_LACKS, ready, startInside, xdpTest } from "./tools.ts";

/** Answers datagrams with themselves, and ends after the first `count`. */
const ECHO = `
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
server = socket.socket(family, socket.SOCK_DGRAM)
server.bind((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
for _ in range(int(sys.argv[3])):
    data, sender = server.recvfrom(65536)
    server.sendto(data, sender)
`;

/** Sends datagrams of many lengths, of our magic and of none, and checks that each comes back. */
const ASK = `
import os, socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
client = socket.socket(family, socket.SOCK_DGRAM)
client.settimeout(10)
client.connect((sys.argv[1], int(sys.argv[2])))
for n in range(int(sys.argv[3])):
    # Above the MTU: fragments.
    data = (b"ONPT\\x01\\x02" if n % 2 else b"") + os.urandom([1, 64, 500, 1400, 4000][n % 5])
    client.send(data)
    assert client.recv(65536) == data, n
print("equal")
`;

/** Sends echo requests of ICMP or ICMPv6, and counts the replies with the same data. */
const PING = `
import os, socket, struct, sys
six = ":" in sys.argv[1]
client = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) if six else socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
client.settimeout(10)
client.connect((sys.argv[1], 0))
def total(data):
    value = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while value >> 16: value = (value & 0xffff) + (value >> 16)
    return value
for n in range(int(sys.argv[3])):
    data = struct.pack("!HH", 77, n) + os.urandom(1200)
    kind, reply = (128, 129) if six else (8, 0)
    client.send(struct.pack("!BBH", kind, 0, 0 if six else 0xffff ^ total(struct.pack("!BBH", kind, 0, 0) + data)) + data)
    while True:
        packet = client.recv(65536)
        if not six: packet = packet[20:]
        if packet[0] == reply and packet[4:8] == data[:4]: break
    assert packet[4:] == data, n
print("equal")
`;

xdpTest("the XDP program passes ping, other ports, other addresses and fragments untouched", async () => {
  using lab = openLab();
  await using device = await createXdpDevice(lab);
  const image = noise(1, 20, 30, 3, 1);
  const pipeline = { steps: [{ op: "resize", size: [40, 40] }] } as const;
  const plan = compile(pipeline, { input: image, device });
  for (const [address, port] of [[lab.ends.v4[1], lab.port + 1], [lab.ends.v6[1], lab.port]] as const) {
    const words = [address, String(port), "40"];
    const echo = startInside(lab.namespace, ECHO, ...words);
    await ready(echo);
    const ask = startInside(lab.from, ASK, ...words);
    const ping = startInside(lab.from, PING, ...words);
    // Ours and foreign traffic at once.
    const { output, report } = await offload(plan, image, device);
    sameTensor(output, referencePipeline(pipeline, image));
    assert.equal(report.resent, 0);
    for (const each of [ask, ping]) assert.equal((await each).stdout.trim(), "equal");
    await echo;
  }
  assert.deepEqual(device.counters().dropped, {});
}, PYTHON_LACKS);
