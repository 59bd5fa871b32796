/**
 * Ports: one opened build of the RTL each, whether in WebAssembly or on a card. A card device drives them.
 *
 * @module
 */

import type { Exchange, KernelImage, PageLoad } from "../../kernels/program.ts";
import type { PlanBuild } from "../../kernels/rtl/builds.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import type { WaitOptions } from "../../serialize/wait.ts";

/** Answers of an exchange. */
export interface Collected {
  /** Number of answers. */
  readonly answers: number;
  /** Bytes of their payloads. */
  readonly bytes: number;
}

/** One opened build of the RTL. Calls do not overlap. */
export interface Port {
  /** Sets arguments and external memory, which hold from the next packet on. Pages on chip are forgotten. */
  readonly start: (image: KernelImage, wait: WaitOptions) => Promise<void> | void;
  /** Loads tables, and makes room for pages. */
  readonly load: (image: KernelImage, wait: WaitOptions) => Promise<void>;
  /** Queues page loads, which run beside the packets that follow, up to their last epoch. */
  readonly queue: (pages: readonly PageLoad[], lastEpoch: number, wait: WaitOptions) => Promise<void> | void;
  /**
   * Sends packets and collects answers, in the output's slots from 0 on. After an abort the packets that are inside
   * still leave; {@linkcode Port.settle} waits for them.
   *
   * @param exchange The exchange.
   * @param each Maximum answers to one packet.
   * @throws {OnpathError} `size` if there are more answers than slots, or longer ones.
   */
  readonly exchange: (exchange: Exchange, each: number, wait: WaitOptions) => Promise<Collected>;
  /** Reads a counter of 32 bits by its place. Refused by the hardware while packets are inside. */
  readonly read: (place: number) => number;
  /** Number of packets sent. */
  readonly sent: () => number;
  /** Whether packets are under way. */
  readonly isRunning: () => boolean;
  /** Waits until no packet is under way. */
  readonly settle: (wait: WaitOptions) => Promise<void> | void;
  /** Cuts an exchange short, because the device is closing. Absent where an exchange ends by itself. */
  readonly stop?: (() => void) | undefined;
  /** Closes it. No call is under way. */
  readonly close: () => Promise<void>;
}

/** A way to open ports. */
export interface Ports {
  /** Profile of the device. */
  readonly profile: DeviceProfile;
  /**
   * Opens the port of a build.
   *
   * @throws {OnpathError} `device` if the card lacks the build.
   */
  readonly open: (build: PlanBuild, wait: WaitOptions) => Promise<Port>;
  /** Reason that the card is lost; undefined while it is there. Absent for hardware that cannot be lost. */
  readonly lost?: (() => string | undefined) | undefined;
  /** Receives the error of a call that failed. */
  readonly failed?: ((error: unknown) => void) | undefined;
  /** Frees what lies below the ports. They are closed. */
  readonly close?: (() => Promise<void>) | undefined;
}
