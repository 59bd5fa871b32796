/**
 * Parser of the SystemVerilog: ports of a module, its streams, and the modules it instantiates.
 *
 * @module
 */

/** Port of a module. Plain data. */
export interface Port {
  /** Direction, from the module's view. */
  readonly direction: "input" | "output";
  /** Name of the port. */
  readonly name: string;
  /** Width in bits. */
  readonly width: number;
}

/** AXI4-Stream of a module. Plain data. */
export interface Stream {
  /** Common prefix of its ports' names. */
  readonly name: string;
  /** True if the module reads the stream. */
  readonly reads: boolean;
  /** Width of TDATA in bits. */
  readonly width: number;
  /** Width of TDEST in bits; 0 without TDEST. */
  readonly dest: number;
}

/**
 * Reads the ports of a module, in order.
 *
 * @param source SystemVerilog of the module.
 * @param module Name of the module.
 * @throws {Error} If the module is missing, or a port's declaration has an unknown form.
 */
export function modulePorts(source: string, module: string): Port[] {
  const text = source.replaceAll(/\/\*.*?\*\/|\/\/.*/g, "");
  const header = new RegExp(`\\bmodule\\s+${module}\\b(.*?)\\);`, "s").exec(text)?.[1];
  if (header === undefined) throw new Error(`Cannot read the ports of ${module}: the module is missing`);
  return [...header.matchAll(/\b(input|output)\b([^,\n]*)/g)].map(([, direction, rest]): Port => {
    const found = /^\s+logic\s+(?:\[\s*(\d+):0\]\s*)?(\w+)\s*$/.exec(rest!);
    if (found === null) throw new Error(`Cannot read the ports of ${module}: "${direction}${rest}"`);
    return {
      direction: direction as Port["direction"],
      name: found[2]!,
      width: Number(found[1] ?? 0) + 1,
    };
  });
}

/**
 * Finds the AXI4-Streams among ports.
 *
 * @param ports Ports of a module.
 */
export function streamsOf(ports: readonly Port[]): Stream[] {
  const bits = (name: string) => ports.find((port) => port.name === name)?.width ?? 0;
  return ports.filter(({ name }) => name.endsWith("_tvalid")).map(({ name: valid, direction }) => {
    const name = valid.slice(0, -"_tvalid".length);
    return {
      name,
      reads: direction === "input",
      width: bits(`${name}_tdata`),
      dest: bits(`${name}_tdest`),
    };
  });
}

/**
 * Lists the modules of a design, sorted, including the top.
 *
 * @param sources SystemVerilog by module name.
 * @param top Name of the top module.
 * @throws {Error} If the source of a module is missing.
 */
export function modulesOf(sources: Readonly<Record<string, string>>, top: string): string[] {
  const found = new Set<string>();
  const visit = (name: string) => {
    const source = sources[name];
    if (source === undefined) throw new Error(`Cannot list modules: ${name}.sv is missing`);
    found.add(name);
    for (const [, inner] of source.matchAll(/^ *(\w+) +(?:#\(|u_\w+ +\()/gm)) {
      if (sources[inner!] !== undefined && !found.has(inner!)) visit(inner!);
    }
  };
  visit(top);
  return [...found].sort();
}
