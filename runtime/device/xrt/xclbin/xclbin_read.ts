/**
 * Reader of xclbin files, which contain a card's configuration and its metadata. Every length in the file is
 * checked before use.
 *
 * @module
 */

import { kindOf, OnpathError } from "../../../../serialize/errors.ts";
import type {
  Xclbin,
  XclbinClock,
  XclbinConnection,
  XclbinKernel,
  XclbinMemory,
  XclbinSection,
} from "./xclbin.ts";
import {
  AXLF,
  CLOCK_TYPES,
  IP_CONTROLS,
  MEMORY_TYPES,
  SECTION_KINDS,
  type SectionKind,
  XCLBIN_LIMITS,
  XCLBIN_MODES,
} from "./xclbin_format.ts";
import { indexIps, type XclbinIp } from "./xclbin_ips.ts";
import { readKernelXml } from "./xclbin_xml.ts";

/**
 * Reads the metadata of an xclbin.
 *
 * @param bytes Contents of the file.
 * @returns Sections, kernels, memories and clocks. Memory sizes are converted from kilobytes to bytes.
 * @throws {OnpathError} `file` when the bytes are no xclbin, or a length, count or number exceeds the file or
 * {@linkcode XCLBIN_LIMITS}.
 *
 * @example
 * ```ts
 * import { readXclbin, writeXclbin } from "onpath/xrt";
 * import assert from "node:assert/strict";
 *
 * const image = writeXclbin({
 *   platform: "onpath_nic",
 *   memories: [{ tag: "bank0", bytes: 2n ** 30n, base: 0n }],
 *   kernels: [{
 *     name: "copy",
 *     arguments: [{ name: "from", kind: "buffer", offset: 0x10, memory: 0 }],
 *     instances: [{ name: "copy_1", base: 0x1800000n }],
 *   }],
 * });
 * const { mode, kernels } = readXclbin(image);
 * assert.equal(mode, "SW_EMU");
 * assert.equal(kernels[0]!.arguments[0]!.name, "from");
 * ```
 */
