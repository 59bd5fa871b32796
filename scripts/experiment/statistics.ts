/**
 * Statistics of the experiment: costs of a path, ratios, break-even and percentiles.
 *
 * @module
 */

/** Costs of one request on one path. CPU times in milliseconds. */
export interface Cost {
  /** CPU time of the sender. */
  readonly sender: number;
  /** CPU time of the NIC process; 0 without a NIC. */
  readonly nic: number;
  /** CPU time of the receiver. */
  readonly receiver: number;
  /** Payload bytes of datagrams that sender and receiver send and receive. */
  readonly bytes: number;
  /** Datagrams that the sender sent again. */
  readonly resent: number;
}

/** Latencies of requests in milliseconds. */
export interface Latency {
  /** Median. */
  readonly p50: number;
  /** 99th percentile. */
  readonly p99: number;
}

/** Comparison of two paths. Ratios below 1 are a gain. */
export interface Relief {
  /** CPU time of the receiver, to that without a NIC. */
  readonly receiver: number;
  /** CPU time of sender and receiver. */
  readonly hosts: number;
  /** CPU time of sender, receiver and NIC process. */
  readonly all: number;
  /** Payload bytes of datagrams. */
  readonly bytes: number;
  /**
   * Share of the NIC process's CPU time that the hosts could pay with neither gain nor loss. Not below 0: then the
   * hosts lose even if the NIC is free. Infinity if the NIC process needs no CPU time and the hosts gain.
   */
  readonly breakEven: number;
}

/** Least of each cost over rounds, because other programs of the machine only add to it. */
export function leastCost(rounds: readonly Cost[]): Cost {
  const of = (name: keyof Cost) => Math.min(...rounds.map((cost) => cost[name]));
  return {
    sender: of("sender"),
    nic: of("nic"),
    receiver: of("receiver"),
    bytes: of("bytes"),
    resent: of("resent"),
  };
}

/** Compares the costs with a NIC to those without. */
export function reliefOf(nic: Cost, plain: Cost): Relief {
  const hosts = nic.sender + nic.receiver, before = plain.sender + plain.receiver;
  const saved = before - hosts;
  return {
    receiver: nic.receiver / plain.receiver,
    hosts: hosts / before,
    all: (hosts + nic.nic) / before,
    bytes: nic.bytes / plain.bytes,
    breakEven: saved <= 0 ? 0 : saved / nic.nic,
  };
}

/** Percentile of times by the nearest rank: the least value that at least `percent` of all do not exceed. */
export function percentile(times: readonly number[], percent: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * percent / 100) - 1)]!;
}

/** Median and 99th percentile of times. */
export function latencyOf(times: readonly number[]): Latency {
  return { p50: percentile(times, 50), p99: percentile(times, 99) };
}
