// Several instances of a kernel in link files: what they link, and that packets cross the design that they describe.
import fc from "fast-check";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { moverInstances, moversOf } from "../../kernels/rtl/movers.ts";
import { argumentAddress, counterAddress, DOOR_COUNTER } from "../../kernels/rtl/registers.ts";
import { INSTANCES, SPREADS } from "../../kernels/rtl/spreads.ts";
import { driveRtl } from "../../runtime/device/rtl/card.ts";
import type { RtlExports } from "../../runtime/device/rtl/exports.ts";
import { linkFile } from "../../scripts/card/connectivity.ts";
import { DOOR, doorRegisters } from "../../scripts/card/door.ts";
import { CARD_KERNELS, HOST_KERNELS, NETWORK_KERNELS } from "../../scripts/card/kernels.ts";
import { MEMORY_PORT } from "../../scripts/card/movers.ts";
import { modulePorts, modulesOf, streamsOf } from "../../scripts/card/ports.ts";
import { buildTop } from "../../scripts/rtl/build.ts";
import { missingRtlTools } from "../../scripts/rtl/tools.ts";
import { KIND, OFFSET } from "../../serialize/header.ts";
import { longTest, sized } from "../support/long.ts";
import { readXml } from "../support/xml.ts";
import { cardFile, tclRegisters, tclWords } from "./card.ts";
import { linkedNetwork, type LinkFile, readLinks } from "./card_links.ts";
import { ITEM, LONGEST, packetOf, PLAN, seal, verdict } from "./packets.ts";
import { drive } from "./rtl.ts";

const RTL = fileURLToPath(new URL("../../kernels/rtl/", import.meta.url));
/** Kernels that the quick suite links: placed, in the order of flows, and in host mode. */
const QUICK = ["onpath_image", "onpath_rows", "onpath_tokenize_host"];
const COUNTS = [1, ...INSTANCES];

const portsOf = async (name: string) =>
  modulePorts(
    await (name === DOOR.name ? readFile(`${RTL}${name}.sv`, "utf8") : cardFile(`${name}/${name}.sv`)),
    name,
  );
const linksOf = async (name: string, count: number) =>
  readLinks(await cardFile(`${name}/${linkFile(count)}`));

/** The end on the other side of a stream's only link, as text. */
function across({ links }: LinkFile, unit: string, stream: string): string {
  const found = links.flatMap(([from, to]) => [[from, to], [to, from]] as const)
    .filter(([each]) => each.unit === unit && each.stream === stream);
  assert.equal(found.length, 1, `${unit}.${stream}`);
  return `${found[0]![1].unit}.${found[0]![1].stream}`;
}

for (const { name, mode, keepsOrder } of CARD_KERNELS) {
  Deno.test(`${name}: with several instances every stream has one link, in its direction`, async () => {
    for (const count of COUNTS) {
      const { units, links } = await linksOf(name, count);
      const own = Array.from({ length: count }, (_, n) => `${name}_${n}`);
      assert.deepEqual([...units].filter(([, kind]) => kind === name).map(([unit]) => unit), own);
      const spread = [...units].filter(([, kind]) => kind.startsWith("onpath_spread"));
      assert.deepEqual(
        spread.map(([, kind]) => SPREADS.find((each) => each.name === kind)),
        mode === "host" || count === 1
          ? []
          : [SPREADS.find((each) => each.instances === count && each.keepsOrder === keepsOrder)!],
      );
      const known = new Map(
        await Promise.all(
          [...own, ...mode === "host" ? [] : ["door_0"], ...spread.map(([unit]) => unit)].map(async (unit) =>
            [unit, streamsOf(await portsOf(units.get(unit)!))] as const
          ),
        ),
      );
      for (const [unit, streams] of known) {
        for (const [side, reads] of [[0, false], [1, true]] as const) {
          assert.deepEqual(
            links.map((link) => link[side]).filter((end) => end.unit === unit).map(({ stream }) => stream)
              .sort(),
            streams.filter((stream) => stream.reads === reads).map(({ name }) => name).sort(),
            unit,
          );
        }
      }
      // Both ends of a link between two kernels of this project have one width.
      for (const [from, to] of links) {
        const [out, into] = [from, to].map(({ unit, stream }) =>
          known.get(unit)?.find(({ name }) => name === stream)
        );
        if (out !== undefined && into !== undefined) {
          assert.deepEqual([out.width, out.dest], [into.width, into.dest]);
        }
      }
      const linked = new Set(links.flatMap((ends) => ends.map(({ unit }) => unit)));
      assert.deepEqual([...linked].sort(), [...units.keys()].sort());
    }
  });
}

