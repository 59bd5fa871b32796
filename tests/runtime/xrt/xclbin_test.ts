import assert from "node:assert/strict";
import fc from "fast-check";
import { AXLF, type SectionKind, XCLBIN_LIMITS } from "../../../runtime/device/xrt/xclbin/xclbin_format.ts";
import { indexIps } from "../../../runtime/device/xrt/xclbin/xclbin_ips.ts";
import {
  type KernelDraft,
  writeXclbin,
  type XclbinDraft,
} from "../../../runtime/device/xrt/xclbin/xclbin_write.ts";
import { readXclbin, sectionBytes } from "../../../runtime/device/xrt/xclbin/xclbin_read.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { refusal } from "../../support/failure.ts";
import { readXml } from "../../support/xml.ts";

const DRAFT: XclbinDraft = {
  platform: "onpath_nic_1",
  memories: [
    { tag: "bank0", bytes: 2n ** 32n, base: 0n },
    { tag: "HBM[3]", bytes: 2n ** 28n, base: 0x1_0000_0000n },
  ],
  kernels: [{
    name: "vadd",
    arguments: [
      { name: "in", kind: "buffer", offset: 0x10, memory: 0 },
      { name: "out", kind: "buffer", offset: 0x1c, memory: 1, type: "unsigned char const*" },
      { name: "size", kind: "scalar", offset: 0x28 },
      { name: "scale", kind: "scalar", offset: 0x30, type: "float" },
    ],
    instances: [{ name: "vadd_1", base: 0x1800000n }, { name: "vadd_2", base: 0x1810000n }],
  }, {
    name: "networklayer",
    control: "AP_CTRL_NONE",
    range: 0x2000,
    arguments: [],
    instances: [{ name: "networklayer_0", base: 0x1000000n }],
  }],
  mhz: 300,
  created: 1_700_000_000,
};

