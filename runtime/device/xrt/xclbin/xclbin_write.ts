/**
 * Writer of xclbin files for emulation: the metadata of kernels and memories that XRT reads, without a
 * bitstream for a card.
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

/** Argument to write. */
export interface ArgumentDraft {
  /** Name in the kernel's C signature. */
  readonly name: string;
  /** Kind: a value, or a buffer in global memory. */
  readonly kind: "scalar" | "buffer";
  /** Register offset, in bytes from the kernel's base. */
  readonly offset: number;
  /** Size of the register in bytes. Default 8 for a buffer, 4 for a scalar. */
  readonly bytes?: number;
  /** C type. Default `uint*` for a buffer, `uint` for a scalar. XRT reads varargs as this type. */
  readonly type?: string;
  /** Index of the memory that the argument is connected to. Required for a buffer. */
  readonly memory?: number;
}

/** Kernel to write. */
export interface KernelDraft {
  /** Name, such as `vadd`. */
  readonly name: string;
  /** Size of the register range in bytes. Default 65,536. */
  readonly range?: number;
  /** Arguments in order of their index. */
  readonly arguments: readonly ArgumentDraft[];
  /** Instances, with the base address of their registers. */
  readonly instances: readonly { readonly name: string; readonly base: bigint }[];
  /** Start protocol. Default `AP_CTRL_HS`. */
  readonly control?: IpControl;
}

/** Contents of an xclbin to write. */
export interface XclbinDraft {
  /** Platform name. XRT compares the name with the device's. */
  readonly platform: string;
  /** Target emulation. Default `SW_EMU`. */
  readonly mode?: "SW_EMU" | "HW_EMU";
  /** UUID, 16 bytes. Default: derived from the contents, so that equal drafts give equal files. */
  readonly uuid?: Uint8Array;
  /** Memory banks by index, with sizes in bytes. */
  readonly memories: readonly { readonly tag: string; readonly bytes: bigint; readonly base: bigint }[];
  /** Kernels, in the order of the metadata. */
  readonly kernels: readonly KernelDraft[];
  /** Frequency of the kernels' clock in MHz. Default 250. */
  readonly mhz?: number;
  /** Creation time in seconds since 1970. Default 0, so that equal drafts give equal files. */
  readonly created?: number;
}

/**
 * Writes an xclbin.
 *
 * @param draft Contents of the file.
 * @returns File with the sections BITSTREAM (placeholder text), EMBEDDED_METADATA, MEM_TOPOLOGY, CONNECTIVITY,
 * IP_LAYOUT, CLOCK_FREQ_TOPOLOGY, ASK_GROUP_TOPOLOGY and ASK_GROUP_CONNECTIVITY. Each memory is its own group.
 * @throws {OnpathError} `size` when a number is out of range, `file` when a name exceeds its field or a buffer
 * argument has no memory.
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
  const offsets: number[] = [];
  let end = align(AXLF.sections + AXLF.sectionBytes * sections.length);
  for (const [, , data] of sections) {
    offsets.push(end);
    end = align(end + data.length);
  }
  const bytes = new Uint8Array(end);
  const view = new DataView(bytes.buffer);
  putText(bytes, 0, AXLF.magic.length, "xclbin2");
  view.setInt32(AXLF.signatureLength, -1, true);
  bytes.fill(0xff, AXLF.reserved, AXLF.reserved + 28);
  view.setBigUint64(AXLF.length, BigInt(end), true);
  view.setBigUint64(AXLF.timeStamp, BigInt(draft.created ?? 0), true);
  // Version 2.13.466 of XRT, whose header defines this layout.
  view.setUint16(AXLF.version, 466, true);
  bytes.set([2, 13], AXLF.version + 2);
  view.setUint16(AXLF.mode, XCLBIN_MODES.indexOf(draft.mode ?? "SW_EMU"), true);
  putText(bytes, AXLF.platform, 64, draft.platform);
  view.setUint32(AXLF.numSections, sections.length, true);
  sections.forEach(([kind, name, data], i) => {
    const at = AXLF.sections + AXLF.sectionBytes * i;
    view.setUint32(at, SECTION_KINDS.indexOf(kind), true);
    putText(bytes, at + 4, 16, name);
    view.setBigUint64(at + 24, BigInt(offsets[i]!), true);
    view.setBigUint64(at + 32, BigInt(data.length), true);
    bytes.set(data, offsets[i]!);
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

/** Derives a UUID from four CRC-32C sums of the contents; each sum starts from the previous one. */
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

/** Writes a section of equal entries after their count. */
function table(
  { first, bytes }: { first: number; bytes: number },
  count: number,
  write: (view: DataView, at: number, i: number) => void,
): Uint8Array {
  // The C structures contain one entry, so an empty section has the size of one.
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
    // Type DDR4, used.
    view.setUint8(at, 1);
    view.setUint8(at + 1, 1);
    view.setBigUint64(at + 8, bytes / 1024n, true);
    view.setBigUint64(at + 16, base, true);
    putText(new Uint8Array(view.buffer), at + 24, 16, tag);
  });
}

/** Instances with their kernels, in the order of IP_LAYOUT. */
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
