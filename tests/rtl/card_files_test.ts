import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { argumentAddress, COUNTER, counterAddress } from "../../kernels/rtl/registers.ts";
import { generateCard } from "../../scripts/card/generate.ts";
import { CARD_KERNELS, HOST_KERNELS, WORDS } from "../../scripts/card/kernels.ts";
import { linkedName } from "../../scripts/card/links.ts";
import { MEMORY_PORT } from "../../scripts/card/movers.ts";
import { modulePorts, modulesOf } from "../../scripts/card/ports.ts";
import { readXml } from "../support/xml.ts";
import { cardFile, tclRegisters, tclWords } from "./card.ts";

const RTL = fileURLToPath(new URL("../../kernels/rtl/", import.meta.url));

Deno.test("card: the committed files are what is generated, and there are no others but the README", async () => {
  const files = await generateCard(RTL);
  for (const [path, text] of Object.entries(files)) assert.equal(await cardFile(path), text, path);
  const there = await readdir(`${RTL}card`, { recursive: true, withFileTypes: true });
  assert.equal(there.filter((entry) => entry.isFile()).length, Object.keys(files).length + 1);
});

for (const { name, arguments: list, mode: source, hasWords } of CARD_KERNELS) {
  const ports = async () => modulePorts(await cardFile(`${name}/${name}.sv`), name);
  const document = async () => readXml(await cardFile(`${name}/kernel.xml`));

  Deno.test(`${name}: kernel.xml is well-formed, its ports are those of the top, its arguments the host's`, async () => {
    const root = await document();
    const [kernel] = root.children;
    assert.deepEqual([root.tag, kernel!.tag, kernel!.attributes.name], ["root", "kernel", name]);
    const [portList, argList] = kernel!.children.map(({ children }) =>
      children.map((each) => each.attributes)
    );
    const top = await ports();
    const bits = (port: string) => top.find((each) => each.name === port);
    for (const { name: port, mode, dataWidth } of portList!) {
      if (port === "s_axi_control") {
        assert.equal(mode, "slave");
        assert.equal(bits("s_axi_control_wdata")?.width, 32);
        continue;
      }
      if (port === MEMORY_PORT.name) {
        assert.deepEqual([hasWords, mode, bits(`${port}_rdata`)?.width], [true, "master", Number(dataWidth)]);
        continue;
      }
      assert.equal(bits(`${port}_tdata`)?.width, Number(dataWidth), port);
      assert.equal(bits(`${port}_tvalid`)?.direction, mode === "read_only" ? "input" : "output", port);
    }
    // No interface of the top is left out.
    const streams = top.filter((port) => port.name.endsWith("_tvalid"));
    assert.equal(portList!.length, streams.length + (hasWords ? 2 : 1));
    assert.deepEqual(argList!.map(({ id }) => Number(id)), argList!.map((_, at) => at));
    for (const { port } of argList!) assert(portList!.some(({ name }) => name === port), port);
    const scalars = argList!.filter(({ addressQualifier }) => addressQualifier === "0");
    assert.deepEqual(scalars.map(({ name }) => name), list.map(({ name }) => name));
    assert.deepEqual(scalars.map(({ offset }) => Number(offset)), list.map((_, at) => argumentAddress(at)));
    const buffers = argList!.filter(({ addressQualifier }) => addressQualifier === "1");
    assert.deepEqual(
      buffers.map(({ name, offset }) => [name, Number(offset)]),
      hasWords ? [[WORDS.name, argumentAddress(list.length)]] : [],
    );
    assert.deepEqual(
      argList!.slice(scalars.length + buffers.length).map((
        { name, addressQualifier },
      ) => [name, addressQualifier]),
      portList!.slice(hasWords ? 2 : 1).map(({ name }) => [name, "4"]),
    );
    assert(scalars.every(({ offset, size }) => Number(offset) + Number(size) <= counterAddress(0)));
  });

  Deno.test(`${name}: the packaging script names interfaces, registers and files that there are`, async () => {
    const script = await cardFile(`${name}/package_kernel.tcl`);
    const top = await ports();
    const buses = /^foreach bus \{(.*)\} \{/m.exec(script)![1]!.split(" ");
    for (const bus of buses) {
      assert(top.some((port) => port.name === `${bus}_tvalid` || port.name === `${bus}_arvalid`), bus);
    }
    assert.equal(buses.length, top.filter((port) => /_tvalid$|_arvalid$/.test(port.name)).length);
    const registers = tclRegisters(script);
    assert.equal(new Set(registers.map(({ name }) => name)).size, registers.length);
    assert.equal(new Set(registers.map(({ address }) => address)).size, registers.length);
    assert.equal(registers.at(-1)!.address, counterAddress(Math.max(...Object.values(COUNTER))));
    const modules = tclWords(/^foreach module \{\n(.*?)\n\} \{/ms.exec(script)![1]!);
    const sources: Record<string, string> = { [name]: await cardFile(`${name}/${name}.sv`) };
    for (const module of modules) sources[module] = await readFile(`${RTL}${module}.sv`, "utf8");
    assert.deepEqual(modulesOf(sources, name).filter((module) => module !== name), modules);
  });

  Deno.test(`${name}: the links name streams of the top, in their direction, each once`, async () => {
    const config = await cardFile(`${name}/connectivity.cfg`);
    const streams = (await ports()).filter((port) => port.name.endsWith("_tvalid"));
    const own = (end: string) => end.startsWith(`${name}_0.`) ? [end.slice(name.length + 3)] : [];
    const links = [...config.matchAll(/^stream_connect=(\S+):(\S+)$/gm)];
    for (const [direction, side] of [["output", 1], ["input", 2]] as const) {
      assert.deepEqual(
        links.flatMap((link) => own(link[side]!)).sort(),
        streams.filter((port) => port.direction === direction).map(({ name }) => name.slice(0, -7)).sort(),
      );
    }
    // Every unit of a link and of an SLR is one of those that are made.
    const units = [...config.matchAll(/^nk=\w+:(\d+):(\S+)$/gm)].flatMap(([, count, list]) => {
      assert.equal(list!.split(".").length, Number(count));
      return list!.split(".");
    });
    const placed = [...config.matchAll(/^(?:slr|sp)=(\w+)[.:]/gm)].map(([, unit]) => unit!).sort();
    const withMemory = units.filter((unit) => hasWords || unit !== `${name}_0`);
    assert.deepEqual(placed, [...source === "host" ? withMemory : units].sort());
    const linked = links.flatMap(([, from, to]) => [from!, to!]).map((end) => end.split(".")[0]!);
    assert.deepEqual([...new Set(linked)].sort(), [...units].sort());
  });
}

for (const kernel of HOST_KERNELS) {
  Deno.test(`${kernel.name}: the emulated card's module has the links of v++'s configuration`, async () => {
    const config = await cardFile(`${kernel.name}/connectivity.cfg`);
    const source = await cardFile(`${kernel.name}/${linkedName(kernel)}.sv`);
    const partOf = (unit: string) => unit.match(/^(packets|tables)_/)?.[1] ?? "kernel";
    // The signal of a port of an instance, as the SystemVerilog connects it.
    const signal = (part: string, port: string) => {
      const instance = new RegExp(`  \\w+ u_${part} \\(\\n(.*?)\\n  \\);`, "s").exec(source)![1]!;
      return new RegExp(`\\.${port}\\((\\w+)\\)`).exec(instance)?.[1];
    };
    const links = [...config.matchAll(/^stream_connect=(\w+)\.(\w+):(\w+)\.(\w+)$/gm)];
    assert.equal(links.length, 4);
    for (const [, from, out, to, into] of links) {
      for (const end of ["tvalid", "tready", "tdata"]) {
        const found = signal(partOf(from!), `${out}_${end}`);
        assert(found !== undefined && found === signal(partOf(to!), `${into}_${end}`), `${out}_${end}`);
      }
    }
  });
}

Deno.test("card: ports that are written in another way are refused, not left out", () => {
  const read = (ports: string) => modulePorts(`module a (\n${ports}\n);\nendmodule`, "a");
  assert.deepEqual(read("  input logic [7:0] b,  // , input\n  output logic c"), [
    { direction: "input", name: "b", width: 8 },
    { direction: "output", name: "c", width: 1 },
  ]);
  assert.throws(() => read("  input logic [W-1:0] b"), /^Error: Cannot read the ports of a/);
  assert.throws(() => read("  input wire b"), /^Error: Cannot read the ports of a/);
  assert.throws(() => modulePorts("", "a"), /the module is missing/);
  assert.throws(() => modulesOf({}, "a"), /^Error: Cannot list modules/);
});
