/**
 * Top module of a kernel for a card: the core, and two converters between its 256 bits and the 512 bits of
 * AMD's network shell. All signals except packets are connected directly. In host mode, `quiet_watch` stands before the
 * core's read channel.
 *
 * @module
 */

import { type CardKernel, GENERATED } from "./kernels.ts";
import { WORDS_ERRORS } from "../../kernels/rtl/movers.ts";
import type { Port } from "./ports.ts";

/** Packet streams, as cores name them. */
const PACKETS = /^[sm]_axis_t(valid|ready|data|keep|last|dest)$/;

/** Names that Vitis requires for clock and reset. */
const VITIS: Readonly<Record<string, string>> = { clk: "ap_clk", rst_n: "ap_rst_n" };

/** Data of the stream of tables. Movers send words of 64 bits, unless the kernel has one of its own for pages. */
const TABLE_DATA = "s_axis_table_tdata";

/** Returns the width of a kernel's stream of tables, from that of the core's. */
function tableBits({ mode, hasPages }: CardKernel, width: number): number {
  return mode === "host" && hasPages ? width : 64;
}

/** Signals of a packet port, by the end of the port's name. */
const ENDS = ["valid", "ready", "data", "keep", "last", "dest"] as const;

/**
 * Converts the ports of the core to those of the top.
 *
 * @param kernel Kernel of the top.
 * @param ports Ports of the core.
 */
export function cardPorts(kernel: CardKernel, ports: readonly Port[]): Port[] {
  return ports.map(({ name, direction, width }) => ({
    name: VITIS[name] ?? name,
    direction,
    width: /^[sm]_axis_t(data|keep)$/.test(name)
      ? 2 * width
      : name === TABLE_DATA
      ? tableBits(kernel, width)
      : width,
  }));
}

/**
 * Stream of a kernel in host mode, by which the mover of packets learns that the kernel holds none. The format is that
 * of `quiet_watch`.
 */
const QUIET: readonly Port[] = [
  { name: "m_axis_quiet_tvalid", direction: "output", width: 1 },
  { name: "m_axis_quiet_tready", direction: "input", width: 1 },
  { name: "m_axis_quiet_tdata", direction: "output", width: 64 },
];

/** Read port of a core for words, and the card's memory port in its place. */
const CORE_WORDS = "m_axi_table_";
const WORDS_PORTS: readonly Port[] = ([
  ["output", "arvalid", 1],
  ["input", "arready", 1],
  ["output", "araddr", 64],
  ["output", "arlen", 8],
  ["input", "rvalid", 1],
  ["output", "rready", 1],
  ["input", "rdata", 512],
  ["input", "rlast", 1],
  ["input", "rresp", 2],
] as const).map(([direction, name, width]) => ({ direction, name: `m_axi_gmem_${name}`, width }));

/** Ports of a core through which `quiet_watch` reads a register. */
const WATCHED = ["arvalid", "arready", "araddr", "rvalid", "rready", "rdata"] as const;

/**
 * Lists the ports of a kernel's top.
 *
 * @param kernel Kernel to wrap.
 * @param ports Ports of the core.
 */
export function topPorts(kernel: CardKernel, ports: readonly Port[]): Port[] {
  const { mode, hasWords } = kernel;
  return [
    ...cardPorts(kernel, ports.filter(({ name }) => !name.startsWith(CORE_WORDS))),
    ...(mode === "host" ? QUIET : []),
    ...(hasWords ? WORDS_PORTS : []),
  ];
}

/**
 * Generates the top module.
 *
 * @param kernel Kernel to wrap.
 * @param ports Ports of the core.
 * @returns The SystemVerilog.
 */
