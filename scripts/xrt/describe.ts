/**
 * Metadata of an xclbin as tables and as JSON.
 *
 * @module
 */

import type { Xclbin } from "../../runtime/device/xrt/xclbin/xclbin.ts";
import { bytes, columnTable, factTable } from "../cli/text.ts";
import { hex } from "./open.ts";

/** Formats the clocks, kernels, memories and sections of an xclbin as tables. */
export function describeXclbin(xclbin: Xclbin): string {
  const { uuid, platform, mode, version, created, sections, kernels, memories, connections, clocks } = xclbin;
  const parts = [factTable([
    ["uuid", uuid],
    ["platform", platform],
    ["mode", mode],
    ["made", `by version ${version}, ${new Date(1000 * created).toISOString()}`],
    ["size", bytes(xclbin.bytes)],
    [
      "clocks",
      clocks.map(({ name, type, mhz }) => `${name} (${type.toLowerCase()}) ${mhz} MHz`).join(", ") ||
      "none named",
    ],
  ])];
  for (const { name, range, arguments: list, instances } of kernels) {
    parts.push(factTable([
      ["kernel", `${name}, ${bytes(range)} of registers`],
      [
        "instances",
        instances.map(({ name, base, control }) => `${name} at ${hex(base)}, ${control}`).join("; ") ||
        "none",
      ],
    ]));
    if (list.length === 0) continue;
    parts.push(columnTable(
      ["argument", "name", "kind", "type", "offset", "bytes", "memory"],
      list.map(({ index, name: argument, kind, type, offset, bytes }) => [
        String(index),
        argument,
        kind,
        type,
        hex(offset),
        bytes,
        [
          ...new Set(
            connections.filter((each) => each.argument === index && each.instance.startsWith(`${name}:`))
              .map(({ memory }) => memories[memory]!.tag),
          ),
        ].join(" ") || "-",
      ]),
    ));
  }
  if (memories.length > 0) {
    parts.push(columnTable(
      ["memory", "name", "type", "base", "size", "used"],
      memories.map(({ tag, type, base, bytes: size, used }, index) => [
        String(index),
        tag,
        type,
        hex(base),
        bytes(Number(size)),
        used ? "yes" : "no",
      ]),
    ));
  }
  parts.push(columnTable(
    ["section", "name", "offset", "bytes"],
    sections.map(({ kind, name, offset, size }) => [kind, name, hex(offset), size]),
  ));
  return parts.join("\n");
}

/** Converts the metadata to plain JSON. 64-bit numbers become texts such as `0x1800000`. */
export function xclbinAsJson(xclbin: Xclbin): unknown {
  return JSON.parse(JSON.stringify(xclbin, (_, value) => typeof value === "bigint" ? hex(value) : value));
}
