/**
 * `kernel.xml`: the description of a kernel for Vitis and XRT (UG1393, "RTL Kernel XML File").
 *
 * @module
 */

import { argumentAddress } from "../../kernels/rtl/registers.ts";
import { GENERATED, VLNV } from "./kernels.ts";
import { MEMORY_PORT } from "./movers.ts";
import type { Stream } from "./ports.ts";

/** Size of the register space in bytes: 12 address bits. */
const RANGE = 0x1000;

/** Kernel or mover to describe. A kernel's arguments are scalars; a mover also has buffers. */
export interface DescribedKernel {
  /** Name of the kernel. */
  readonly name: string;
  /** Arguments, in the order of the registers. */
  readonly arguments: readonly { readonly name: string; readonly kind?: "buffer" | "scalar" }[];
  /** Whether it runs without a start, and has no registers: `ap_ctrl_none`. Default false. */
  readonly isFree?: boolean;
}

/**
 * Generates a kernel's `kernel.xml`.
 *
 * Counters are not arguments, because XRT writes all bytes up to the last argument at every start.
 *
 * @param kernel Kernel to describe.
 * @param streams Streams of its top module.
 * @returns Text of the file.
 */
export function kernelXml(
  { name, arguments: list, isFree = false }: DescribedKernel,
  streams: readonly Stream[],
): string {
  const { vendor, library, version } = VLNV;
  const ports = [
    ...(isFree ? [] : [element("port", {
      name: "s_axi_control",
      mode: "slave",
      range: hex(RANGE),
      dataWidth: 32,
      portType: "addressable",
      base: hex(0),
    })]),
    ...(list.some(({ kind }) => kind === "buffer")
      ? [element("port", {
        name: MEMORY_PORT.name,
        mode: "master",
        range: `0x${"F".repeat(16)}`,
        dataWidth: MEMORY_PORT.width,
        portType: "addressable",
        base: hex(0),
      })]
      : []),
    ...streams.map(({ name, reads, width }) =>
      element("port", {
        name,
        mode: reads ? "read_only" : "write_only",
        dataWidth: width,
        portType: "stream",
      })
    ),
  ];
  const registers = list.map(({ name, kind = "scalar" }, index) => {
    const buffer = kind === "buffer";
    return {
      name,
      addressQualifier: buffer ? 1 : 0,
      port: buffer ? MEMORY_PORT.name : "s_axi_control",
      size: hex(buffer ? 8 : 4),
      offset: hex(argumentAddress(index)),
      hostOffset: hex(0),
      hostSize: hex(buffer ? 8 : 4),
      type: buffer ? "void*" : "uint",
    };
  });
  const pipes = streams.map(({ name, width, dest }) => ({
    name,
    addressQualifier: 4,
    port: name,
    size: hex(0),
    offset: hex(0),
    hostOffset: hex(0),
    hostSize: hex(0),
    memSize: 0,
    type: `stream<ap_axiu<${width},0,0,${dest}>>&`,
  }));
  const args = [...registers, ...pipes].map(({ name, ...rest }, id) => element("arg", { name, id, ...rest }));
  const attributes = attributesOf({
    name,
    language: "ip_c",
    vlnv: `${vendor}:${library}:${name}:${version}`,
    attributes: "",
    preferredWorkGroupSizeMultiple: 0,
    workGroupSize: 1,
    interrupt: String(!isFree),
    hwControlProtocol: isFree ? "ap_ctrl_none" : "ap_ctrl_hs",
  });
  return [
    `<?xml version="1.0" encoding="UTF-8"?>`,
    `<!-- ${GENERATED} -->`,
    `<root versionMajor="1" versionMinor="6">`,
    `  <kernel${attributes}>`,
    `    <ports>`,
    ...ports.map((port) => `      ${port}`),
    `    </ports>`,
    `    <args>`,
    ...args.map((arg) => `      ${arg}`),
    `    </args>`,
    `  </kernel>`,
    `</root>`,
    ``,
  ].join("\n");
}

type Attributes = Readonly<Record<string, string | number>>;

function hex(value: number): string {
  return `0x${value.toString(16).toUpperCase()}`;
}

function element(tag: string, attributes: Attributes): string {
  return `<${tag}${attributesOf(attributes)}/>`;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function attributesOf(attributes: Attributes): string {
  return Object.entries(attributes).map(([key, value]) =>
    ` ${key}="${String(value).replaceAll(/[&<>"]/g, (sign) => ENTITIES[sign]!)}"`
  ).join("");
}
