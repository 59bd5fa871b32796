/**
 * `connectivity.cfg`: links a kernel with the kernels of AMD's VNx example in v++. These are the Ethernet
 * port, the network layer, and movers between memory and streams for everything except packets.
 *
 * @module
 */

import { spreadName } from "../../kernels/rtl/spreads.ts";
import { DOOR } from "./door.ts";
import { type CardKernel, GENERATED } from "./kernels.ts";
import type { Stream } from "./ports.ts";

/** Movers of VNx: kernel and stream, by direction. */
const MOVERS = {
  in: { kernel: "krnl_mm2s", stream: "k2n" },
  out: { kernel: "krnl_s2mm", stream: "n2k" },
} as const;

/** Instance of the kernel before several instances. */
const SPREAD_UNIT = "spread_0";

/** Instance of the door behind the network layer, which cannot be stalled. */
const DOOR_UNIT = "door_0";

/** SLR of the Ethernet port, and the one below it. */
const PORT_SLR = "SLR2", NEXT_SLR = "SLR1";

/**
 * Lists the VNx movers that a kernel is linked with.
 *
 * @param streams Streams of the kernel.
 */
export function moversOf(streams: readonly Stream[]): string[] {
  const kinds = sideStreams(streams).map(({ reads }) => MOVERS[reads ? "in" : "out"].kernel);
  return [...new Set(kinds)];
}

function sideStreams(streams: readonly Stream[]): Stream[] {
  return streams.filter(({ name }) => name !== "s_axis" && name !== "m_axis");
}

/**
 * Name of the file that links a number of instances, in the kernel's folder.
 *
 * @param instances Number of instances.
 */
export function linkFile(instances: number): string {
  return `connectivity${instances === 1 ? "" : `_${instances}`}.cfg`;
}

/**
 * Generates the configuration. Several instances stand behind a kernel that spreads packets over them, each with movers
 * of its own. Every second instance is in the SLR below that of the Ethernet port.
 *
 * @param kernel Kernel to link.
 * @param streams Streams of its top module.
 * @param instances Number of instances.
 * @returns Text of the file.
 */
export function connectivity(
  { name, keepsOrder }: CardKernel,
  streams: readonly Stream[],
  instances = 1,
): string {
  const isSpread = instances > 1;
  const units: [kernel: string, unit: string, slr: string][] = [
    ["cmac_0", "cmac_0", PORT_SLR],
    ["networklayer", "networklayer_0", PORT_SLR],
    [DOOR.name, DOOR_UNIT, PORT_SLR],
  ];
  const requests = `networklayer_0.M_AXIS_nl2sk:${DOOR_UNIT}.s_axis`;
  if (isSpread) units.push([spreadName(instances, keepsOrder), SPREAD_UNIT, PORT_SLR]);
  const packets: string[] = isSpread
    ? [
      requests,
      `${DOOR_UNIT}.m_axis:${SPREAD_UNIT}.s_axis`,
      `${SPREAD_UNIT}.m_axis:networklayer_0.S_AXIS_sk2nl`,
    ]
    : [requests];
  const links: string[] = [];
  for (let n = 0; n < instances; n++) {
    const unit = `${name}_${n}`, slr = n % 2 === 0 ? PORT_SLR : NEXT_SLR;
    units.push([name, unit, slr]);
    packets.push(
      ...(isSpread
        ? [`${SPREAD_UNIT}.m_axis_${n}:${unit}.s_axis`, `${unit}.m_axis:${SPREAD_UNIT}.s_axis_${n}`]
        : [`${DOOR_UNIT}.m_axis:${unit}.s_axis`, `${unit}.m_axis:networklayer_0.S_AXIS_sk2nl`]),
    );
    for (const { name: stream, reads } of sideStreams(streams)) {
      const mover = MOVERS[reads ? "in" : "out"];
      const moved = `mover_${stream.replace(/^[sm]_axis_/, "")}${isSpread ? `_${n}` : ""}`;
      units.push([mover.kernel, moved, slr]);
      const ends = [`${moved}.${mover.stream}`, `${unit}.${stream}`];
      links.push((reads ? ends : ends.reverse()).join(":"));
    }
  }
  const kinds = [...new Set(units.map(([kernel]) => kernel))];
  return [
    `# ${GENERATED}`,
    `# The Makefile moves all SLRs down by one for U50 and U55, whose Ethernet port is one lower, as VNx does.`,
    `[connectivity]`,
    ...kinds.map((kind) => {
      const own = units.filter(([kernel]) => kernel === kind).map(([, unit]) => unit);
      return `nk=${kind}:${own.length}:${own.join(".")}`;
    }),
    ``,
    ...units.map(([, unit, slr]) => `slr=${unit}:${slr}`),
    ``,
    `# The Ethernet port and the network layer.`,
    `stream_connect=cmac_0.M_AXIS:networklayer_0.S_AXIS_eth2nl`,
    `stream_connect=networklayer_0.M_AXIS_nl2eth:cmac_0.S_AXIS`,
    ``,
    `# Requests from the network layer through the door, answers back to it.`,
    ...packets.map((link) => `stream_connect=${link}`),
    ``,
    `# Streams without packets connect to the card's memory; v++ converts the widths.`,
    ...links.map((link) => `stream_connect=${link}`),
    ``,
  ].join("\n");
}