Deno.test("readXclbin() reads what writeXclbin() wrote", () => {
  const bytes = writeXclbin(DRAFT);
  const xclbin = readXclbin(bytes);
  assert.equal(xclbin.platform, "onpath_nic_1");
  assert.equal(xclbin.mode, "SW_EMU");
  assert.equal(xclbin.created, 1_700_000_000);
  assert.equal(xclbin.bytes, bytes.length);
  assert.match(xclbin.uuid, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.deepEqual(xclbin.memories, [
    { tag: "bank0", type: "DDR4", used: true, bytes: 2n ** 32n, base: 0n },
    { tag: "HBM[3]", type: "DDR4", used: true, bytes: 2n ** 28n, base: 0x1_0000_0000n },
  ]);
  assert.deepEqual(xclbin.groups, xclbin.memories);
  assert.deepEqual(xclbin.clocks, [{ name: "KERNEL_CLK", type: "KERNEL", mhz: 300 }]);
  const [vadd, network] = xclbin.kernels;
  assert.deepEqual(
    vadd!.arguments.map((
      { name, index, kind, bytes, offset, type },
    ) => [name, index, kind, bytes, offset, type]),
    [
      ["in", 0, "buffer", 8, 0x10, "uint*"],
      ["out", 1, "buffer", 8, 0x1c, "unsigned char const*"],
      ["size", 2, "scalar", 4, 0x28, "uint"],
      ["scale", 3, "scalar", 4, 0x30, "float"],
    ],
  );
  // Drivers number instances without interrupts by their address.
  assert.deepEqual(vadd!.instances, [
    { name: "vadd_1", base: 0x1800000n, control: "AP_CTRL_HS", interrupt: false, index: 1 },
    { name: "vadd_2", base: 0x1810000n, control: "AP_CTRL_HS", interrupt: false, index: 2 },
  ]);
  assert.deepEqual(network!.instances, [
    { name: "networklayer_0", base: 0x1000000n, control: "AP_CTRL_NONE", interrupt: false, index: 0 },
  ]);
  assert.equal(network!.range, 0x2000);
  assert.deepEqual(xclbin.connections, [
    { instance: "vadd:vadd_1", argument: 0, memory: 0 },
    { instance: "vadd:vadd_1", argument: 1, memory: 1 },
    { instance: "vadd:vadd_2", argument: 0, memory: 0 },
    { instance: "vadd:vadd_2", argument: 1, memory: 1 },
  ]);
});

Deno.test("writeXclbin() gives equal bytes for equal drafts, another uuid for others, and well-formed metadata", () => {
  assert.deepEqual(writeXclbin(DRAFT), writeXclbin(DRAFT));
  const other = writeXclbin({ ...DRAFT, mhz: 301 });
  assert.notEqual(readXclbin(other).uuid, readXclbin(writeXclbin(DRAFT)).uuid);
  const named = writeXclbin({ ...DRAFT, uuid: Uint8Array.from({ length: 16 }, (_, i) => 17 * i) });
  assert.equal(readXclbin(named).uuid, "00112233-4455-6677-8899-aabbccddeeff");
  const metadata = readXclbin(named).sections.find(({ kind }) => kind === "EMBEDDED_METADATA")!;
  const root = readXml(new TextDecoder().decode(sectionBytes(named, metadata)));
  assert.equal(root.tag, "project");
});

Deno.test("writeXclbin() stands where the header of XRT has its fields", () => {
  const bytes = writeXclbin(DRAFT);
  const view = new DataView(bytes.buffer);
  assert.equal(new TextDecoder().decode(bytes.subarray(0, 8)), "xclbin2\0");
  assert.equal(view.getInt32(8, true), -1);
  assert(bytes.subarray(12, 40).every((byte) => byte === 0xff));
  assert.equal(view.getBigUint64(304, true), BigInt(bytes.length));
  assert.equal(view.getUint16(332, true), 5);
  assert.equal(view.getUint32(448, true), 8);
  for (let i = 0; i < 8; i++) assert.equal(view.getBigUint64(456 + 40 * i + 24, true) % 8n, 0n);
});

Deno.test("writeXclbin() refuses names that do not fit and buffers in no memory", () => {
  const kernel: KernelDraft = DRAFT.kernels[0]!;
  assert.throws(
    () => writeXclbin({ ...DRAFT, platform: "p".repeat(64) }),
    refusal("file", /more than 63 bytes/),
  );
  assert.throws(
    () =>
      writeXclbin({
        ...DRAFT,
        kernels: [{ ...kernel, arguments: [{ name: "in", kind: "buffer", offset: 16, memory: 2 }] }],
      }),
    refusal("file", /argument in of vadd is a buffer in memory 2, there are 2/),
  );
  assert.throws(() => writeXclbin({ ...DRAFT, mhz: 0 }), refusal("size"));
  assert.throws(() => writeXclbin({ ...DRAFT, uuid: new Uint8Array(15) }), refusal("size"));
});

/** A file with one field changed. */
function changed(change: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const bytes = writeXclbin(DRAFT);
  change(new DataView(bytes.buffer), bytes);
  return bytes;
}

/** Where the header of a section stands, and where its contents do. */
function place(kind: SectionKind): { header: number; offset: number } {
  const { sections } = readXclbin(writeXclbin(DRAFT));
  const index = sections.findIndex((section) => section.kind === kind);
  return { header: AXLF.sections + AXLF.sectionBytes * index, offset: sections[index]!.offset };
}

Deno.test("readXclbin() refuses lengths, counts and places that do not fit the file", () => {
  const memory = place("MEM_TOPOLOGY");
  const connections = place("CONNECTIVITY");
  const clocks = place("CLOCK_FREQ_TOPOLOGY");
  const cases: [RegExp, (view: DataView, bytes: Uint8Array) => void][] = [
    [/does not begin with "xclbin2"/, (_, bytes) => bytes[6] = 0x31],
    [/its header has a length of \d+ bytes/, (view) => view.setBigUint64(AXLF.length, 1n, true)],
    [/its header has a length/, (view) => view.setBigUint64(AXLF.length, 2n ** 63n, true)],
    [/its header has a count of 65537 sections/, (view) => view.setUint32(AXLF.numSections, 65_537, true)],
    [/its header has a count of 60000 sections/, (view) => view.setUint32(AXLF.numSections, 60_000, true)],
    [/section 2 \(MEM_TOPOLOGY\) is at 8 /, (view) => view.setBigUint64(memory.header + 24, 8n, true)],
    [/\(MEM_TOPOLOGY\) is at/, (view) => view.setBigUint64(memory.header + 24, 2n ** 64n - 1n, true)],
    [
      /with 18446744073709551615 bytes/,
      (view) => view.setBigUint64(memory.header + 32, 2n ** 64n - 1n, true),
    ],
    [/has a count of 3 entries of 40/, (view) => view.setInt32(memory.offset, 3, true)],
    [/has a count of -1 entries/, (view) => view.setInt32(memory.offset, -1, true)],
    [/has a count of 2147483647 entries/, (view) => view.setInt32(memory.offset, 2 ** 31 - 1, true)],
    [
      /CLOCK_FREQ_TOPOLOGY .* has a count of 2 entries of 136/,
      (view) => view.setInt16(clocks.offset, 2, true),
    ],
    [/connects argument 0 of instance 99/, (view) => view.setInt32(connections.offset + 8, 99, true)],
    [/to memory 2/, (view) => view.setInt32(connections.offset + 12, 2, true)],
    [/connects argument -1/, (view) => view.setInt32(connections.offset + 4, -1, true)],
  ];
  for (const [message, change] of cases) {
    assert.throws(() => readXclbin(changed(change)), refusal("file", message));
  }
  const bytes = writeXclbin(DRAFT);
  for (const length of [0, 7, 455, 456, bytes.length - 1]) {
    assert.throws(() => readXclbin(bytes.subarray(0, length)), refusal("file"));
  }
});

/** A file with other metadata. */
function withMetadata(xml: string): Uint8Array {
  const bytes = writeXclbin(DRAFT);
  const text = new TextEncoder().encode(xml);
  const file = new Uint8Array(bytes.length + text.length);
  file.set(bytes);
  file.set(text, bytes.length);
  const view = new DataView(file.buffer);
  const { header } = place("EMBEDDED_METADATA");
  view.setBigUint64(AXLF.length, BigInt(file.length), true);
  view.setBigUint64(header + 24, BigInt(bytes.length), true);
  view.setBigUint64(header + 32, BigInt(text.length), true);
  return file;
}

Deno.test("readXclbin() reads metadata as tools of AMD write it, and passes over the rest", () => {
  const { kernels } = readXclbin(withMetadata(`<?xml version="1.0" encoding="UTF-8"?>
    <!DOCTYPE project>
    <project name="a"><!-- a < b --><platform vendor='xilinx'><description>text &amp; more</description>
    <core><kernel name="k" language="c"><module name="k"/>
      <port name="M_AXI_GMEM" mode="master" range="0xFFFFFFFFFFFFFFFF" dataWidth="512"/>
      <port name="S_AXI_CONTROL" mode="slave" range="0x1000" dataWidth="32"/>
      <arg name="n" addressQualifier="0" id="1" port="S_AXI_CONTROL" size="0x4" offset="0x1C" type="unsigned &constructor;"/>
      <arg name="a&lt;b" addressQualifier="1" id="0" port="M_AXI_GMEM" size="0x8" offset="0x10" type="int*"/>
      <arg name="s" addressQualifier="4" id="2" port="s" size="0x0" offset="" type="stream&lt;ap_axiu>"/>
      <arg name="printf_buffer" addressQualifier="1" id="" port="M_AXI_GMEM" size="0x8" offset="0x24" type=""/>
      <compileWorkGroupSize x="1" y="1" z="1"/><string><![CDATA[<arg name="no"/>]]></string>
      <instance name="k_1"><addrRemap base="0x1800000" port="S_AXI_CONTROL"/></instance></kernel>
    </core></platform></project>\0`));
  assert.deepEqual(kernels.map(({ name, range }) => [name, range]), [["k", 0x1000]]);
  assert.deepEqual(
    kernels[0]!.arguments.map(({ name, index, kind, offset }) => [name, index, kind, offset]),
    [
      ["a<b", 0, "buffer", 0x10],
      ["n", 1, "scalar", 0x1c],
      ["s", 2, "stream", 0],
    ],
  );
  // An entity that is not one of XML's five stays as it is.
  assert.equal(kernels[0]!.arguments[1]!.type, "unsigned &constructor;");
  assert.deepEqual(kernels[0]!.instances.map(({ name, base, index }) => [name, base, index]), [[
    "k_1",
    0x1800000n,
    -1,
  ]]);
});

Deno.test("readXclbin() refuses metadata that is no markup or has no numbers", () => {
  const kernel = (inside: string) => `<kernel name="k">${inside}</kernel>`;
  const cases: [string, RegExp][] = [
    ["<kernel", /"<kernel" is invalid markup/],
    ["<kernel name=k>", /is invalid markup/],
    ["<kernel>", /<kernel> has no name/],
    [kernel(`<arg name="a" id="0" addressQualifier="9" size="4" offset="0"/>`), /addressQualifier 9/],
    [kernel(`<arg name="a" id="0" addressQualifier="0" size="four" offset="0"/>`), /size="four"/],
    [kernel(`<arg name="a" id="4294967296" addressQualifier="0"/>`), /id="4294967296"/],
    [kernel(`<port mode="slave" range="0x1FFFFFFFFF"/>`), /range=/],
    ["<a>".repeat(XCLBIN_LIMITS.elements + 1), /more than 200000 elements/],
    [" ".repeat(XCLBIN_LIMITS.xml + 1), /characters/],
  ];
  for (const [xml, message] of cases) {
    assert.throws(() => readXclbin(withMetadata(xml)), refusal("file", message));
  }
});

Deno.test("readXclbin() either reads or refuses, whatever bytes are changed or cut", () => {
  const bytes = writeXclbin(DRAFT);
  const change = fc.record({
    edits: fc.array(fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 0, max: 255 })), {
      maxLength: 12,
    }),
    words: fc.array(
      fc.tuple(fc.nat({ max: bytes.length - 8 }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
      { maxLength: 3 },
    ),
    length: fc.oneof(fc.constant(bytes.length), fc.nat({ max: bytes.length })),
  });
  let [read, refused] = [0, 0];
  fc.assert(
    fc.property(change, ({ edits, words, length }) => {
      const copy = bytes.slice();
      const view = new DataView(copy.buffer);
      for (const [at, value] of edits) copy[at] = value;
      for (const [at, value] of words) view.setBigUint64(at, value, true);
      const file = copy.subarray(0, length);
      // The length in the header is right in half of all cases, so that what lies behind it is reached.
      if (length % 2 === 0 && length >= 456) view.setBigUint64(AXLF.length, BigInt(length), true);
      try {
        const xclbin = readXclbin(file);
        for (const section of xclbin.sections) assert.equal(sectionBytes(file, section).length, section.size);
        read++;
      } catch (error) {
        if (!(error instanceof OnpathError) || error.code !== "file") throw error;
        refused++;
      }
    }),
    { numRuns: 3000 },
  );
  assert(read > 100 && refused > 100, `${read} read, ${refused} refused`);
});

