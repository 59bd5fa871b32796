/**
 * `connectivity.cfg`: links a kernel with the kernels of AMD's VNx example in v++. These are the Ethernet
 * port, the network layer, and movers between memory and streams for everything except packets.
 *
 * @module
 */

import { type CardKernel, GENERATED } from "./kernels.ts";
import type { Stream } from "./ports.ts";

/** Movers of VNx: kernel and stream, by direction. */
const MOVERS = {
  in: { kernel: "krnl_mm2s", stream: "k2n" },
  out: { kernel: "krnl_s2mm", stream: "n2k" },
} as const;

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
 * Generates the configuration.
 *
 * @param kernel Kernel to link.
 * @param streams Streams of its top module.
 * @returns Text of the file.
 */
export function connectivity({ name }: CardKernel, streams: readonly Stream[]): string {
  const unit = `${name}_0`;
  const units: [kernel: string, unit: string][] = [
    ["cmac_0", "cmac_0"],
    ["networklayer", "networklayer_0"],
    [name, unit],
  ];
  const links: string[] = [];
  for (const { name: stream, reads } of sideStreams(streams)) {
    const mover = MOVERS[reads ? "in" : "out"];
    const moved = `mover_${stream.replace(/^[sm]_axis_/, "")}`;
    units.push([mover.kernel, moved]);
    const ends = [`${moved}.${mover.stream}`, `${unit}.${stream}`];
    links.push((reads ? ends : ends.reverse()).join(":"));
  }
  const kinds = [...new Set(units.map(([kernel]) => kernel))];
  return [
    `# ${GENERATED}`,
    `# The Makefile moves SLR2 to SLR1 for the cards whose Ethernet port is there, as VNx does.`,
    `[connectivity]`,
    ...kinds.map((kind) => {
      const own = units.filter(([kernel]) => kernel === kind).map(([, unit]) => unit);
      return `nk=${kind}:${own.length}:${own.join(".")}`;
    }),
    ``,
    ...units.map(([, unit]) => `slr=${unit}:SLR2`),
    ``,
    `# The Ethernet port and the network layer.`,
    `stream_connect=cmac_0.M_AXIS:networklayer_0.S_AXIS_eth2nl`,
    `stream_connect=networklayer_0.M_AXIS_nl2eth:cmac_0.S_AXIS`,
    ``,
    `# Requests from the network layer, answers back to it.`,
    `stream_connect=networklayer_0.M_AXIS_nl2sk:${unit}.s_axis`,
    `stream_connect=${unit}.m_axis:networklayer_0.S_AXIS_sk2nl`,
    ``,
    `# Streams without packets connect to the card's memory; v++ converts the widths.`,
    ...links.map((link) => `stream_connect=${link}`),
    ``,
  ].join("\n");
}
