/**
 * A module between registers, so that the paths at its ports count as paths between registers.
 *
 * @module
 */

/** Port of a module. */
export interface Port {
  /** Direction. */
  readonly direction: "input" | "output" | "inout";
  /** Nets; their number is the width in bits. */
  readonly bits: readonly unknown[];
}

/**
 * Writes a top module `timed` with a register before each input and after each output.
 *
 * @param module Name of the module.
 * @param parameters Its parameters.
 * @param ports Its ports by name, as yosys' `write_json` has them.
 * @param clock Name of its clock.
 */
export function registerWrapper(
  module: string,
  parameters: Readonly<Record<string, number>>,
  ports: Readonly<Record<string, Port>>,
  clock: string,
): string {
  const data = Object.entries(ports).filter(([name]) => name !== clock);
  const set = Object.entries(parameters).map(([name, value]) => `.${name}(${value})`).join(", ");
  const width = ({ bits }: Port) => `[${bits.length - 1}:0]`;
  return [
    "module timed (input clk,",
    data.map(([name, port]) => `  ${port.direction} ${width(port)} ${name}`).join(",\n"),
    ");",
    ...data.map(([name, port]) =>
      port.direction === "input"
        ? `  reg ${width(port)} r_${name}; always @(posedge clk) r_${name} <= ${name};`
        : `  wire ${width(port)} w_${name}; reg ${width(port)} r_${name};\n` +
          `  always @(posedge clk) r_${name} <= w_${name}; assign ${name} = r_${name};`
    ),
    `  ${module} ${set === "" ? "" : `#(${set}) `}dut (`,
    [
      ...(clock in ports ? [`    .${clock}(clk)`] : []),
      ...data.map(([name, { direction }]) => `    .${name}(${direction === "input" ? "r" : "w"}_${name})`),
    ].join(",\n"),
    "  );",
    "endmodule",
    "",
  ].join("\n");
}
