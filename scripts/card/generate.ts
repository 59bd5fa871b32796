/**
 * Generates all files for a card from the SystemVerilog and the description of the registers.
 *
 * @module
 */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { moversOf } from "../../kernels/rtl/movers.ts";
import { INSTANCES, SPREADS } from "../../kernels/rtl/spreads.ts";
import { connectivity, linkFile } from "./connectivity.ts";
import { DOOR, doorRegisters } from "./door.ts";
import { kernelXml } from "./kernel_xml.ts";
import { CARD_KERNELS, WORDS } from "./kernels.ts";
import { hostConnectivity, linkedName, linkedTop } from "./links.ts";
import { makefile } from "./makefile.ts";
import { buffersOf, CARD_MOVERS, moverRegisters } from "./movers.ts";
import { packageTcl } from "./package_tcl.ts";
import { modulePorts, modulesOf, streamsOf } from "./ports.ts";
import { kernelRegisters } from "./registers.ts";
import { spreadPorts, spreadTop } from "./spreads.ts";
import { verilogTop } from "./verilog_top.ts";
import { cardTop, topPorts } from "./wrapper.ts";

/**
 * Generates the files.
 *
 * @param rtl Folder of the SystemVerilog; it is only read.
 * @returns Texts by path, relative to the folder `card` in `rtl`.
 */
export async function generateCard(rtl: string): Promise<Record<string, string>> {
  const sources: Record<string, string> = {};
  for (const file of (await readdir(rtl)).filter((name) => name.endsWith(".sv"))) {
    sources[file.slice(0, -".sv".length)] = await readFile(join(rtl, file), "utf8");
  }
  const files: Record<string, string> = {};
  const portsOf = (name: string) => modulePorts(sources[name] ?? "", name);
  const kernels = CARD_KERNELS.map((kernel) => {
    const { name, core, mode, hasWords } = kernel;
    const all = hasWords ? [...kernel.arguments, WORDS] : kernel.arguments;
    const ports = portsOf(core);
    const streams = streamsOf(topPorts(kernel, ports));
    const top = cardTop(kernel, ports);
    const modules = modulesOf({ ...sources, [name]: top }, name).filter((module) => module !== name);
    const registers = kernelRegisters(kernel.arguments, hasWords ? [WORDS] : []);
    files[`${name}/${name}.sv`] = top;
    files[`${name}/${name}.v`] = verilogTop(name, topPorts(kernel, ports));
    files[`${name}/kernel.xml`] = kernelXml({ name, arguments: all }, streams);
    files[`${name}/package_kernel.tcl`] = packageTcl({
      name,
      top: "here",
      streams,
      modules,
      registers,
      buffers: hasWords ? [WORDS.name] : [],
    });
    for (const instances of [1, ...INSTANCES]) {
      files[`${name}/${linkFile(instances)}`] = mode === "host"
        ? hostConnectivity(kernel, instances)
        : connectivity(kernel, streams, instances);
    }
    if (mode === "host") {
      const movers = moversOf(name);
      files[`${name}/${linkedName(kernel)}.sv`] = linkedTop(kernel, topPorts(kernel, ports), {
        packets: portsOf(movers.packets),
        tables: portsOf(movers.tables),
      });
    }
    return { kernel, streams };
  });
  for (const mover of CARD_MOVERS) {
    const { name } = mover;
    const streams = streamsOf(portsOf(name));
    const modules = modulesOf(sources, name).filter((module) => module !== name);
    files[`${name}/${name}.v`] = verilogTop(name, portsOf(name));
    files[`${name}/kernel.xml`] = kernelXml(mover, streams);
    files[`${name}/package_kernel.tcl`] = packageTcl({
      name,
      top: "rtl",
      streams,
      modules,
      registers: moverRegisters(mover),
      buffers: buffersOf(mover),
    });
  }
  const doorStreams = streamsOf(portsOf(DOOR.name));
  files[`${DOOR.name}/${DOOR.name}.v`] = verilogTop(DOOR.name, portsOf(DOOR.name));
  files[`${DOOR.name}/kernel.xml`] = kernelXml(DOOR, doorStreams);
  files[`${DOOR.name}/package_kernel.tcl`] = packageTcl({
    name: DOOR.name,
    top: "rtl",
    streams: doorStreams,
    modules: modulesOf(sources, DOOR.name).filter((module) => module !== DOOR.name),
    registers: doorRegisters(),
    buffers: [],
  });
  for (const spread of SPREADS) {
    const { name } = spread;
    const streams = streamsOf(spreadPorts(spread));
    const top = spreadTop(spread);
    const modules = modulesOf({ ...sources, [name]: top }, name).filter((module) => module !== name);
    files[`${name}/${name}.sv`] = top;
    files[`${name}/${name}.v`] = verilogTop(name, spreadPorts(spread));
    files[`${name}/kernel.xml`] = kernelXml({ name, arguments: [], isFree: true }, streams);
    files[`${name}/package_kernel.tcl`] = packageTcl({
      name,
      top: "here",
      streams,
      modules,
      registers: [],
      buffers: [],
    });
  }
  files["Makefile"] = makefile(kernels, CARD_MOVERS);
  return files;
}
