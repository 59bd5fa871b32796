/**
 * Options of a card in network mode, and their checks.
 *
 * @module
 */

import { isIPv4 } from "node:net";
import { isObject } from "../../../../serialize/require.ts";
import type { Address } from "../../../network/address.ts";
import { isPort, type OptionKind } from "../../../option_checks.ts";
import type { NetworkDevice } from "./kernel.ts";
import { VnxNetwork } from "./network.ts";

/** Ends of the network, and how packets are sent. */
export interface VnxAddressing {
  /** IPv4 address and port of the card, not 0. */
  readonly card: Address;
  /** IPv4 address of this machine in the card's /24 subnet, and its port; 0 where the operating system chooses one. */
  readonly listen: Address;
  /** Index of the card's socket that serves this machine, from 0. Default 0. */
  readonly socket?: number | undefined;
  /**
   * Packets that are sent before their answers are waited for, 1 to 1024. Default 128: with standard frames they fit the
   * card's door, which stores 256 KB.
   */
  readonly window?: number | undefined;
  /**
   * Milliseconds in which nothing changes, here or at the card, after which missing answers count as lost, 1 to 10,000.
   * Default 50.
   */
  readonly lossMs?: number | undefined;
}

/** A card in network mode. */
export interface VnxOffloadOptions extends VnxAddressing {
  /** Device with a loaded xclbin in network mode. */
  readonly device: NetworkDevice;
  /** Registers of VNx's network layer. */
  readonly network: VnxNetwork;
  /** Frees the card, after the kernels are closed. Default nothing. */
  readonly close?: (() => void | Promise<void>) | undefined;
}

const IPV4: OptionKind = {
  expected: 'an IPv4 address and a port, such as { host: "192.168.0.5", port: 60000 }',
  wrongObject: "has no IPv4 address in host, or no such port",
  accepts: (value) => isObject(value) && isIPv4(String(value["host"])) && isPort(value["port"], 0),
};
/** Checks of {@linkcode VnxAddressing}. */
export const ADDRESSING_CHECKS = {
  card: {
    kind: { ...IPV4, accepts: (value: unknown) => IPV4.accepts(value) && (value as Address).port > 0 },
    isRequired: true,
  },
  listen: { kind: IPV4, isRequired: true },
} as const;
/** Checks of {@linkcode VnxOffloadOptions}. */
export const CARD_CHECKS = {
  ...ADDRESSING_CHECKS,
  device: {
    kind: {
      expected: "an XrtDevice",
      wrongObject: "is another object",
      accepts: (value: unknown) => isObject(value) && typeof value["kernel"] === "function",
    },
    isRequired: true,
  },
  network: {
    kind: {
      expected: "a VnxNetwork",
      wrongObject: "is another object",
      accepts: (value: unknown) => value instanceof VnxNetwork,
    },
    isRequired: true,
  },
} as const;
/** Action for messages. */
export const DOING = "open a card in network mode";
