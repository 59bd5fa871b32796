/**
 * The top module of a kernel for a card: the core, and the two converters between its 256 bits and the 512 of
 * AMD's network shell. Everything but the packets goes straight through.
 *
 * @module
 */

import { type CardKernel, GENERATED } from "./kernels.ts";
import type { Port } from "./ports.ts";

/** The streams of packets, as cores call them. */
const PACKETS = /^[sm]_axis_t(valid|ready|data|keep|last|dest)$/;

/** What Vitis wants clock and reset to be called. */
const VITIS: Readonly<Record<string, string>> = { clk: "ap_clk", rst_n: "ap_rst_n" };

/** Ports of a converter by the end of a packet port's name. */
const ENDS = ["valid", "ready", "data", "keep", "last", "dest"] as const;

/**
 * Makes the ports of the top from those of the core.
 *
 * @param ports The core's ports.
 */
export function cardPorts(ports: readonly Port[]): Port[] {
  return ports.map(({ name, direction, width }) => ({
    name: VITIS[name] ?? name,
    direction,
    width: /^[sm]_axis_t(data|keep)$/.test(name) ? 2 * width : width,
  }));
}

/**
 * Writes the top module.
 *
 * @param kernel The kernel.
 * @param ports The core's ports.
 * @returns The SystemVerilog.
 */
export function cardTop({ name, summary, core, parameters }: CardKernel, ports: readonly Port[]): string {
  const found = ports.filter((port) => PACKETS.test(port.name));
  if (found.length !== 2 * ENDS.length) {
    throw new Error(
      `Cannot make ${name}: ${core} has ${found.length} ports of packets, not ${2 * ENDS.length}`,
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
    `// Packets are 512 bits wide, as AMD's network shell has them, and TDEST is the socket: an answer has its`,
    `// request's.`,
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
