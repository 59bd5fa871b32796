/**
 * Ports: each drives one open build of the RTL, in WebAssembly or on a card. A card device uses them.
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
  /** Payload bytes of all answers. */
  readonly bytes: number;
}

/** One open build of the RTL. The caller must not overlap calls. */
export interface Port {
  /** Sets arguments and external memory for the next packets. Discards the resident pages. */
  readonly start: (image: KernelImage, wait: WaitOptions) => Promise<void> | void;
  /** Loads tables, and reserves memory for page loads. */
  readonly load: (image: KernelImage, wait: WaitOptions) => Promise<void>;
  /** Queues page loads. They run beside the following packets, up to `lastEpoch`. */
  readonly queue: (pages: readonly PageLoad[], lastEpoch: number, wait: WaitOptions) => Promise<void> | void;
  /**
   * Sends packets and collects answers in the output's slots, from 0 on. After an abort, packets that are inside still
   * leave. {@linkcode Port.settle} waits for them.
   *
   * @param exchange Packets, and slots for the answers.
   * @param each Maximum answers to one packet.
   * @throws {OnpathError} `size` if there are more answers than slots, or an answer is longer than a slot.
   */
  readonly exchange: (exchange: Exchange, each: number, wait: WaitOptions) => Promise<Collected>;
  /** Reads a counter of 32 bits by its index. Not allowed while packets are inside. */
  readonly read: (index: number) => number;
  /** Number of packets sent. */
  readonly sent: () => number;
  /** Whether others send packets to the kernel too, so that some may be inside when an exchange ends. Default false. */
  readonly isShared?: boolean | undefined;
  /** Whether packets are in flight. */
  readonly isRunning: () => boolean;
  /** Waits until no packet is in flight. */
  readonly settle: (wait: WaitOptions) => Promise<void> | void;
  /** Aborts an exchange when the device closes. Absent if exchanges always end without it. */
  readonly stop?: (() => void) | undefined;
  /** Closes the port. No other call may be in flight. */
  readonly close: () => Promise<void>;
}

/** Opens the ports of one device. */
export interface Ports {
  /** Profile of the device. */
  readonly profile: DeviceProfile;
  /**
   * Opens the port of a build.
   *
   * @throws {OnpathError} `device` if the card lacks the build.
   */
  readonly open: (build: PlanBuild, wait: WaitOptions) => Promise<Port>;
  /**
   * Refuses an image that this hardware cannot run, before anything changes. Absent if it runs all that it has builds of.
   *
   * @throws {OnpathError} `device`
   */
  readonly refuse?: ((image: KernelImage) => void) | undefined;
  /** Returns the reason why the card was lost, or undefined. Absent for hardware that cannot be lost. */
  readonly lost?: (() => string | undefined) | undefined;
  /** Receives the error of a call that failed. */
  readonly failed?: ((error: unknown) => void) | undefined;
  /** Frees the resources that the ports share. All ports are closed before. */
  readonly close?: (() => Promise<void>) | undefined;
}