for (const { name } of NETWORK_KERNELS) {
  Deno.test(`${name}: an instance's answers return to its place, and each instance has a mover of tables`, async () => {
    for (const count of INSTANCES) {
      const file = await linksOf(name, count);
      assert.equal(across(file, "networklayer_0", "M_AXIS_nl2sk"), "door_0.s_axis");
      assert.equal(across(file, "door_0", "m_axis"), "spread_0.s_axis");
      assert.equal(across(file, "networklayer_0", "S_AXIS_sk2nl"), "spread_0.m_axis");
      const movers = new Set<string>();
      for (let n = 0; n < count; n++) {
        assert.equal(across(file, "spread_0", `m_axis_${n}`), `${name}_${n}.s_axis`);
        assert.equal(across(file, "spread_0", `s_axis_${n}`), `${name}_${n}.m_axis`);
        const [mover, stream] = across(file, `${name}_${n}`, "s_axis_table").split(".");
        assert.deepEqual([file.units.get(mover!), stream], ["krnl_mm2s", "k2n"]);
        assert.equal(file.slrs.get(mover!), file.slrs.get(`${name}_${n}`));
        movers.add(mover!);
      }
      assert.equal(movers.size, count);
      // An SLR for each, of which SLR2 has the Ethernet port.
      assert.deepEqual([...file.slrs.keys()].sort(), [...file.units.keys()].sort());
      assert.deepEqual([...new Set(file.slrs.values())].sort(), ["SLR1", "SLR2"]);
      for (const unit of ["cmac_0", "networklayer_0", "door_0", "spread_0"]) {
        assert.equal(file.slrs.get(unit), "SLR2");
      }
    }
  });
}

for (const { name, hasWords } of HOST_KERNELS) {
  Deno.test(`${name}: each instance has its movers, and each memory port a bank of HBM`, async () => {
    const kinds = moversOf(name);
    for (const count of COUNTS) {
      const file = await linksOf(name, count);
      assert.equal(file.units.size, 3 * count);
      const ports: string[] = [];
      for (let n = 0; n < count; n++) {
        const unit = `${name}_${n}`, movers = moverInstances(unit);
        assert.deepEqual([file.units.get(movers.packets), file.units.get(movers.tables)], [
          kinds.packets,
          kinds.tables,
        ]);
        assert.equal(across(file, unit, "s_axis"), `${movers.packets}.m_axis`);
        assert.equal(across(file, unit, "m_axis"), `${movers.packets}.s_axis`);
        assert.equal(across(file, unit, "m_axis_quiet"), `${movers.packets}.s_axis_quiet`);
        assert.equal(across(file, unit, "s_axis_table"), `${movers.tables}.m_axis_table`);
        ports.push(...Object.values(movers), ...(hasWords ? [unit] : []));
      }
      assert.deepEqual(
        [...file.banks.keys()].sort(),
        ports.map((unit) => `${unit}.${MEMORY_PORT.name}`).sort(),
      );
      const banks = [...file.banks.values()].map((bank) => Number(/^HBM\[(\d+)\]$/.exec(bank)![1]));
      assert.equal(new Set(banks).size, banks.length);
      assert(banks.every((bank) => bank < 32));
    }
  });
}

