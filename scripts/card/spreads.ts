/**
 * Top modules of the kernels before several instances. They are wires between `spread_hub` and streams of 512 bits, as
 * `switch_wrapper` of AMD's VNx has them: no registers, and no start.
 *
 * @module
 */

import { SPREAD_BITS, type SpreadKernel } from "../../kernels/rtl/spreads.ts";
import { GENERATED } from "./kernels.ts";
import type { Port } from "./ports.ts";
import { declaration, instanceOf, rangeOf } from "./wrapper.ts";

/** Signals of a stream that go with its data, from the highest bits on. */
const SIDE = ["tdest", "tkeep", "tdata"] as const;

/** Lists the streams toward the instances: requests by number, then answers by number. */
function instanceStreams({ instances }: SpreadKernel): { readonly to: string[]; readonly from: string[] } {
  const numbered = (side: string) => Array.from({ length: instances }, (_, n) => `${side}_axis_${n}`);
  return { to: numbered("m"), from: numbered("s") };
}

/** Ports of a stream. */
function streamPorts(name: string): Port[] {
  const [forward, back] = name.startsWith("s_") ? ["input", "output"] as const : ["output", "input"] as const;
  return [
    { name: `${name}_tvalid`, direction: forward, width: 1 },
    { name: `${name}_tready`, direction: back, width: 1 },
    { name: `${name}_tdata`, direction: forward, width: SPREAD_BITS.data },
    { name: `${name}_tkeep`, direction: forward, width: SPREAD_BITS.keep },
    { name: `${name}_tlast`, direction: forward, width: 1 },
    { name: `${name}_tdest`, direction: forward, width: SPREAD_BITS.dest },
  ];
}

/**
 * Lists the ports of a top: clock and reset, the shell's streams, and those of the instances.
 *
 * @param kernel Kernel before the instances.
 */
export function spreadPorts(kernel: SpreadKernel): Port[] {
  const { to, from } = instanceStreams(kernel);
  return [
    { name: "ap_clk", direction: "input", width: 1 },
    { name: "ap_rst_n", direction: "input", width: 1 },
    ...["s_axis", ...to, ...from, "m_axis"].flatMap(streamPorts),
  ];
}

/**
 * Generates the top module.
 *
 * @param kernel Kernel before the instances.
 * @returns The SystemVerilog.
 */
export function spreadTop(kernel: SpreadKernel): string {
  const { name, instances, keepsOrder, parameters } = kernel;
  const { to, from } = instanceStreams(kernel);
  const beat = (stream: string) => `{${SIDE.map((end) => `${stream}_${end}`).join(", ")}}`;
  // The first instance has the lowest bits.
  const joined = (streams: readonly string[], signal: (stream: string) => string) =>
    `{${[...streams].reverse().map(signal).join(", ")}}`;
  const bits = SPREAD_BITS.data + SPREAD_BITS.keep + SPREAD_BITS.dest;
  const packed = instances * bits;
  const sides = [["to", to], ["from", from]] as const;
  const order = keepsOrder ? "all packets of a flow by one of them" : "packets of a flow by any of them";
  return [
    `// ${GENERATED}`,
    `//`,
    `// \`spread_hub\` for a card: ${instances} instances behind one stream, ${order}.`,
    `module ${name} (`,
    spreadPorts(kernel).map(declaration).join(",\n"),
    `);`,
    ...sides.map(([side]) => `  logic ${rangeOf(packed)}${side}_data;`),
    `  assign ${joined(to, beat)} = to_data;`,
    `  assign from_data = ${joined(from, beat)};`,
    ...instanceOf(
      "spread_hub",
      Object.entries({ ...parameters, W: bits }).map(([key, value]) => `.${key}(${value})`),
      "u_hub",
      [
        ["clk", "ap_clk"],
        ["rst_n", "ap_rst_n"],
        ["s_valid", "s_axis_tvalid"],
        ["s_ready", "s_axis_tready"],
        ["s_last", "s_axis_tlast"],
        ["s_data", beat("s_axis")],
        ...sides.flatMap(([side, streams]) => [
          ...["valid", "ready", "last"].map((end) =>
            [`${side}_${end}`, joined(streams, (stream) => `${stream}_t${end}`)] as const
          ),
          [`${side}_data`, `${side}_data`] as const,
        ]),
        ["m_valid", "m_axis_tvalid"],
        ["m_ready", "m_axis_tready"],
        ["m_last", "m_axis_tlast"],
        ["m_data", beat("m_axis")],
      ],
    ),
    `endmodule`,
    ``,
  ].join("\n");
}
