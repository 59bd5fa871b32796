/**
 * What the SystemVerilog says of itself: the ports of a module, the streams among them, the modules in it.
 *
 * @module
 */

/** A port of a module. Plain data. */
export interface Port {
  /** Seen from the module. */
  readonly direction: "input" | "output";
  /** Its name. */
  readonly name: string;
  /** Its bits. */
  readonly width: number;
}

/** An AXI4-Stream among the ports of a module. Plain data. */
export interface Stream {
  /** What its ports' names begin with. */
  readonly name: string;
  /** Whether the module reads it. */
  readonly reads: boolean;
  /** Bits of TDATA. */
  readonly width: number;
  /** Bits of TDEST; 0 where it has none. */
  readonly dest: number;
}

/**
 * Reads the ports of a module, in their order.
 *
 * @param source Its SystemVerilog.
 * @param module Its name.
 * @throws {Error} When a port is written in another way than this house writes them.
 */
export function modulePorts(source: string, module: string): Port[] {
  const text = source.replaceAll(/\/\*.*?\*\/|\/\/.*/g, "");
  const header = new RegExp(`\\bmodule\\s+${module}\\b(.*?)\\);`, "s").exec(text)?.[1];
  if (header === undefined) throw new Error(`Cannot read the ports of ${module}: there is no such module`);
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
 * Finds the streams among ports.
 *
 * @param ports The ports of a module.
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
 * Lists the modules that a top is made of, sorted, the top among them.
 *
 * @param sources SystemVerilog by the name of its module.
 * @param top The top.
 * @throws {Error} When the top is not among them.
 */
export function modulesOf(sources: Readonly<Record<string, string>>, top: string): string[] {
  const found = new Set<string>();
  const visit = (name: string) => {
    const source = sources[name];
    if (source === undefined) throw new Error(`Cannot list modules: there is no ${name}.sv`);
    found.add(name);
    for (const [, inner] of source.matchAll(/^ *(\w+) +(?:#\(|u_\w+ +\()/gm)) {
      if (sources[inner!] !== undefined && !found.has(inner!)) visit(inner!);
    }
  };
  visit(top);
  return [...found].sort();
}
