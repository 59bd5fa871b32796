/**
 * Top of a packaged kernel in Verilog. Vivado's IP packager requires it: of a top in SystemVerilog, AMD's UG1118 ("Top-Level
 * HDL Requirements") says to wrap it. `package_kernel.tcl` gives the SystemVerilog the name {@linkcode innerName}, so
 * the top has the kernel's name, and all other tools read the SystemVerilog as it is.
 *
 * @module
 */

import { GENERATED } from "./kernels.ts";
import type { Port } from "./ports.ts";
import { instanceOf, rangeOf } from "./wrapper.ts";

/** Name of a kernel's SystemVerilog inside its top. */
export function innerName(name: string): string {
  return `${name}_core`;
}

/**
 * Generates the top.
 *
 * @param name Name of the kernel.
 * @param ports Ports of its SystemVerilog.
 * @returns The Verilog, of 2001.
 */
export function verilogTop(name: string, ports: readonly Port[]): string {
  return [
    `// ${GENERATED}`,
    `//`,
    `// Vivado's IP packager requires a top in Verilog (UG1118); package_kernel.tcl renames the SystemVerilog.`,
    `module ${name} (`,
    ports.map(({ direction, name, width }) =>
      `    ${direction.padEnd(6)} wire ${rangeOf(width).padEnd(8)}${name}`
    ).join(",\n"),
    `);`,
    ...instanceOf(innerName(name), [], "u_core", ports.map(({ name }) => [name, name])),
    `endmodule`,
    ``,
  ].join("\n");
}
