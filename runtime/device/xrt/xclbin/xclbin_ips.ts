/**
 * Instances of an xclbin by their names, with the numbers by which drivers know them.
 *
 * @module
 */

/** An instance as the section IP_LAYOUT has it. */
export interface XclbinIp {
  /** `kernel:instance`. */
  readonly name: string;
  /** `m_type`. */
  readonly type: number;
  /** Bit 0: an interrupt is enabled; bits 1 to 7: its number; bits 8 to 15: the control protocol. */
  readonly properties: number;
  /** Address of its registers; all ones where it has none. */
  readonly base: bigint;
}

/** `m_type` of what drivers number: kernels, and those of the processing system. */
const NUMBERED: readonly number[] = [1, 7];

/** Address of an instance without registers. */
const NO_REGISTERS = 2n ** 64n - 1n;

/** Instances in the order of XRT's `xclbin::get_cus`: those without registers come last. */
function driverOrder(ips: readonly XclbinIp[]): XclbinIp[] {
  const numbered = ips.filter(({ type }) => NUMBERED.includes(type));
  const interrupt = ({ base, properties }: XclbinIp) => base === NO_REGISTERS ? Infinity : properties & 0xfe;
  return numbered.every(({ properties }) => (properties & 0xfe) === 0)
    ? numbered.sort((a, b) => a.base < b.base ? -1 : a.base > b.base ? 1 : 0)
    : numbered.sort((a, b) => interrupt(a) - interrupt(b) || 0);
}

/**
 * Finds instances by name: one pass over all of them, then one step for each name.
 *
 * @param ips The instances in the order of their section.
 * @returns Gives the first instance with a name, and its number for drivers, −1 where it has none.
 */
export function indexIps(
  ips: readonly XclbinIp[],
): (name: string) => { readonly ip: XclbinIp; readonly index: number } | undefined {
  const numbers = new Map(driverOrder(ips).map((ip, index) => [ip, index]));
  const byName = new Map<string, { ip: XclbinIp; index: number }>();
  for (const ip of ips) {
    const { name } = ip;
    if (!byName.has(name)) byName.set(name, { ip, index: numbers.get(ip) ?? -1 });
  }
  return (name) => byName.get(name);
}
