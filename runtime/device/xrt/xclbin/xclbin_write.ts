/**
 * Writes an xclbin for emulation: what XRT needs to know about kernels and memories, and no bitstream
 * that a card could take.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../../../../serialize/errors.ts";
import { crc32c } from "../../../../serialize/crc32c.ts";
import {
  AXLF,
  IP_CONTROLS,
  type IpControl,
  SECTION_KINDS,
  type SectionKind,
  XCLBIN_MODES,
} from "./xclbin_format.ts";

/** An argument as it is written. */
export interface ArgumentDraft {
  /** What it is called. */
  readonly name: string;
  /** What it is. */
  readonly kind: "scalar" | "buffer";
  /** Where its register stands, in bytes. */
  readonly offset: number;
  /** Bytes of its register. Default 8 for a buffer, 4 for a scalar. */
  readonly bytes?: number;
  /** Its type in C. Default `uint*` and `uint`. XRT reads varargs by it. */
  readonly type?: string;
  /** Which memory it may be in; for a buffer. */
  readonly memory?: number;
}

/** A kernel as it is written. */
export interface KernelDraft {
  /** What it is called. */
  readonly name: string;
  /** Bytes of its registers. Default 65,536. */
  readonly range?: number;
  /** Its arguments by their number. */
  readonly arguments: readonly ArgumentDraft[];
  /** Its instances and the addresses of their registers. */
  readonly instances: readonly { readonly name: string; readonly base: bigint }[];
  /** How it is started. Default `AP_CTRL_HS`. */
  readonly control?: IpControl;
}

/** An xclbin as it is written. */
export interface XclbinDraft {
  /** The platform's name; XRT compares it with the device's. */
  readonly platform: string;
  /** What it is for. Default `SW_EMU`. */
  readonly mode?: "SW_EMU" | "HW_EMU";
  /** Its uuid, 16 bytes. Default: follows from the contents, so that equal drafts are equal. */
  readonly uuid?: Uint8Array;
  /** Memory banks. */
  readonly memories: readonly { readonly tag: string; readonly bytes: bigint; readonly base: bigint }[];
  /** Kernels. */
  readonly kernels: readonly KernelDraft[];
  /** MHz of the kernels' clock. Default 250. */
  readonly mhz?: number;
  /** Seconds since 1970; given, so that the same draft makes the same bytes. Default 0. */
  readonly created?: number;
}

/**
 * Writes an xclbin.
 *
 * @param draft What it says.
 * @returns The file: the sections BITSTREAM (a text, no bitstream), EMBEDDED_METADATA, MEM_TOPOLOGY,
 * CONNECTIVITY, IP_LAYOUT, both of groups, which are the memories, and CLOCK_FREQ_TOPOLOGY.
 * @throws {OnpathError} `size` when a number is outside its limits, `file` when a name does not fit its
 * field or an argument names no memory.
 *
 * @example
 * ```ts
 * import { readXclbin, writeXclbin } from "onpath/xrt";
 * import assert from "node:assert/strict";
 *
 * const image = writeXclbin({
 *   platform: "onpath_nic",
 *   memories: [{ tag: "bank0", bytes: 2n ** 30n, base: 0n }],
 *   kernels: [{ name: "echo", arguments: [], instances: [{ name: "echo_1", base: 0x1800000n }] }],
 * });
 * assert.equal(readXclbin(image).kernels[0]!.name, "echo");
 * ```
 */