export function readXclbin(bytes: Uint8Array): Xclbin {
  if (!(bytes instanceof Uint8Array)) throw malformed(`it is ${kindOf(bytes)}, expected a Uint8Array`);
  if (bytes.length > XCLBIN_LIMITS.bytes) throw malformed(`it has ${bytes.length} bytes`);
  if (bytes.length < AXLF.sections || readText(bytes, 0, 8) !== "xclbin2") {
    throw malformed(`it does not begin with "xclbin2" and a header of ${AXLF.sections} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(AXLF.length, true);
  if (length !== BigInt(bytes.length)) {
    throw malformed(`its header has a length of ${length} bytes, the file has ${bytes.length}`);
  }
  const sections = readSections(bytes, view);
  const find = (kind: SectionKind): Uint8Array | undefined => {
    const section = sections.find((section) => section.kind === kind);
    return section && bytes.subarray(section.offset, section.offset + section.size);
  };
  const memories = readMemories(find("MEM_TOPOLOGY"));
  const groups = readMemories(find("ASK_GROUP_TOPOLOGY"));
  const ips = readIps(find("IP_LAYOUT"));
  const instanceOf = indexIps(ips);
  const xml = find("EMBEDDED_METADATA");
  // Files often end the XML with a NUL, which is not part of the text.
  const kernels = xml === undefined ? [] : readKernelXml(new TextDecoder().decode(xml).replace(/\0+$/, ""));
  const [patch, major, minor] = [
    view.getUint16(AXLF.version, true),
    bytes[AXLF.version + 2],
    bytes[AXLF.version + 3],
  ];
  return {
    uuid: formatUuid(bytes.subarray(AXLF.uuid, AXLF.uuid + 16)),
    platform: readText(bytes, AXLF.platform, 64),
    mode: nameOf(XCLBIN_MODES, view.getUint16(AXLF.mode, true)),
    version: `${major}.${minor}.${patch}`,
    created: Number(view.getBigUint64(AXLF.timeStamp, true)),
    bytes: bytes.length,
    sections,
    memories,
    groups,
    kernels: kernels.map((kernel): XclbinKernel => ({
      ...kernel,
      instances: kernel.instances.map(({ name, base }) => {
        const { ip, index } = instanceOf(`${kernel.name}:${name}`) ?? { ip: undefined, index: -1 };
        return {
          name,
          base: ip?.base ?? base,
          control: nameOf(IP_CONTROLS, ((ip?.properties ?? 0) >>> 8) & 0xff),
          interrupt: ((ip?.properties ?? 0) & 1) === 1,
          index,
        };
      }),
    })),
    connections: readConnections(find("CONNECTIVITY"), ips, memories.length),
    clocks: readClocks(find("CLOCK_FREQ_TOPOLOGY")),
  };
}

/**
 * Returns the bytes of a section.
 *
 * @param bytes Contents of the file.
 * @param section Section of the same file, from {@linkcode readXclbin}.
 * @returns View of the bytes, without a copy.
 */
export function sectionBytes(bytes: Uint8Array, section: XclbinSection): Uint8Array {
  return bytes.subarray(section.offset, section.offset + section.size);
}

/** Formats 16 bytes as `8-4-4-4-12` hexadecimal digits. */
export function formatUuid(bytes: Uint8Array): string {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function readSections(bytes: Uint8Array, view: DataView): XclbinSection[] {
  const count = view.getUint32(AXLF.numSections, true);
  const end = AXLF.sections + count * AXLF.sectionBytes;
  if (count > XCLBIN_LIMITS.sections || end > bytes.length) {
    throw malformed(`its header has a count of ${count} sections`);
  }
  return Array.from({ length: count }, (_, i) => {
    const at = AXLF.sections + i * AXLF.sectionBytes;
    const kind = nameOf(SECTION_KINDS, view.getUint32(at, true));
    const [offset, size] = [view.getBigUint64(at + 24, true), view.getBigUint64(at + 32, true)];
    // The offset of an empty section is meaningless.
    if (size > 0n && (offset < BigInt(end) || offset + size > BigInt(bytes.length))) {
      throw malformed(
        `section ${i} (${kind}) is at ${offset} with ${size} bytes, the file has ${bytes.length}`,
      );
    }
    return {
      kind,
      name: readText(bytes, at + 4, 16),
      offset: size > 0n ? Number(offset) : 0,
      size: Number(size),
    };
  });
}

/** Checks a section of equal entries; returns a view of it and the offsets of the entries. */
function entries(
  section: Uint8Array | undefined,
  kind: string,
  { first, bytes }: { first: number; bytes: number },
): { view: DataView; offsets: number[] } {
  if (section === undefined || section.length === 0) {
    return { view: new DataView(new ArrayBuffer(0)), offsets: [] };
  }
  const view = new DataView(section.buffer, section.byteOffset, section.byteLength);
  // Only the clock count has 16 bits; the others have 32.
  const count = section.length < 4 ? -1 : first === 2 ? view.getInt16(0, true) : view.getInt32(0, true);
  if (count < 0 || count > XCLBIN_LIMITS.entries || first + count * bytes > section.length) {
    throw malformed(`section ${kind} of ${section.length} bytes has a count of ${count} entries of ${bytes}`);
  }
  return { view, offsets: Array.from({ length: count }, (_, i) => first + i * bytes) };
}

function readMemories(section: Uint8Array | undefined): XclbinMemory[] {
  const { view, offsets } = entries(section, "MEM_TOPOLOGY", AXLF.memory);
  return offsets.map((at) => ({
    tag: readText(section!, at + 24, 16),
    type: nameOf(MEMORY_TYPES, view.getUint8(at)),
    used: view.getUint8(at + 1) !== 0,
    bytes: view.getBigUint64(at + 8, true) * 1024n,
    base: view.getBigUint64(at + 16, true),
  }));
}

function readIps(section: Uint8Array | undefined): XclbinIp[] {
  const { view, offsets } = entries(section, "IP_LAYOUT", AXLF.ip);
  return offsets.map((at) => ({
    type: view.getUint32(at, true),
    properties: view.getUint32(at + 4, true),
    base: view.getBigUint64(at + 8, true),
    name: readText(section!, at + 16, 64),
  }));
}

function readConnections(
  section: Uint8Array | undefined,
  ips: readonly XclbinIp[],
  memories: number,
): XclbinConnection[] {
  const { view, offsets } = entries(section, "CONNECTIVITY", AXLF.connection);
  return offsets.map((at, i) => {
    const [argument, ip, memory] = [0, 4, 8].map((field) => view.getInt32(at + field, true)) as [
      number,
      number,
      number,
    ];
    if (ips[ip] === undefined || argument < 0 || memory < 0 || memory >= memories) {
      throw malformed(`connection ${i} connects argument ${argument} of instance ${ip} to memory ${memory}`);
    }
    return { instance: ips[ip].name, argument, memory };
  });
}

function readClocks(section: Uint8Array | undefined): XclbinClock[] {
  const { view, offsets } = entries(section, "CLOCK_FREQ_TOPOLOGY", AXLF.clock);
  return offsets.map((at) => ({
    name: readText(section!, at + 8, 128),
    type: nameOf(CLOCK_TYPES, view.getUint8(at + 2)),
    mhz: view.getUint16(at, true),
  }));
}

/** Reads the text in a field of fixed length, up to the first NUL. */
function readText(bytes: Uint8Array, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return new TextDecoder("latin1").decode(end < 0 ? field : field.subarray(0, end));
}

function nameOf<T extends string>(names: readonly T[], value: number): T | string {
  return names[value] ?? String(value);
}

function malformed(what: string): OnpathError {
  return new OnpathError("file", `Cannot read an xclbin: ${what}`, { what });
}
