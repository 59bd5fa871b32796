/**
 * Section about bytes: pixels sent to the device, their packets, and the cost of other layouts.
 *
 * @module
 */

import type { LayoutChoice } from "../../kernels/image/plan/layouts.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { imageDrawing } from "./image.ts";
import { mark, type Markup } from "./markup.ts";
import { packetDrawing } from "./packet.ts";
import { section, table } from "./page.ts";
import { drawing, INK, key } from "./palette.ts";
import { whatIsSent } from "./sent.ts";
import { bytesText, count, many, percent, ticks, timeText } from "./text.ts";
import { layoutText, layoutVerdict } from "./words.ts";

/** Creates the section about layouts. */
export function layoutsSection(plan: ImagePlan): Markup {
  const { body: { layout, layouts, output } } = plan;
  const sent = whatIsSent(plan);
  const { drawn, note } = imageDrawing(sent);
  const { packet, window } = sent;
  const back = layout.answers;
  const item = output.planes * output.itemBytes;
  return section(
    "layout",
    "Sent pixels",
    "The input image to scale, the pixels that go to the device, and one packet close up.",
    mark`<p><b>Layout “${layout.name}”.</b> ${layoutText(plan)} ${note}</p>
${drawn}
${
      key([
        [INK.chosen, sent.form === "lines" ? "rows (and columns) that are sent" : "positions that are sent"],
        [INK.sent, "pixel that is sent"],
        ["#fff", "pixel that is not needed"],
        [INK.packet, `packet ${count(packet.sequence)}: ${packet.holds}`],
        ...(window === undefined ? [] : [
          [
            INK.stall,
            `bracket: the ${many(window.last - window.first + 1, "row")} sent for output row ${window.row}`,
          ] as const,
        ]),
      ])
    }
<h3>Packet ${count(packet.sequence)} of ${count(layout.cut.packets)}, byte by byte</h3>
<p>The bar is to scale. The header names the plan, the flow and the packet's sequence number${
      layout.checksum === "crc32c"
        ? ", and holds a CRC-32C of the packet"
        : "; only the link checks the bytes"
    }. The first item is drawn large below.</p>
${packetDrawing(plan, packet.items)}
<p class="small">Answers: ${many(back.packets, "packet")} with ${
      many(item, "byte")
    } for each output pixel (${output.dtype}, ${output.layout}), ${
      bytesText(layout.bytesBack)
    } with headers.</p>
<h3>All compared layouts, for one image</h3>
<p>In a stream of images host, wire and core work at the same time, so the slowest of the three (bold) limits
the rate. The layout with the shortest such time is chosen. Core times follow from cycles at ${
      count(plan.target.clockMHz, 1)
    } MHz, wire times from ${count(plan.target.networkGbps, 1)} Gb/s${
      plan.target.instances > 1 ? ` shared by ${many(plan.target.instances, "kernel")}` : ""
    }, host times from rates measured once on a 2-core machine: they serve to compare layouts, not to predict
times.</p>
${layouts.length > 0 ? chart(layouts) : null}
${key([[HOST, "host: copies pixels into packets"], [WIRE, "wire"], [CORE, "core"]])}
${
      table(
        [
          { head: "layout" },
          { head: "bytes", number: true },
          { head: "of the image", number: true },
          { head: "packets", number: true },
          { head: "buffers on the device", number: true },
          { head: "host µs", number: true },
          { head: "wire µs", number: true },
          { head: "core µs", number: true },
          { head: "verdict" },
        ],
        layouts.map((each) => ({
          chosen: each.verdict === "chosen",
          cells: [
            each.name,
            count(each.bytes),
            percent(each.bytes / imageBytes(plan)),
            count(each.packets),
            each.buffers === 0 ? "none" : `${count(each.buffers)} bytes`,
            count(each.hostUs, 1),
            count(each.wireUs, 1),
            count(each.coreUs, 1),
            layoutVerdict(each, plan),
          ],
        })),
      )
    }${
      layouts.length === 1
        ? mark`<p class="small">No other layout serves this pipeline on this device.</p>`
        : null
    }`,
  );
}

/** Computes the bytes of one input image. */
export function imageBytes({ body: { input, layout } }: ImagePlan): number {
  return input.shape.reduce((product, length) => product * length, 1) / layout.cut.images;
}

const HOST = "#cc79a7", WIRE = "#56b4e9", CORE = "#0072b2";
const LEFT = 86, TIME = 500, BYTES_LEFT = 716, BYTES = 160;

/** Draws bars for all layouts: times at the left, bytes at the right. */
function chart(layouts: readonly LayoutChoice[]): Markup {
  const times = ({ hostUs, wireUs, coreUs }: LayoutChoice) => [hostUs, wireUs, coreUs];
  const maxTime = Math.max(1e-6, ...layouts.flatMap(times));
  const maxBytes = Math.max(1, ...layouts.map(({ bytes }) => bytes));
  const x = (time: number) => LEFT + TIME * time / maxTime;
  const [top, step] = [26, 62];
  const bottom = top + step * layouts.length;
  const grid = ticks(0, maxTime, 5).map((time) =>
    mark`<line x1="${x(time)}" x2="${x(time)}" y1="${top - 4}" y2="${bottom}" stroke="${INK.line}"/>
<text class="middle quiet" x="${x(time)}" y="${bottom + 16}">${timeText(time)}</text>`
  );
  const backs = layouts.map(({ verdict }, at) =>
    verdict === "chosen"
      ? mark`<rect x="0" y="${top + at * step - 5}" width="1060" height="${step - 2}" fill="#e8f1f8"/>
<rect x="0" y="${top + at * step - 5}" width="4" height="${step - 2}" fill="${INK.chosen}"/>`
      : mark``
  );
  const bars = layouts.map((each, at) => {
    const y = top + at * step;
    const chosen = each.verdict === "chosen";
    const slowest = Math.max(...times(each));
    return mark`<text class="large${chosen ? " bold" : ""}" x="12" y="${y + 22}">${each.name}</text>
${chosen ? mark`<text x="12" y="${y + 38}">chosen</text>` : null}
${
      times(each).map((time, bar) =>
        mark`<rect x="${LEFT}" y="${y + 17 * bar}" width="${
          Math.max(1, x(time) - LEFT)
        }" height="13" fill="${[HOST, WIRE, CORE][bar]!}"/>
<text class="${time === slowest ? "bold" : "quiet"} halo" x="${x(time) + 6}" y="${y + 11 + 17 * bar}">${
          timeText(time)
        }</text>`
      )
    }
<rect x="${BYTES_LEFT}" y="${y + 11}" width="${
      Math.max(1, BYTES * each.bytes / maxBytes)
    }" height="22" fill="#8a949e"/>
<text${chosen ? mark` class="bold"` : null} x="${
      BYTES_LEFT + Math.max(1, BYTES * each.bytes / maxBytes) + 6
    }" y="${y + 27}">${bytesText(each.bytes)}, ${many(each.packets, "packet")}</text>
`;
  });
  return drawing("Times and bytes of the layouts", 1060, bottom + 22, [
    ...backs,
    ...grid,
    mark`<text class="bold" x="${LEFT}" y="12">time of one image</text>
<text class="bold" x="${BYTES_LEFT}" y="12">bytes to the device</text>`,
    ...bars,
    mark`<line x1="${LEFT}" x2="${LEFT}" y1="${top - 4}" y2="${bottom}" stroke="${INK.text}"/>`,
  ]);
}