export function cardTop(kernel: CardKernel, ports: readonly Port[]): string {
  const { name, summary, core, parameters, mode, hasWords, arguments: list } = kernel;
  const found = ports.filter((port) => PACKETS.test(port.name));
  if (found.length !== 2 * ENDS.length) {
    throw new Error(
      `Cannot make ${name}: ${core} has ${found.length} packet ports, expected ${2 * ENDS.length}`,
    );
  }
  const inner = (prefix: string, end: string) => `${prefix === "s" ? "to" : "from"}_${end}`;
  const isHost = mode === "host";
  const watched = isHost
    ? ports.filter(({ name }) => WATCHED.some((end) => name === `s_axi_control_${end}`))
    : [];
  const words = ports.filter(({ name }) => name.startsWith(CORE_WORDS));
  const signals = [
    ...found.map(({ name, width }) => [inner(name[0]!, name.slice(8)), width] as const),
    ...watched.map(({ name, width }) => [name.replace("s_axi_control", "core"), width] as const),
    ...words.map(({ name, width }) => [name.replace(CORE_WORDS, "words_"), width] as const),
  ];
  const set = Object.entries(parameters).map(([key, value]) => `.${key}(${value})`);
  const converter = (module: string, instance: string, side: "s" | "m") => {
    const outer = (end: string) => `${side}_axis_t${end}`;
    const [first, second] = side === "s" ? [outer, (end: string) => inner("s", end)] : [
      (end: string) => inner("m", end),
      outer,
    ];
    return instanceOf(module, [], instance, [
      ["clk", "ap_clk"],
      ["rst_n", "rst_n"],
      ...ENDS.map((end) => [`s_${end === "dest" ? "user" : end}`, first(end)] as const),
      ...ENDS.map((end) => [`m_${end === "dest" ? "user" : end}`, second(end)] as const),
    ]);
  };
  const passes = (end: string) =>
    `${inner("s", "valid")} && ${inner("s", "ready")} && ${inner("s", "last")}`
      .replaceAll("to_", end);
  const all = topPorts(kernel, ports);
  return [
    `// ${GENERATED}`,
    `//`,
    `// ${core} for a card: ${summary}.`,
    ...(isHost
      ? [
        `// Packets come from the card's memory, by the movers that are linked to the streams. \`quiet_watch\` reads`,
        `// the core's register of packets inside, and reports when a run has ended.`,
      ]
      : [
        `// Beats are 512 bits wide, as in AMD's network shell. TDEST is the socket; an answer has the socket of its`,
        `// request.`,
      ]),
    `module ${name} (`,
    all.map(declaration).join(",\n").replace(
      /^.* interrupt,?$/m,
      (line) =>
        `    /* verilator lint_off SYMRSVDWORD */  // Vitis' name\n${line}\n    /* verilator lint_on SYMRSVDWORD */`,
    ),
    `);`,
    `  logic rst_n;`,
    ...instanceOf("reset_pipe", [], "u_reset", [
      ["clk", "ap_clk"],
      ["rst_n", "ap_rst_n"],
      ["late_rst_n", "rst_n"],
    ]),
    ...signals.map(([signal, width]) => `  logic ${rangeOf(width)}${signal};`),
    ...(isHost
      ? [
        ...(hasWords
          ? [
            `  logic [31:0] words_errors;`,
            `  logic reads_errors;`,
            `  always_ff @(posedge ap_clk)`,
            `    if (s_axi_control_arvalid && s_axi_control_arready)`,
            `      reads_errors <= s_axi_control_araddr == 12'h${WORDS_ERRORS.toString(16)};`,
            `  assign s_axi_control_rdata = reads_errors ? words_errors : core_rdata;`,
            ...instanceOf("words_port", [`.ARGS(${list.length})`], "u_words", [
              ["clk", "ap_clk"],
              ["rst_n", "rst_n"],
              ["write", "s_axi_control_awvalid && s_axi_control_awready"],
              ["write_addr", "s_axi_control_awaddr"],
              ["write_data", "s_axi_control_wdata"],
              ["write_strb", "s_axi_control_wstrb"],
              ...words.map(({ name }) =>
                [name.replace(CORE_WORDS, "core_"), name.replace(CORE_WORDS, "words_")] as const
              ),
              ...WORDS_PORTS.map(({ name }) => [name, name] as const),
              ["errors", "words_errors"],
            ]),
          ]
          : [`  assign s_axi_control_rdata = core_rdata;`]),
        ...instanceOf("quiet_watch", [], "u_watch", [
          ["clk", "ap_clk"],
          ["rst_n", "rst_n"],
          ...WATCHED.filter((end) => end !== "rdata").map((end) =>
            [`host_${end}`, `s_axi_control_${end}`] as const
          ),
          ...WATCHED.map((end) => [`core_${end}`, `core_${end}`] as const),
          ["entered", passes("to_")],
          ["left", passes("from_")],
          ...QUIET.map(({ name }) => [name, name] as const),
        ]),
      ]
      : []),
    ...converter("axis_512_to_256", "u_split", "s"),
    ...instanceOf(
      core,
      set,
      "u_core",
      ports.map((port) => [
        port.name,
        PACKETS.test(port.name)
          ? inner(port.name[0]!, port.name.slice(8))
          : watched.includes(port)
          ? port.name.replace("s_axi_control", "core")
          : words.includes(port)
          ? port.name.replace(CORE_WORDS, "words_")
          : port.name === TABLE_DATA && port.width > tableBits(kernel, port.width)
          ? `{${port.width - tableBits(kernel, port.width)}'d0, ${TABLE_DATA}}`
          : port.name === "clk"
          ? VITIS.clk!
          : port.name,
      ]),
    ),
    ...converter("axis_256_to_512", "u_pack", "m"),
    `endmodule`,
    ``,
  ].join("\n");
}

/** Range of a signal's declaration, with a blank behind it; empty for one bit. */
export function rangeOf(width: number): string {
  return width === 1 ? "" : `[${width - 1}:0] `;
}

/** Declaration of a port. */
export function declaration({ direction, name, width }: Port): string {
  return `    ${direction.padEnd(6)} logic ${rangeOf(width).padEnd(8)}${name}`;
}

/** Lines of an instance. */
export function instanceOf(
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