export function writeXclbin(draft: XclbinDraft): Uint8Array<ArrayBuffer> {
  checkInteger("memory count", draft.memories.length, 0, 1024);
  checkInteger("kernel count", draft.kernels.length, 0, 1024);
  const memories = writeMemories(draft);
  const connections = writeConnections(draft);
  const sections: readonly (readonly [SectionKind, string, Uint8Array])[] = [
    ["BITSTREAM", "bitstream", new TextEncoder().encode("no bitstream: for emulation")],
    ["EMBEDDED_METADATA", "metadata", new TextEncoder().encode(kernelXml(draft))],
    ["MEM_TOPOLOGY", "memories", memories],
    ["CONNECTIVITY", "connections", connections],
    ["IP_LAYOUT", "instances", writeIps(draft)],
    ["CLOCK_FREQ_TOPOLOGY", "clocks", writeClocks(draft)],
    ["ASK_GROUP_TOPOLOGY", "groups", memories],
    ["ASK_GROUP_CONNECTIVITY", "grouped", connections],
  ];
  const places: number[] = [];
  let end = align(AXLF.sections + AXLF.sectionBytes * sections.length);
  for (const [, , data] of sections) {
    places.push(end);
    end = align(end + data.length);
  }
  const bytes = new Uint8Array(end);
  const view = new DataView(bytes.buffer);
  putText(bytes, 0, AXLF.magic.length, "xclbin2");
  view.setInt32(AXLF.signatureLength, -1, true);
  bytes.fill(0xff, AXLF.reserved, AXLF.reserved + 28);
  view.setBigUint64(AXLF.length, BigInt(end), true);
  view.setBigUint64(AXLF.timeStamp, BigInt(draft.created ?? 0), true);
  // The version of XRT whose header the layout is from.
  view.setUint16(AXLF.version, 466, true);
  bytes.set([2, 13], AXLF.version + 2);
  view.setUint16(AXLF.mode, XCLBIN_MODES.indexOf(draft.mode ?? "SW_EMU"), true);
  putText(bytes, AXLF.platform, 64, draft.platform);
  view.setUint32(AXLF.numSections, sections.length, true);
  sections.forEach(([kind, name, data], i) => {
    const at = AXLF.sections + AXLF.sectionBytes * i;
    view.setUint32(at, SECTION_KINDS.indexOf(kind), true);
    putText(bytes, at + 4, 16, name);
    view.setBigUint64(at + 24, BigInt(places[i]!), true);
    view.setBigUint64(at + 32, BigInt(data.length), true);
    bytes.set(data, places[i]!);
  });
  const uuid = draft.uuid ?? uuidOf(bytes);
  checkInteger("uuid bytes", uuid.length, 16, 16);
  bytes.set(uuid, AXLF.uuid);
  view.setBigUint64(AXLF.uniqueId, new DataView(uuid.buffer, uuid.byteOffset).getBigUint64(0, true), true);
  return bytes;
}

function align(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}

/** Four sums of the contents, each continuing the one before. */
function uuidOf(bytes: Uint8Array): Uint8Array {
  const uuid = new Uint8Array(16);
  let sum = 0;
  for (let i = 0; i < 16; i += 4) new DataView(uuid.buffer).setUint32(i, sum = crc32c(bytes, sum), true);
  return uuid;
}

function putText(bytes: Uint8Array, at: number, length: number, text: string): void {
  const data = new TextEncoder().encode(text);
  if (data.length >= length) {
    throw new OnpathError("file", `Cannot write an xclbin: "${text}" has more than ${length - 1} bytes`, {
      text,
    });
  }
  bytes.set(data, at);
}

/** A section of equal entries behind a count. */
function table(
  { first, bytes }: { first: number; bytes: number },
  count: number,
  write: (view: DataView, at: number, i: number) => void,
): Uint8Array {
  // A section of no entries still has room for one, as the structures of the header have.
  const section = new Uint8Array(first + bytes * Math.max(1, count));
  const view = new DataView(section.buffer);
  if (first === 2) view.setInt16(0, count, true);
  else view.setInt32(0, count, true);
  for (let i = 0; i < count; i++) write(view, first + i * bytes, i);
  return section;
}

function writeMemories({ memories }: XclbinDraft): Uint8Array {
  return table(AXLF.memory, memories.length, (view, at, i) => {
    const { tag, bytes, base } = memories[i]!;
    // DDR4, and in use.
    view.setUint8(at, 1);
    view.setUint8(at + 1, 1);
    view.setBigUint64(at + 8, bytes / 1024n, true);
    view.setBigUint64(at + 16, base, true);
    putText(new Uint8Array(view.buffer), at + 24, 16, tag);
  });
}

/** Every instance with its kernel, in the order of IP_LAYOUT. */
function instancesOf({ kernels }: XclbinDraft) {
  return kernels.flatMap((kernel) => kernel.instances.map((instance) => ({ kernel, instance })));
}

