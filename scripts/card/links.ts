/**
 * Host mode: a kernel linked with its two movers before the card's memory. One list of links makes v++'s configuration
 * and the module that the emulated card runs.
 *
 * @module
 */

import { moverInstances, moversOf } from "../../kernels/rtl/movers.ts";
import { type CardKernel, GENERATED } from "./kernels.ts";
import { MEMORY_PORT } from "./movers.ts";
import type { Port } from "./ports.ts";
import { declaration, instanceOf, rangeOf } from "./wrapper.ts";

/** The three kernels of host mode. */
type Part = "kernel" | "packets" | "tables";

/** Streams from one part to another: source and destination. */
const LINKS: readonly (readonly [from: readonly [Part, string], to: readonly [Part, string]])[] = [
  [["packets", "m_axis"], ["kernel", "s_axis"]],
  [["kernel", "m_axis"], ["packets", "s_axis"]],
  [["kernel", "m_axis_quiet"], ["packets", "s_axis_quiet"]],
  [["tables", "m_axis_table"], ["kernel", "s_axis_table"]],
];

/** Memory ports of an instance, in the order of their banks: each has one of HBM's 32, if the platform has HBM. */
const BANKS = ["packets", "tables", "kernel"] as const satisfies readonly Part[];

/** Name of the module that links a kernel with its movers, for the emulated card. */
export function linkedName({ name }: CardKernel): string {
  return `linked_${name.replace(/^onpath_|_host$/g, "")}`;
}

/**
 * Generates v++'s configuration of host mode.
 *
 * @param kernel Kernel in host mode.
 * @param instances Number of instances, each with its own movers and banks.
 * @returns Text of the file.
 */
export function hostConnectivity({ name, hasWords }: CardKernel, instances = 1): string {
  const kinds = moversOf(name);
  const units = Array.from({ length: instances }, (_, n) => {
    const kernel = `${name}_${n}`;
    return { kernel, ...moverInstances(kernel) };
  });
  const names = (part: Part) => units.map((unit) => unit[part]).join(".");
  return [
    `# ${GENERATED}`,
    `# Each memory port has a bank of HBM. On a platform without HBM the Makefile writes DDR[0].`,
    `[connectivity]`,
    `nk=${name}:${instances}:${names("kernel")}`,
    `nk=${kinds.packets}:${instances}:${names("packets")}`,
    `nk=${kinds.tables}:${instances}:${names("tables")}`,
    ``,
    ...units.flatMap((unit, n) =>
      BANKS.flatMap((part, at) =>
        part !== "kernel" || hasWords
          ? [`sp=${unit[part]}.${MEMORY_PORT.name}:HBM[${BANKS.length * n + at}]`]
          : []
      )
    ),
    ``,
    ...units.flatMap((unit) =>
      LINKS.map(([[from, out], [to, into]]) => `stream_connect=${unit[from]}.${out}:${unit[to]}.${into}`)
    ),
    ``,
  ].join("\n");
}

/**
 * Generates the module that links a kernel with its movers, as v++ does. Registers and memory are its ports.
 *
 * @param kernel Kernel in host mode.
 * @param ports Ports of the kernel's top.
 * @param movers Ports of the movers.
 * @returns The SystemVerilog.
 */
export function linkedTop(
  kernel: CardKernel,
  ports: readonly Port[],
  movers: Readonly<Record<"packets" | "tables", readonly Port[]>>,
): string {
  const parts: Readonly<Record<Part, readonly Port[]>> = { kernel: ports, ...movers };
  const streamOf = (part: Part, name: string): string | undefined => {
    const at = LINKS.findIndex((link) => link.some(([each, stream]) => each === part && isOf(stream, name)));
    return at < 0 ? undefined : `link${at}_${name.slice(name.lastIndexOf("_") + 1)}`;
  };
  const outside = (part: Part, name: string): string | undefined =>
    name.startsWith("s_axi_control")
      ? name.replace("control", part === "kernel" ? "core" : part)
      : name.startsWith(MEMORY_PORT.name)
      ? name.replace("gmem", part)
      : undefined;
  const list = Object.entries(parts).map(([part, ports]) => [part as Part, ports] as const);
  const outer = list.flatMap(([part, ports]) =>
    ports.flatMap((port) => {
      const name = outside(part, port.name);
      return name === undefined ? [] : [{ ...port, name }];
    })
  );
  const clocks: Port[] = ["clk", "rst_n"].map((name) => ({ name, direction: "input", width: 1 }));
  const wires = new Map(
    list.flatMap(([part, ports]) => ports.map(({ name, width }) => [streamOf(part, name), width] as const)),
  );
  const module = { kernel: kernel.name, ...moversOf(kernel.name) };
  return [
    `// ${GENERATED}`,
    `//`,
    `// ${kernel.name} with its movers, linked as v++ does by connectivity.cfg: the emulated card runs this module.`,
    `module ${linkedName(kernel)} (`,
    [...clocks, ...outer].map(declaration).join(",\n"),
    `);`,
    ...[...wires].flatMap(([name, width]) => name === undefined ? [] : [`  logic ${rangeOf(width)}${name};`]),
    `  /* verilator lint_off PINCONNECTEMPTY */  // interrupts: XRT polls`,
    ...list.flatMap(([part, ports]) =>
      instanceOf(
        module[part],
        [],
        `u_${part}`,
        ports.map(({ name }) => [
          name,
          name === "ap_clk"
            ? "clk"
            : name === "ap_rst_n"
            ? "rst_n"
            : outside(part, name) ?? streamOf(part, name) ?? "",
        ]),
      )
    ),
    `  /* verilator lint_on PINCONNECTEMPTY */`,
    `endmodule`,
    ``,
  ].join("\n");
}

/** Tests whether a port belongs to a stream. */
function isOf(stream: string, port: string): boolean {
  return port.startsWith(`${stream}_t`) && !port.slice(stream.length + 2).includes("_");
}
