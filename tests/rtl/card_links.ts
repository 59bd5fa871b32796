/**
 * Link files of v++, read back, and the design that they describe as SystemVerilog.
 *
 * @module
 */

import assert from "node:assert/strict";
import { declaration, instanceOf, rangeOf } from "../../scripts/card/wrapper.ts";
import type { Port } from "../../scripts/card/ports.ts";

/** An end of a link: an instance and its stream. */
export interface LinkEnd {
  readonly unit: string;
  readonly stream: string;
}

/** A link file. */
export interface LinkFile {
  /** Kernels by instance. */
  readonly units: ReadonlyMap<string, string>;
  /** Banks by instance. */
  readonly banks: ReadonlyMap<string, string>;
  /** SLRs by instance. */
  readonly slrs: ReadonlyMap<string, string>;
  /** Links, from source to destination. */
  readonly links: readonly (readonly [from: LinkEnd, to: LinkEnd])[];
}

/** Reads a link file; a line of another form fails. */
export function readLinks(text: string): LinkFile {
  const units = new Map<string, string>(),
    banks = new Map<string, string>(),
    slrs = new Map<string, string>();
  const links: [LinkEnd, LinkEnd][] = [];
  const end = (text: string): LinkEnd => {
    const [unit, stream, ...rest] = text.split(".");
    assert(stream !== undefined && rest.length === 0, text);
    return { unit: unit!, stream };
  };
  const once = (map: Map<string, string>, unit: string, value: string) => {
    assert(!map.has(unit), `${unit} twice`);
    map.set(unit, value);
  };
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert.equal(lines.shift(), "[connectivity]");
  for (const line of lines) {
    const [key, value, ...rest] = line.split("=");
    assert(value !== undefined && rest.length === 0, line);
    const parts = value.split(":");
    if (key === "nk") {
      const names = parts[2]!.split(".");
      assert.equal(names.length, Number(parts[1]), line);
      for (const name of names) once(units, name, parts[0]!);
    } else if (key === "slr") once(slrs, parts[0]!, parts[1]!);
    else if (key === "sp") once(banks, parts[0]!, parts[1]!);
    else if (key === "stream_connect") links.push([end(parts[0]!), end(parts[1]!)]);
    else assert.fail(line);
  }
  return { units, banks, slrs, links };
}

const SIGNALS = ["tvalid", "tready", "tdata", "tkeep", "tlast", "tdest"] as const;

/** Register of packets inside, by its address in the RTL. */
const PRESENT = "12'h270";

/**
 * The kernels of a link file between two streams of the network layer, as a module for the harness. All instances take
 * the same registers and tables, and the door keeps its defaults. Counters are summed; packets between kernels count as present.
 *
 * @param file Link file in network mode.
 * @param kernel Kernel of the instances.
 * @param ports Ports by kernel.
 */