function writeIps(draft: XclbinDraft): Uint8Array {
  const list = instancesOf(draft);
  return table(AXLF.ip, list.length, (view, at, i) => {
    const { kernel, instance } = list[i]!;
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, IP_CONTROLS.indexOf(kernel.control ?? "AP_CTRL_HS") << 8, true);
    view.setBigUint64(at + 8, instance.base, true);
    putText(new Uint8Array(view.buffer), at + 16, 64, `${kernel.name}:${instance.name}`);
  });
}

function writeConnections(draft: XclbinDraft): Uint8Array {
  const rows = instancesOf(draft).flatMap(({ kernel }, ip) =>
    kernel.arguments.flatMap(({ kind, memory, name }, argument) => {
      if (kind !== "buffer") return [];
      if (memory === undefined || draft.memories[memory] === undefined) {
        throw new OnpathError(
          "file",
          `Cannot write an xclbin: argument ${name} of ${kernel.name} is a buffer in memory ${memory}, ` +
            `there are ${draft.memories.length}`,
          { kernel: kernel.name, argument: name, memory, memories: draft.memories.length },
        );
      }
      return [[argument, ip, memory]];
    })
  );
  return table(AXLF.connection, rows.length, (view, at, i) => {
    rows[i]!.forEach((value, field) => view.setInt32(at + 4 * field, value, true));
  });
}

function writeClocks({ mhz = 250 }: XclbinDraft): Uint8Array {
  return table(AXLF.clock, 1, (view, at) => {
    view.setUint16(at, checkInteger("clock in MHz", mhz, 1, 65_535), true);
    view.setUint8(at + 2, 2);
    putText(new Uint8Array(view.buffer), at + 8, 128, "KERNEL_CLK");
  });
}

function kernelXml({ platform, kernels, mhz = 250 }: XclbinDraft): string {
  const lines = kernels.flatMap(({ name, range = 0x10000, arguments: list, instances }) => [
    `      <kernel name="${xml(name)}" language="c" vlnv="onpath:kernel:${xml(name)}:1.0" attributes="" ` +
    `preferredWorkGroupSizeMultiple="0" workGroupSize="1" interrupt="true" hwControlProtocol="ap_ctrl_hs">`,
    `        <port name="S_AXI_CONTROL" mode="slave" range="${
      hex(range)
    }" dataWidth="32" portType="addressable" base="0x0"/>`,
    `        <port name="M_AXI_GMEM" mode="master" range="0xFFFFFFFFFFFFFFFF" dataWidth="512" portType="addressable" base="0x0"/>`,
    ...list.map(({ name, kind, offset, bytes, type }, id) => {
      const [qualifier, port, size, c] = kind === "buffer"
        ? [1, "M_AXI_GMEM", bytes ?? 8, type ?? "uint*"]
        : [0, "S_AXI_CONTROL", bytes ?? 4, type ?? "uint"];
      return `        <arg name="${xml(name)}" addressQualifier="${qualifier}" id="${id}" port="${port}" ` +
        `size="${hex(size)}" offset="${hex(offset)}" hostOffset="0x0" hostSize="${hex(size)}" type="${
          xml(c)
        }"/>`;
    }),
    ...instances.map(({ name, base }) =>
      `        <instance name="${xml(name)}"><addrRemap base="${hex(base)}" port="S_AXI_CONTROL"/></instance>`
    ),
    `      </kernel>`,
  ]);
  return [
    `<?xml version="1.0" encoding="UTF-8"?>`,
    `<project name="onpath">`,
    `  <platform vendor="onpath" boardid="${xml(platform)}" name="${xml(platform)}" featureRomTime="0">`,
    `    <version major="1" minor="0"/>`,
    `    <device name="fpga0" fpgaDevice="none" addrWidth="0">`,
    `      <core name="OCL_REGION_0" target="hw_em" type="clc_region" clockFreq="0MHz" numComputeUnits="60">`,
    `      <kernelClocks><clock port="KERNEL_CLK" frequency="${mhz}MHz"/></kernelClocks>`,
    ...lines,
    `      </core>`,
    `    </device>`,
    `  </platform>`,
    `</project>`,
    ``,
  ].join("\n");
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

function xml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  );
}
