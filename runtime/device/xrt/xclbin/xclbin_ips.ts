/**
 * Instances of an xclbin by name, with their driver indices.
 *
 * @module
 */

/** Entry of the section IP_LAYOUT. */
export interface XclbinIp {
  /** Name of the instance, as `kernel:instance`. */
  readonly name: string;
  /** Field `m_type` (`enum IP_TYPE`). */
  readonly type: number;
  /** Bit 0: interrupt enabled; bits 7:1: interrupt number; bits 15:8: start protocol. */
  readonly properties: number;
  /** Base address of the registers; 2^64 - 1 without registers. */
  readonly base: bigint;
}

/** Values of `m_type` that drivers index: kernels (1), and kernels of the processing system (7). */
const NUMBERED: readonly number[] = [1, 7];

/** Address of an instance without registers. */
const NO_REGISTERS = 2n ** 64n - 1n;

/** Instances in the order of XRT's `xclbin::get_cus`; those without registers are last. */
function driverOrder(ips: readonly XclbinIp[]): XclbinIp[] {
  const numbered = ips.filter(({ type }) => NUMBERED.includes(type));
  const interrupt = ({ base, properties }: XclbinIp) => base === NO_REGISTERS ? Infinity : properties & 0xfe;
  return numbered.every(({ properties }) => (properties & 0xfe) === 0)
    ? numbered.sort((a, b) => a.base < b.base ? -1 : a.base > b.base ? 1 : 0)
    : numbered.sort((a, b) => interrupt(a) - interrupt(b) || 0);
}

/**
 * Indexes instances by name, in one pass.
 *
 * @param ips Instances in the order of IP_LAYOUT.
 * @returns Function that finds the first instance with a name, and its driver index, -1 without one.
 */
export function indexIps(
  ips: readonly XclbinIp[],
): (name: string) => { readonly ip: XclbinIp; readonly index: number } | undefined {
  const indices = new Map(driverOrder(ips).map((ip, index) => [ip, index]));
  const byName = new Map<string, { ip: XclbinIp; index: number }>();
  for (const ip of ips) {
    const { name } = ip;
    if (!byName.has(name)) byName.set(name, { ip, index: indices.get(ip) ?? -1 });
  }
  return (name) => byName.get(name);
}
