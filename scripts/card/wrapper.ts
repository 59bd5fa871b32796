/**
 * Top module of a kernel for a card: the core, and two converters between its 256 bits and the 512 bits of
 * AMD's network shell. All signals except packets are connected directly.
 *
 * @module
 */

import { type CardKernel, GENERATED } from "./kernels.ts";
import type { Port } from "./ports.ts";

/** Packet streams, as cores name them. */
const PACKETS = /^[sm]_axis_t(valid|ready|data|keep|last|dest)$/;

/** Names that Vitis requires for clock and reset. */
const VITIS: Readonly<Record<string, string>> = { clk: "ap_clk", rst_n: "ap_rst_n" };

/** Signals of a packet port, by the end of the port's name. */
const ENDS = ["valid", "ready", "data", "keep", "last", "dest"] as const;

/**
 * Converts the ports of the core to those of the top.
 *
 * @param ports Ports of the core.
 */
export function cardPorts(ports: readonly Port[]): Port[] {
  return ports.map(({ name, direction, width }) => ({
    name: VITIS[name] ?? name,
    direction,
    width: /^[sm]_axis_t(data|keep)$/.test(name) ? 2 * width : width,
  }));
}

/**
 * Generates the top module.
 *
 * @param kernel Kernel to wrap.
 * @param ports Ports of the core.
 * @returns The SystemVerilog.
 */
export function cardTop({ name, summary, core, parameters }: CardKernel, ports: readonly Port[]): string {
  const found = ports.filter((port) => PACKETS.test(port.name));
  if (found.length !== 2 * ENDS.length) {
    throw new Error(
      `Cannot make ${name}: ${core} has ${found.length} packet ports, expected ${2 * ENDS.length}`,
    );
  }
  const inner = (prefix: string, end: string) => `${prefix === "s" ? "to" : "from"}_${end}`;
  const signals = found.map(({ name, width }) => [inner(name[0]!, name.slice(8)), width] as const);
  const set = Object.entries(parameters).map(([key, value]) => `.${key}(${value})`);
  const converter = (module: string, instance: string, side: "s" | "m") => {
    const outer = (end: string) => `${side}_axis_t${end}`;
    const [first, second] = side === "s" ? [outer, (end: string) => inner("s", end)] : [
      (end: string) => inner("m", end),
      outer,
    ];
    return instanceOf(module, [], instance, [
      ["clk", "ap_clk"],
      ["rst_n", "ap_rst_n"],
      ...ENDS.map((end) => [`s_${end === "dest" ? "user" : end}`, first(end)] as const),
      ...ENDS.map((end) => [`m_${end === "dest" ? "user" : end}`, second(end)] as const),
    ]);
  };
  return [
    `// ${GENERATED}`,
    `//`,
    `// ${core} for a card: ${summary}.`,
    `// Beats are 512 bits wide, as in AMD's network shell. TDEST is the socket; an answer has the socket of its`,
    `// request.`,
    `module ${name} (`,
    cardPorts(ports).map(declaration).join(",\n").replace(
      /^.* interrupt,?$/m,
      (line) =>
        `    /* verilator lint_off SYMRSVDWORD */  // Vitis' name\n${line}\n    /* verilator lint_on SYMRSVDWORD */`,
    ),
    `);`,
    ...signals.map(([signal, width]) => `  logic ${rangeOf(width)}${signal};`),
    ...converter("axis_512_to_256", "u_split", "s"),
    ...instanceOf(
      core,
      set,
      "u_core",
      ports.map((port) => [
        port.name,
        PACKETS.test(port.name) ? inner(port.name[0]!, port.name.slice(8)) : VITIS[port.name] ?? port.name,
      ]),
    ),
    ...converter("axis_256_to_512", "u_pack", "m"),
    `endmodule`,
    ``,
  ].join("\n");
}

function rangeOf(width: number): string {
  return width === 1 ? "" : `[${width - 1}:0] `;
}

function declaration({ direction, name, width }: Port): string {
  return `    ${direction.padEnd(6)} logic ${rangeOf(width).padEnd(8)}${name}`;
}

function instanceOf(
  module: string,
  parameters: readonly string[],
  instance: string,
  ports: readonly (readonly [port: string, signal: string])[],
): string[] {
  return [
    `  ${module} ${parameters.length === 0 ? "" : `#(${parameters.join(", ")}) `}${instance} (`,
    ports.map(([port, signal]) => `      .${port}(${signal})`).join(",\n"),
    `  );`,
  ];
}