for (const { name, instances } of SPREADS) {
  Deno.test(`${name}: kernel.xml and the script name the streams and files of the top, and no start`, async () => {
    const top = await portsOf(name);
    const streams = streamsOf(top);
    assert.equal(streams.length, 2 * instances + 2);
    const [kernel] = readXml(await cardFile(`${name}/kernel.xml`)).children;
    assert.deepEqual(
      [kernel!.attributes.name, kernel!.attributes.hwControlProtocol, kernel!.attributes.interrupt],
      [name, "ap_ctrl_none", "false"],
    );
    const [ports, list] = kernel!.children.map(({ children }) => children.map((each) => each.attributes));
    assert.deepEqual(
      ports!.map(({ name, mode, dataWidth, portType }) => ({ name, mode, dataWidth, portType })),
      streams.map(({ name, reads, width }) => ({
        name,
        mode: reads ? "read_only" : "write_only",
        dataWidth: String(width),
        portType: "stream",
      })),
    );
    assert.deepEqual(
      list!.map(({ port, addressQualifier, type }) => [port, addressQualifier, type]),
      streams.map(({ name, width, dest }) => [name, "4", `stream<ap_axiu<${width},0,0,${dest}>>&`]),
    );
    const script = await cardFile(`${name}/package_kernel.tcl`);
    assert.deepEqual(
      /^foreach bus \{(.*)\} \{/m.exec(script)![1]!.split(" "),
      streams.map(({ name }) => name),
    );
    assert(!script.includes("s_axi_control"));
    const modules = tclWords(/^foreach module \{\n(.*?)\n\} \{/ms.exec(script)![1]!);
    const sources: Record<string, string> = { [name]: await cardFile(`${name}/${name}.sv`) };
    for (const module of modules) sources[module] = await readFile(`${RTL}${module}.sv`, "utf8");
    assert.deepEqual(modulesOf(sources, name).filter((module) => module !== name), modules);
  });
}

Deno.test("onpath_door: kernel.xml and the script name its streams, registers and files", async () => {
  const { name, arguments: list } = DOOR;
  const streams = streamsOf(await portsOf(name));
  assert.deepEqual(streams.map(({ name, reads, width, dest }) => [name, reads, width, dest]), [
    ["s_axis", true, 512, 16],
    ["m_axis", false, 512, 16],
  ]);
  const [kernel] = readXml(await cardFile(`${name}/kernel.xml`)).children;
  assert.deepEqual([kernel!.attributes.name, kernel!.attributes.hwControlProtocol], [name, "ap_ctrl_hs"]);
  const [ports, args] = kernel!.children.map(({ children }) => children.map((each) => each.attributes));
  assert.deepEqual(ports!.map(({ name }) => name), ["s_axi_control", "s_axis", "m_axis"]);
  assert.deepEqual(
    args!.map(({ name, offset }) => [name, Number(offset)]),
    [...list.map(({ name }, at) => [name, argumentAddress(at)]), ["s_axis", 0], ["m_axis", 0]],
  );
  const script = await cardFile(`${name}/package_kernel.tcl`);
  assert.deepEqual(
    tclRegisters(script).map(({ name, address }) => [name, address]),
    doorRegisters().map(({ name, address }) => [name, address]),
  );
  const counters = doorRegisters().filter(({ name }) => name.startsWith("count_"));
  assert.deepEqual(
    counters.map(({ address }) => address),
    Object.values(DOOR_COUNTER).map(counterAddress),
  );
  const modules = tclWords(/^foreach module \{\n(.*?)\n\} \{/ms.exec(script)![1]!);
  assert.deepEqual(modules, ["axil_control", "drop_queue"]);
});

function hasMake(): boolean {
  try {
    execFileSync("make", ["--version"]);
    return true;
  } catch {
    return false;
  }
}

Deno.test({
  name: "Makefile: links the object files that a link file names, and refuses other numbers of instances",
  ignore: process.env.CI === undefined && !hasMake(),
  fn: async () => {
    const folder = await mkdtemp(join(tmpdir(), "onpath-make-"));
    const make = (...values: string[]) =>
      execFileSync("make", ["-f", `${RTL}card/Makefile`, ...values], {
        cwd: folder,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      });
    const stack = join(folder, "vnx/NetLayers/100G-fpga-network-stack-core");
    try {
      assert.throws(
        () => make("config", "DEVICE=d", "VNX=vnx"),
        /Cannot link onpath_image: vnx is no clone of VNx/,
      );
      await mkdir(stack, { recursive: true });
      await writeFile(join(stack, "Makefile"), "");
      for (
        const [platform, isLower] of [["xilinx_u55c_gen3x16", true], ["xilinx_u250_gen3x16", false]] as const
      ) {
        for (
          const { name, mode } of sized(
            CARD_KERNELS,
            CARD_KERNELS.filter(({ name }) => QUICK.includes(name)),
          )
        ) {
          for (const count of COUNTS) {
            const values = [`KERNEL=${name}`, `INSTANCES=${count}`, `DEVICE=${platform}`, "VNX=vnx"];
            make("config", ...values);
            const suffix = count === 1 ? "" : `_${count}`;
            const text = await readFile(join(folder, "build", name, `link${suffix}.cfg`), "utf8");
            const file = readLinks(text.replace(/\n\[advanced\]\n.*\n\[vivado\]\n.*\n$/, ""));
            const slrs = [...new Set(file.slrs.values())];
            if (mode === "network") {
              assert(
                slrs.every((slr) => (isLower ? ["SLR0", "SLR1"] : ["SLR1", "SLR2"]).includes(slr)),
                `${slrs}`,
              );
            } else assert([...file.banks.values()].every((bank) => bank === "DDR[0]" !== isLower));
            // The kernels of the file, as `make` links them.
            const steps = make("-n", "-i", "xclbin", ...values);
            const link = /v\+\+ -l(?:.*\\\n)*.*/.exec(steps)![0];
            const objects = [...link.matchAll(/\/(\w+)\.xo\b/g)].map(([, object]) => object!);
            assert.deepEqual([...new Set(objects)].sort(), [...new Set(file.units.values())].sort());
            for (const object of objects.filter((each) => each.startsWith("onpath"))) {
              assert.match(steps, new RegExp(`-tclargs \\S*/${object}\\.xo`), object);
            }
          }
        }
      }
      for (const count of ["0", "3", "16", "x"]) {
        assert.throws(
          () => make("config", `INSTANCES=${count}`, "DEVICE=d", "VNX=v"),
          new RegExp(`Cannot link onpath_image: INSTANCES=${count} is invalid, expected 1, 2, 4 or 8`),
        );
      }
      const invalid: Readonly<Record<string, RegExp>> = {
        "KERNEL=nosuch": /Cannot build nosuch: there is no such kernel/,
        "KERNEL=onpath_door": /Cannot link onpath_door: it is linked with a kernel/,
        "DEVICE=": /Cannot link onpath_image: DEVICE or VNX is missing/,
        "INTERFACE=2": /Cannot link onpath_image: INTERFACE=2 is invalid/,
        "INTERFACE=1": /Cannot link onpath_image: INTERFACE=1 is invalid/,
      };
      for (const [value, message] of Object.entries(invalid)) {
        // An invalid call ends before any tool starts.
        assert.throws(() => make("xclbin", "DEVICE=xilinx_u50_gen3x16", "VNX=vnx", value), message);
      }
      make("config", "DEVICE=xilinx_u55c_gen3x16", "VNX=vnx", "INTERFACE=1");
      // Folders of Vitis may be on the path of this machine.
      assert.throws(
        () => make("xo", "KERNEL=onpath_echo", "PATH=/usr/bin:/bin"),
        /Cannot build onpath_echo: vivado is missing, source settings64\.sh of Vitis/,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  },
});

const missing = process.env.CI === undefined ? await missingRtlTools() : null;

for (const { name: spread, instances, keepsOrder } of SPREADS) {
  const title = `${spread}: the linked design of ${instances} echoes returns each packet to its socket`;
  if (missing !== null) {
    Deno.test({ name: `${title} (skipped: ${missing})`, ignore: true, fn: () => {} });
    continue;
  }
  longTest(title, async () => {
    // The file of a kernel behind this spread, with echoes in its place.
    const kernel = NETWORK_KERNELS.find((each) => each.keepsOrder === keepsOrder)!.name;
    const text = await cardFile(`${kernel}/${linkFile(instances)}`);
    const file = readLinks(text.replaceAll(kernel, "onpath_echo"));
    const top = "linked_network";
    const folder = await mkdtemp(join(tmpdir(), "onpath-links-"));
    try {
      await cp(RTL, folder, { recursive: true, filter: (path) => !path.endsWith("generated") });
      const kinds = ["onpath_echo", DOOR.name, spread];
      const ports = Object.fromEntries(
        await Promise.all(kinds.map(async (kind) => [kind, await portsOf(kind)])),
      );
      await writeFile(join(folder, `${top}.sv`), linkedNetwork(top, file, "onpath_echo", ports));
      const wasm = await buildTop(folder, { name: top, top, parameters: {}, effort: "-O1" });
      const { instance } = await WebAssembly.instantiate(Uint8Array.from(wasm), {});
      const rtl = drive(driveRtl(instance.exports as unknown as RtlExports));
      rtl.configure(PLAN, KIND.cells, LONGEST, ITEM);
      const flowOf = (packet: Uint8Array) =>
        new DataView(packet.buffer, packet.byteOffset).getUint32(OFFSET.flow, true);
      fc.assert(
        fc.property(
          fc.array(
            fc.record({
              flow: fc.nat(9),
              items: fc.integer({ min: 1, max: LONGEST / ITEM }),
              bad: fc.nat(9),
            }),
            { minLength: 1, maxLength: 60 },
          ),
          fc.record({ send: fc.nat(9), take: fc.nat(9), seed: fc.nat() }),
          (list, pauses) => {
            const packets = list.map(({ flow, items, bad }, at) => {
              const packet = packetOf(items * ITEM, at % 7, 100, at);
              const view = new DataView(packet.buffer);
              view.setUint32(OFFSET.flow, flow, true);
              view.setUint32(OFFSET.crc, seal(packet), true);
              if (bad === 0) packet[80]! ^= 1;
              return packet;
            });
            const { answers, answered } = rtl.run(packets, pauses, packets.map((_, at) => at));
            const sound = packets.flatMap((packet, at) => verdict(packet) === "none" ? [at] : []);
            // A socket is the number of its packet.
            assert.deepEqual([...answered].sort((a, b) => a - b), sound);
            answers.forEach((answer, n) => assert.deepEqual(answer, packets[answered[n]!]));
            if (!keepsOrder) return;
            for (let flow = 0; flow < 10; flow++) {
              const order = answered.filter((_, n) => flowOf(answers[n]!) === flow);
              assert.deepEqual(order, [...order].sort((a, b) => a - b));
            }
          },
        ),
        { numRuns: 40 },
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}
