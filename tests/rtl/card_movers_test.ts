import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { argumentAddress } from "../../kernels/rtl/registers.ts";
import { MOVER } from "../../kernels/rtl/movers.ts";
import { emulatedXclbin } from "../../runtime/device/emulation/image.ts";
import { readXclbin } from "../../runtime/device/xrt/xclbin/xclbin_read.ts";
import { CARD_MOVERS, MEMORY_PORT } from "../../scripts/card/movers.ts";
import { modulePorts, modulesOf, type Port } from "../../scripts/card/ports.ts";
import { readXml } from "../support/xml.ts";
import { cardFile, tclRegisters, tclWords } from "./card.ts";
import { openHost, UNIT } from "./host.ts";

const RTL = fileURLToPath(new URL("../../kernels/rtl/", import.meta.url));

const sourceOf = (module: string) => readFile(`${RTL}${module}.sv`, "utf8");

for (const { name, arguments: list } of CARD_MOVERS) {
  const ports = async () => modulePorts(await sourceOf(name), name);
  const lists = async () => {
    const root = readXml(await cardFile(`${name}/kernel.xml`));
    const [kernel] = root.children;
    assert.deepEqual([root.tag, kernel!.tag, kernel!.attributes.name], ["root", "kernel", name]);
    return kernel!.children.map(({ children }) => children.map((each) => each.attributes));
  };

  Deno.test(`${name}: kernel.xml names the interfaces of the top, in their direction and width`, async () => {
    const [portList] = await lists();
    const top = await ports();
    const bit = (port: string): Port | undefined => top.find((each) => each.name === port);
    for (const { name: port, mode, dataWidth, portType } of portList!) {
      if (portType === "stream") {
        assert.equal(bit(`${port}_tdata`)?.width, Number(dataWidth), port);
        assert.equal(bit(`${port}_tvalid`)?.direction, mode === "read_only" ? "input" : "output", port);
      } else if (mode === "master") {
        assert.equal(port, MEMORY_PORT.name);
        assert.equal(bit(`${port}_rdata`)?.width, Number(dataWidth));
        assert.deepEqual(bit(`${port}_araddr`), {
          name: `${port}_araddr`,
          direction: "output",
          width: 64,
        });
        // Both directions go by one port where there is something to write.
        const writes = bit(`${port}_wdata`);
        assert(writes === undefined || writes.width === Number(dataWidth));
      } else {
        assert.deepEqual([port, mode, bit(`${port}_wdata`)?.width], ["s_axi_control", "slave", 32]);
      }
    }
    const interfaces = top.filter((port) => /_(t|ar)valid$/.test(port.name));
    assert.equal(portList!.length, interfaces.length);
  });

  Deno.test(`${name}: kernel.xml has the arguments that the host sets, as the emulated card has them`, async () => {
    const [portList, argList] = await lists();
    assert.deepEqual(argList!.map(({ id }) => Number(id)), argList!.map((_, at) => at));
    for (const { port } of argList!) assert(portList!.some(({ name }) => name === port), port);
    const set = argList!.filter(({ addressQualifier }) => addressQualifier !== "4");
    assert.deepEqual(
      set.map(({ name, addressQualifier, port, size, hostSize, offset }) => ({
        name,
        kind: addressQualifier === "1" ? "buffer" : "scalar",
        port,
        bytes: [Number(size), Number(hostSize)],
        offset: Number(offset),
      })),
      list.map(({ name, kind }, place) => ({
        name,
        kind,
        port: kind === "buffer" ? MEMORY_PORT.name : "s_axi_control",
        bytes: kind === "buffer" ? [8, 8] : [4, 4],
        offset: argumentAddress(place),
      })),
    );
    const emulated = readXclbin(emulatedXclbin()).kernels.find((kernel) => kernel.name === name)!;
    assert.deepEqual(
      set.map(({ name, addressQualifier, offset }) => [name, addressQualifier === "1", Number(offset)]),
      emulated.arguments.map(({ name, kind, offset }) => [name, kind === "buffer", offset]),
    );
    assert.deepEqual(
      argList!.slice(set.length).map(({ name, addressQualifier }) => [name, addressQualifier]),
      portList!.filter(({ portType }) => portType === "stream").map(({ name }) => [name, "4"]),
    );
  });

  Deno.test(`${name}: the packaging script names interfaces, registers and files that there are`, async () => {
    const script = await cardFile(`${name}/package_kernel.tcl`);
    const top = await ports();
    const buses = /^foreach bus \{(.*)\} \{/m.exec(script)![1]!.split(" ");
    const valid = (bus: string) => (port: Port) =>
      port.name === `${bus}_tvalid` || port.name === `${bus}_arvalid`;
    for (const bus of buses) assert(top.some(valid(bus)), bus);
    assert.equal(buses.length, top.filter((port) => /_(t|ar)valid$/.test(port.name)).length);
    // Control and interrupts, then the arguments; those that are addresses have 64 bits and the port of memory.
    assert.deepEqual(
      tclRegisters(script).slice(4).map(({ name, address }) => [name, address]),
      list.map(({ name }, place) => [name, argumentAddress(place)]),
    );
    const [, buffers] = /lsearch -exact \{(.*?)\}/.exec(script)!;
    assert.deepEqual(
      tclWords(buffers!),
      list.filter(({ kind }) => kind === "buffer").map(({ name }) => name),
    );
    assert.match(script, new RegExp(`set_property value ${MEMORY_PORT.name} \\$port\n`));
    const modules = tclWords(/^foreach module \{\n(.*?)\n\} \{/ms.exec(script)![1]!);
    const sources: Record<string, string> = {};
    for (const module of [name, ...modules]) sources[module] = await sourceOf(module);
    assert.deepEqual(modulesOf(sources, name).filter((module) => module !== name), modules);
    assert.match(script, new RegExp(`^set from \\[open \\[file join \\$rtl ${name}\\.sv\\]\\]$`, "m"));
  });

  Deno.test(`${name}: the RTL's arguments are at the offsets of kernel.xml, in all their bytes`, async () => {
    const { read, write } = await openHost();
    const unit = name === MOVER.packets ? UNIT.packets : UNIT.tables;
    const [, args] = readXml(await cardFile(`${name}/kernel.xml`)).children[0]!.children;
    const words = args!.children.filter(({ attributes }) => attributes.addressQualifier !== "4")
      .flatMap(({ attributes: { offset, size } }) =>
        Array.from({ length: Number(size) / 4 }, (_, n) => Number(offset) + 4 * n)
      );
    const values = words.map((offset) => (offset * 2654435761) >>> 0);
    words.forEach((offset, at) => write(unit, offset, values[at]!));
    assert.deepEqual(words.map((offset) => read(unit, offset) >>> 0), values);
    // What XRT writes behind the last argument goes nowhere.
    const end = Math.ceil((words.at(-1)! + 4) / 8) * 8;
    for (let offset = end; offset < 0x200; offset += 4) write(unit, offset, 0xffffffff);
    assert.deepEqual(words.map((offset) => read(unit, offset) >>> 0), values);
    assert.equal(read(unit, end), 0);
  });
}