export function linkedNetwork(
  name: string,
  { units, links }: LinkFile,
  kernel: string,
  ports: Readonly<Record<string, readonly Port[]>>,
): string {
  const own = [...units].filter(([, kind]) => ports[kind] !== undefined);
  const cores = own.filter(([, kind]) => kind === kernel).map(([unit]) => unit);
  // A signal of a link is named by its source; the network layer's two streams are the module's.
  const wire = (unit: string, stream: string, signal: string): string | undefined => {
    const link = links.find((ends) => ends.some((end) => end.unit === unit && end.stream === stream));
    if (link === undefined) return undefined;
    const [from, to] = link;
    if (from.unit === "networklayer_0") return `s_axis_${signal}`;
    if (to.unit === "networklayer_0") return `m_axis_${signal}`;
    if (!own.some(([unit]) => unit === from.unit)) return undefined;
    return `${from.unit}_${from.stream}_${signal}`;
  };
  const control = ports[kernel]!.filter(({ name }) => /^s_axi_control|^interrupt$|^s_axis_table/.test(name));
  const packets = ports[kernel]!.filter(({ name }) =>
    /^[sm]_axis_t(valid|ready|data|keep|last|dest)$/.test(name)
  );
  const clocks: Port[] = ["clk", "rst_n"].map((name) => ({ name, direction: "input", width: 1 }));
  const shared = (unit: string, kind: string, port: Port): string =>
    kind !== kernel
      ? port.direction === "input" ? "'0" : ""
      : port.name === "s_axis_table_tvalid"
      ? `${port.name} && !${unit}_taken`
      : port.direction === "input"
      ? port.name
      : `${unit}_${port.name}`;
  const wires = own.flatMap(([unit, kind]) =>
    ports[kind]!.filter(({ direction }) => direction === "output").flatMap(({ name, width }) => {
      const found = streamSignal(name);
      if (found === undefined) return kind === kernel ? [[`${unit}_${name}`, width] as const] : [];
      return [];
    })
  );
  const linked = links.filter(([from, to]) =>
    [from, to].every(({ unit }) => own.some(([each]) => each === unit))
  );
  const first = cores[0]!;
  const all = (of: (unit: string) => string, joined: string) => cores.map(of).join(joined);
  const passes = (side: string) =>
    `32'(${["valid", "ready", "last"].map((end) => `${side}_t${end}`).join(" && ")})`;
  return [
    `module ${name} (`,
    [...clocks, ...control, ...packets].map((port) =>
      port.name === "interrupt"
        ? `/* verilator lint_off SYMRSVDWORD */\n${declaration(port)}/* verilator lint_on SYMRSVDWORD */`
        : declaration(port)
    ).join(",\n"),
    `);`,
    `  /* verilator lint_off UNUSEDSIGNAL */`,
    `  /* verilator lint_off PINCONNECTEMPTY */`,
    ...wires.map(([name, width]) => `  logic ${rangeOf(width)}${name};`),
    ...linked.flatMap(([from]) =>
      SIGNALS.map((signal) => {
        const { width } = ports[units.get(from.unit)!]!.find(({ name }) =>
          name === `${from.stream}_${signal}`
        )!;
        return `  logic ${rangeOf(width)}${from.unit}_${from.stream}_${signal};`;
      })
    ),
    `  logic ${cores.map((unit) => `${unit}_taken`).join(", ")};`,
    `  /* verilator lint_on UNUSEDSIGNAL */`,
    ...own.flatMap(([unit, kind]) =>
      instanceOf(
        kind,
        [],
        `u_${unit}`,
        ports[kind]!.map((port) => {
          const stream = streamSignal(port.name);
          const signal = stream === undefined ? undefined : wire(unit, ...stream);
          const clock = { ap_clk: "clk", ap_rst_n: "rst_n" }[port.name];
          return [port.name, clock ?? signal ?? shared(unit, kind, port)] as const;
        }),
      )
    ),
    `  logic [11:0] address;`,
    `  logic [31:0] outside, sum;`,
    `  // A beat between a kernel and its top's stream is counted by neither, for a few cycles.`,
    `  logic [3:0] lately;`,
    `  always_ff @(posedge clk)`,
    `    if (!rst_n) lately <= 0;`,
    `    else if (address == ${PRESENT} && sum + outside != 0) lately <= 15;`,
    `    else if (lately != 0) lately <= lately - 1;`,
    `  always_ff @(posedge clk) if (s_axi_control_arvalid && s_axi_control_arready) address <= s_axi_control_araddr;`,
    `  always_ff @(posedge clk)`,
    `    outside <= !rst_n ? 0 : outside + ${passes("s_axis")} - ${passes("m_axis")}`,
    ...cores.map((unit) => {
      const [into, out] = ["s_axis", "m_axis"].map((stream) =>
        `32'(${["tvalid", "tready", "tlast"].map((signal) => wire(unit, stream, signal)).join(" && ")})`
      );
      return `      - ${into} + ${out}`;
    }),
    `      ;`,
    `  assign sum = ${all((unit) => `${unit}_s_axi_control_rdata`, " + ")};`,
    ...control.filter(({ name, direction }) =>
      direction === "output" && name !== "s_axis_table_tready" && name !== "s_axi_control_rdata"
    ).map(({ name }) => `  assign ${name} = ${first}_${name};`),
    `  assign s_axi_control_rdata = address < 12'h200 ? ${first}_s_axi_control_rdata`,
    `      : address == ${PRESENT} ? sum + outside + 32'(lately) : sum;`,
    `  assign s_axis_table_tready = ${
      all((unit) => `(${unit}_s_axis_table_tready || ${unit}_taken)`, " && ")
    };`,
    ...cores.map((unit) =>
      `  always_ff @(posedge clk) ${unit}_taken <= rst_n && !s_axis_table_tready && s_axis_table_tvalid && (${unit}_taken || ${unit}_s_axis_table_tready);`
    ),
    `endmodule`,
    ``,
  ].join("\n");
}

/** Stream and signal of a port; undefined for a port of registers or of tables. */
function streamSignal(port: string): [stream: string, signal: string] | undefined {
  const found = /^([sm]_axis(?:_\d+)?)_(t(?:valid|ready|data|keep|last|dest))$/.exec(port);
  return found === null ? undefined : [found[1]!, found[2]!];
}