Deno.test("readXclbin() takes metadata of nothing but noise in time that grows with its length alone", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."<>/= \"'a&;!-[]?kernel"), maxLength: 400 }), (xml) => {
      try {
        readXclbin(withMetadata(xml));
      } catch (error) {
        if (!(error instanceof OnpathError)) throw error;
      }
    }),
  );
});

Deno.test("indexIps() reads each instance a bounded number of times, however many names are looked up", () => {
  const COUNT = 2000;
  let reads = 0;
  const ips = Array.from({ length: COUNT }, (_, n) => ({
    get name() {
      reads++;
      return `kernel:${n}`;
    },
    type: 1,
    properties: 0,
    base: BigInt(COUNT - n),
  }));
  const find = indexIps(ips);
  for (let n = 0; n < COUNT; n++) assert.equal(find(`kernel:${n}`)!.index, COUNT - 1 - n);
  assert.equal(find("kernel:none"), undefined);
  assert.equal(reads, COUNT);
});

Deno.test("indexIps() gives the first of two instances with one name, and −1 to what drivers do not number", () => {
  const ip = { name: "a:1", type: 1, properties: 0, base: 5n };
  const find = indexIps([ip, { ...ip, base: 3n }, { ...ip, name: "memory", type: 2 }]);
  assert.deepEqual(find("a:1"), { ip, index: 1 });
  assert.equal(find("memory")!.index, -1);
});
