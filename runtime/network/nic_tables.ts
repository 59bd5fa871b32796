/**
 * Programs, flows and destinations that peers registered at a soft NIC.
 *
 * @module
 */

import { decodePlan } from "../../kernels/plan/file.ts";
import type { Plan } from "../../kernels/plan/plan.ts";
import { findWorkload } from "../../kernels/registry.ts";
import { sameProfile } from "../../kernels/target/profiles.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { Device } from "../device/device.ts";
import { type Address, sameAddress } from "./address.ts";
import type { Channel } from "./channel.ts";
import { FlowOrder } from "./flow_order.ts";
import { halvesOf } from "./halves_of.ts";
import type { RegisteredFlows } from "./messages.ts";
import { NicProgram, type ProgramEvents } from "./nic_program.ts";
import { type Peer, type PeerLimits, Peers } from "./security/peers.ts";

/** Bounds of what peers may register at a NIC. */
export interface NicLimits {
  /** Programs at once, each with a device. Default 16. */
  readonly programs?: number | undefined;
  /** Flows at once. Default 4096. */
  readonly flows?: number | undefined;
  /** Control connections at once. Default 64. */
  readonly connections?: number | undefined;
  /** Bounds of each host. */
  readonly perPeer?: PeerLimits | undefined;
}

/** Receiver of answers. */
export interface Destination {
  /** Address to which answers are sent. */
  readonly address: Address;
  /** Connection that registered it. */
  readonly owner: Channel;
}

/** A registered flow. */
export interface NicFlow {
  /** Program of its packets. */
  readonly program: NicProgram;
  /** Connection that registered it; its packets come from the same host, or are authenticated. */
  readonly owner: Channel;
  /** Host of the connection. */
  readonly peer: Peer;
  /** Token of its destination. */
  readonly token: string;
  /** Host that its packets come from, unless they are authenticated. */
  readonly source: string;
  /** Address to which the NIC reports; undefined if it does not. */
  readonly reports: Address | undefined;
  /** Order of a sequential flow. */
  readonly order: FlowOrder | undefined;
}

interface Held {
  readonly program: Promise<NicProgram>;
  readonly users: Set<Channel>;
}

/** How a NIC makes programs. */
export interface ProgramMaker {
  /** Opens the device of a plan. */
  readonly openDevice: (plan: Plan) => Promise<Device>;
  /** Finds the resources of a plan, such as its vocabulary, at once or as a promise. */
  readonly resourcesOf: (plan: Plan) => unknown;
  /** Whether packets may have the size of jumbo frames. */
  readonly isJumbo: boolean;
  /** Whether a receiver may register flows of other hosts. */
  readonly delegates: boolean;
  /** Callbacks of programs. */
  readonly events: (plan: Plan) => ProgramEvents;
}

/** Tables of a NIC. */
export class NicTables {
  /** Flows by number. */
  readonly flows: Map<number, NicFlow> = new Map();
  /** Destinations by token. */
  readonly destinations: Map<string, Destination> = new Map();
  /** Packets that the devices of removed programs dropped, by reason. */
  readonly retired: Map<string, number> = new Map();
  readonly #programs = new Map<number, Held>();
  readonly #ready = new Map<number, NicProgram>();
  readonly #maker: ProgramMaker;
  readonly #limits: { readonly programs: number; readonly flows: number };
  readonly #perPeer: { readonly programs: number; readonly flows: number };
  /** Hosts that have or had a connection. */
  readonly peers: Peers;
  readonly #closing = new Set<Promise<void>>();

