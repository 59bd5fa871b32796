/**
 * A device's numbers: all that plans know of it.
 *
 * @module
 */

/** A device's numbers, as far as plans depend on them. Plain data. */
export interface DeviceProfile {
  /** Name, as `--device` takes it. */
  readonly name: string;
  /** What it is, in one line. */
  readonly summary: string;
  /** Longest payload of a packet, in bytes. */
  readonly payload: number;
  /** Bytes of tables that fit at once. */
  readonly tableBytes: number;
  /** Names of the kernels it has. */
  readonly kernels: readonly string[];
}
