/**
 * The XDP program in the kernel: its maps, its programs' tables, its attachments.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { brotliDecompressSync } from "node:zlib";
import { crc32cTables } from "../../serialize/crc32c.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { cString, type Pointer } from "../device/xrt/binding/native.ts";
import { COUNTER_BYTES, NAMES, sumCounters, type XdpCounts } from "./layout.ts";
import { inNamespace, interfaceIndex } from "./namespace.ts";
import { type Native, succeed } from "./native.ts";
import { XDP_OBJECT } from "./program_object.ts";

/** How the kernel runs a program: in the driver, or on the packets of its network stack, which any interface can. */
export const XDP_MODES = ["native", "generic"] as const;

/** One of {@linkcode XDP_MODES}. */
export type XdpMode = (typeof XDP_MODES)[number];

const MODE_FLAGS: Readonly<Record<XdpMode, number>> = { native: 4, generic: 2 };
const BPF_XDP = 37;
const MAP_TYPE_ARRAY = 2;

/** The XDP program, loaded. */
export interface KernelProgram {
  /** Libraries. */
  readonly native: Native;
  /** File descriptor of the program that answers packets. */
  readonly program: number;
  /** Sets the addresses of requests and answers. Without them every packet passes. */
  readonly configure: (settings: Uint8Array) => void;
  /** Puts a bank in place of one of the same plan, as a whole: the kernel has left the old one on return. */
  readonly put: (plan: number, bank: Uint8Array) => void;
  /** Removes the bank of a plan. */
  readonly remove: (plan: number) => void;
  /** Puts the resident pages of a plan in place of the earlier ones, as a whole: as {@linkcode KernelProgram.put}. */
  readonly putPages: (plan: number, pages: Uint8Array) => void;
  /** Removes the pages of a plan. */
  readonly removePages: (plan: number) => void;
  /** Reads the counters. */
  readonly counts: () => XdpCounts;
  /**
   * Attaches a program to an interface, until {@linkcode KernelProgram.close}, or the end of this process.
   *
   * @param which `answer` or `pass`.
   * @param name Name of the interface.
   * @param namespace Network namespace of the interface.
   * @param mode How it runs; by default native where the driver can.
   */
  readonly attach: (
    which: "answer" | "pass",
    name: string,
    namespace: string | undefined,
    mode: XdpMode | undefined,
  ) => void;
  /** Detaches and frees everything. */
  readonly close: () => void;
}

/**
 * Loads the XDP program into the kernel, which verifies it.
 *
 * @param native Libraries.
 * @throws {OnpathError} `device` if the rights are missing, or the kernel refuses the program.
 */
export function loadKernelProgram(native: Native): KernelProgram {
  const { bpf, libc } = native;
  const bytes = new Uint8Array(brotliDecompressSync(Buffer.from(XDP_OBJECT, "base64")));
  const object = bpf.bpf_object__open_mem(bytes, bytes.length, null);
  if (object === null) throw new OnpathError("device", "Cannot read the XDP program: libbpf refuses it");
  const links: number[] = [];
  const close = () => {
    for (const link of links.splice(0)) {
      // A close detaches only with the last copy of the descriptor, and a child of this process has one from its fork to
      // its exec. The next program would find the interface busy. The detach fails only if the interface is gone.
      bpf.bpf_link_detach(link);
      libc.close(link);
    }
    bpf.bpf_object__close(object);
  };
  try {
    succeed(native, "load the XDP program into the kernel", bpf.bpf_object__load(object));
    return { ...openMaps(native, object), native, attach, close, program: programOf(NAMES.program) };
  } catch (error) {
    close();
    throw error;
  }

  function programOf(name: string): number {
    const program = bpf.bpf_object__find_program_by_name(object, cString(name));
    return succeed(native, `find the XDP program ${name}`, bpf.bpf_program__fd(program));
  }

  function attach(
    which: "answer" | "pass",
    name: string,
    namespace: string | undefined,
    mode: XdpMode | undefined,
  ): void {
    const program = programOf(which === "answer" ? NAMES.program : NAMES.pass);
    // struct bpf_link_create_opts: its size, then the flags.
    const options = new Uint8Array(16);
    const view = new DataView(options.buffer);
    view.setBigUint64(0, 16n, true);
    view.setUint32(8, mode === undefined ? 0 : MODE_FLAGS[mode], true);
    const link = inNamespace(
      native,
      namespace,
      () => bpf.bpf_link_create(program, interfaceIndex(native, name), BPF_XDP, options),
    );
    links.push(succeed(native, `attach the XDP program to interface ${name}`, link));
  }
}

function openMaps(
  native: Native,
  object: Pointer,
): Pick<KernelProgram, "configure" | "put" | "remove" | "putPages" | "removePages" | "counts"> {
  const { bpf, libc } = native;
  const mapOf = (name: string) =>
    succeed(native, `find the map ${name}`, bpf.bpf_object__find_map_fd_by_name(object, cString(name)));
  const only = new Uint8Array(4);
  const set = (map: number, key: Uint8Array, value: Uint8Array) =>
    succeed(native, "write a map of the XDP program", bpf.bpf_map_update_elem(map, key, value, 0n));
  const [settings, counters, programs, paged] = [
    mapOf(NAMES.settings),
    mapOf(NAMES.counters),
    mapOf(NAMES.programs),
    mapOf(NAMES.paged),
  ];
  set(mapOf(NAMES.slices), only, crcSlices());
  const processors = succeed(native, "count processors", bpf.libbpf_num_possible_cpus());
  const values = new Uint8Array(COUNTER_BYTES * processors);
  /** Puts a value into a map of its own, and that in place of the one that a map of maps has for a plan. */
  const replace = (outer: number, plan: number, value: Uint8Array) => {
    const map = succeed(
      native,
      "create a map for a program's tables",
      bpf.bpf_map_create(MAP_TYPE_ARRAY, cString("onpath_tables"), 4, value.length, 1, null),
    );
    try {
      set(map, only, value);
      // Returns when the kernel has left the earlier one, which takes 10 to 20 ms.
      set(outer, word(plan), word(map));
    } finally {
      // The map of maps keeps it.
      libc.close(map);
    }
  };
  const remove = (outer: number, plan: number) =>
    void succeed(native, `remove plan ${plan}`, bpf.bpf_map_delete_elem(outer, word(plan)));
  return {
    configure: (bytes) => void set(settings, only, bytes),
    put: (plan, bank) => replace(programs, plan, bank),
    remove: (plan) => remove(programs, plan),
    putPages: (plan, pages) => replace(paged, plan, pages),
    removePages: (plan) => remove(paged, plan),
    counts: () => {
      succeed(native, "read the counters", bpf.bpf_map_lookup_elem(counters, only, values));
      return sumCounters(values);
    },
  };
}

/** Table of the CRC-32C by slices of 16: each slice has a zero byte more than the one before. */
function crcSlices(): Uint8Array {
  const tables = crc32cTables();
  const slices = new Uint32Array(16 * 256);
  slices.set(tables);
  for (let entry = tables.length; entry < slices.length; entry++) {
    const before = slices[entry - 256]!;
    slices[entry] = before >>> 8 ^ tables[before & 255]!;
  }
  return new Uint8Array(slices.buffer);
}

/** Encodes a 32-bit number as a key or value of a map. */
function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