  /**
   * Makes empty tables.
   *
   * @param maker Makes programs.
   * @param limits Maximum programs and flows.
   */
  constructor(maker: ProgramMaker, { programs = 16, flows = 4096, perPeer = {} }: NicLimits) {
    this.#maker = maker;
    this.#limits = { programs, flows };
    this.#perPeer = {
      programs: perPeer.programs ?? Math.ceil(3 * programs / 4),
      flows: perPeer.flows ?? Math.ceil(3 * flows / 4),
    };
    this.peers = new Peers(perPeer);
  }

  /** Loaded programs by plan id. */
  get programs(): ReadonlyMap<number, NicProgram> {
    return this.#ready;
  }

  /**
   * Loads the program of a plan, unless it is loaded.
   *
   * @param bytes Encoded plan.
   * @param user Connection that uses it.
   * @throws {OnpathError} `plan`, `pipeline`, `table` or `device` if the NIC cannot run it.
   */
  async announce(bytes: Uint8Array, user: Channel): Promise<NicProgram> {
    const plan = decodePlan(bytes);
    this.#checkPrograms(plan.id, user);
    const held = this.#programs.get(plan.id) ?? this.#hold(plan);
    held.users.add(user);
    return await held.program;
  }

  #checkPrograms(plan: number, { remoteHost }: Channel): void {
    const { programs } = this.#perPeer;
    const own =
      [...this.#programs].filter(([id, { users }]) =>
        id !== plan && [...users].some((user) => user.remoteHost === remoteHost)
      ).length;
    if (own < programs) return;
    throw new OnpathError(
      "device",
      `Cannot load plan ${plan}: the host uses ${own} programs, the maximum of one host is ${programs}`,
      { plan, most: programs },
    );
  }

  #hold(plan: Plan): Held {
    const { programs } = this.#limits;
    if (this.#programs.size >= programs) {
      throw new OnpathError(
        "device",
        `Cannot load plan ${plan.id}: all ${programs} programs of the NIC are in use`,
        {
          plan: plan.id,
          most: programs,
        },
      );
    }
    const held: Held = { program: this.#open(plan), users: new Set() };
    this.#programs.set(plan.id, held);
    held.program.then(
      (program) => {
        if (this.#programs.get(plan.id) === held) this.#ready.set(plan.id, program);
      },
      () => {
        if (this.#programs.get(plan.id) === held) this.#programs.delete(plan.id);
      },
    );
    return held;
  }

  async #open(plan: Plan): Promise<NicProgram> {
    const opened = findWorkload(plan.workload).open(plan, await this.#maker.resourcesOf(plan));
    const halves = halvesOf(plan, opened, this.#maker.isJumbo);
    const device = await this.#maker.openDevice(plan);
    try {
      if (!sameProfile(plan.target, device.profile)) {
        throw new OnpathError(
          "plan",
          `Cannot load plan ${plan.id}: it was compiled for ${plan.target.name}, the NIC has ${device.profile.name}`,
          { plan: plan.id, expected: plan.target.name, found: device.profile.name },
        );
      }
      await device.load(opened.program);
      const reload = () => device.load(opened.program);
      return new NicProgram(plan, device, halves, this.#maker.events(plan), reload);
    } catch (error) {
      await device.close();
      throw error;
    }
  }

  /**
   * Registers flows.
   *
   * @throws {OnpathError} `plan` if the program is not announced; `gap` if the destination is not registered; `size` if
   * a limit would be exceeded or a number is in use.
   */
  addFlows(
    { flows: numbers, plan, token, port, source: stated }: RegisteredFlows,
    owner: Channel,
  ): NicProgram {
    const source = stated ?? owner.remoteHost;
    if (source !== owner.remoteHost && !this.#maker.delegates) {
      throw new OnpathError(
        "device",
        `Cannot register flows of ${source}: the NIC stands in no route, expected the sender's own connection`,
        { source },
      );
    }
    const program = this.#ready.get(plan);
    if (program === undefined || this.#programs.get(plan)?.users.has(owner) !== true) {
      throw new OnpathError("plan", `Cannot register flows of plan ${plan}: it was not announced`, { plan });
    }
    const destination = this.destinations.get(token);
    if (destination === undefined) {
      throw new OnpathError(
        "gap",
        "Cannot register flows: their destination is not connected to the NIC",
        {},
      );
    }
    if ((owner.keys === undefined) !== (destination.owner.keys === undefined)) {
      throw new OnpathError(
        "device",
        "Cannot register flows: only one of sender and receiver authenticates packets, expected both or neither",
      );
    }
    for (const number of numbers) {
      if (this.flows.has(number)) {
        throw new OnpathError("size", `Cannot register flow ${number}: the number is in use`, {
          flow: number,
        });
      }
    }
    const own = [...this.flows.values()].filter((flow) => flow.program === program).length;
    const { flows } = this.#limits;
    if (own + numbers.length > program.maxFlows || this.flows.size + numbers.length > flows) {
      throw new OnpathError(
        "size",
        `Cannot register ${numbers.length} flows of plan ${plan}: ${own} are open, the maximum is ${
          Math.min(program.maxFlows, flows)
        }`,
        { plan, open: own },
      );
    }
    const ofHost =
      [...this.flows.values()].filter((flow) => flow.owner.remoteHost === owner.remoteHost).length;
    if (ofHost + numbers.length > this.#perPeer.flows) {
      throw new OnpathError(
        "size",
        `Cannot register ${numbers.length} flows: the host has ${ofHost}, the maximum of one host is ${this.#perPeer.flows}`,
        { open: ofHost, most: this.#perPeer.flows },
      );
    }
    const peer = this.peers.of(owner.remoteHost);
    for (const number of numbers) {
      const order = program.isSequential ? new FlowOrder() : undefined;
      const reports = port === undefined ? undefined : { host: source, port };
      this.flows.set(number, { program, owner, peer, token, source, reports, order });
    }
    return program;
  }

  /** Removes flows of a connection; others are ignored. */
  closeFlows(numbers: readonly number[], owner: Channel): void {
    for (const number of numbers) if (this.flows.get(number)?.owner === owner) this.removeFlow(number);
  }

  /** Removes a flow, and erases its keys. */
  removeFlow(number: number): void {
    const flow = this.flows.get(number);
    if (flow === undefined) return;
    this.flows.delete(number);
    flow.owner.keys?.mac("request").forget(number);
    flow.owner.keys?.mac("order").forget(number);
    this.destinations.get(flow.token)?.owner.keys?.mac("answer").forget(number);
  }

  /**
   * Registers the connection's host as a destination.
   *
   * @throws {OnpathError} `size` if the token is in use, or the connection has too many destinations.
   */
  addDestination(token: string, port: number, owner: Channel): void {
    const address = { host: owner.remoteHost, port };
    const found = this.destinations.get(token);
    const isTaken = found !== undefined && (found.owner !== owner || !sameAddress(found.address, address));
    if (isTaken || [...this.destinations.values()].some((each) => each.owner === owner && each !== found)) {
      throw new OnpathError("size", "Cannot register a destination: the token or the connection has one", {});
    }
    this.destinations.set(token, { address, owner });
  }

  /** Removes everything that a connection registered. Programs without users are closed. */
  forget(owner: Channel): void {
    for (const [number, flow] of this.flows) if (flow.owner === owner) this.removeFlow(number);
    for (const [token, each] of this.destinations) if (each.owner === owner) this.destinations.delete(token);
    for (const [plan, { users }] of this.#programs) {
      users.delete(owner);
      if (users.size === 0) this.remove(plan);
    }
  }

  /** Connections that use a program. */
  usersOf(plan: number): ReadonlySet<Channel> {
    return this.#programs.get(plan)?.users ?? new Set();
  }

  /** Removes a program and closes its device. */
  remove(plan: number): void {
    const held = this.#programs.get(plan);
    if (held === undefined) return;
    this.#programs.delete(plan);
    this.#ready.delete(plan);
    // A program that could not be opened has no device.
    const close = async (program: NicProgram) => {
      await program.close();
      for (const [reason, count] of Object.entries(program.device.counters().dropped)) {
        this.retired.set(reason, (this.retired.get(reason) ?? 0) + count);
      }
    };
    const closing = held.program.then(close, () => {}).finally(() => {
      this.#closing.delete(closing);
    });
    this.#closing.add(closing);
  }

  /** Removes everything and closes all devices. */
  async close(): Promise<void> {
    this.flows.clear();
    this.destinations.clear();
    for (const plan of [...this.#programs.keys()]) this.remove(plan);
    await Promise.all(this.#closing);
  }
}
