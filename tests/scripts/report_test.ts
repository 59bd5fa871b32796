import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import sharp from "sharp";
import { CARD_PROFILES } from "../../kernels/target/profiles.ts";
import { compile } from "../../kernels/compile.ts";
import type { CompileOptions } from "../../kernels/image/plan/compile_options.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { planReport } from "../../scripts/report/report.ts";
import { planTimeline } from "../../scripts/report/timeline.ts";
import { planTrace } from "../../scripts/report/trace.ts";
import { browse, findChromium } from "../support/chromium.ts";
import { IS_LONG_SUITE } from "../support/long.ts";
import { checkSelfContained, checkWellFormed } from "../support/markup.ts";

const OUT = fileURLToPath(new URL("../../out/report/", import.meta.url));
const U55C = CARD_PROFILES.find(({ name }) => name === "u55c")!;

type Wanted = Omit<CompileOptions, "input" | "device">;

function planFor(steps: ImagePipeline["steps"], shape: readonly number[], wanted: Wanted = {}): ImagePlan {
  const layout = shape.length === 4 ? "NHWC" : "HWC";
  return compile({ steps }, { ...wanted, input: { dtype: "u8", shape, layout }, device: U55C });
}

function resized(size: number, shape: readonly number[], wanted?: Wanted): ImagePlan {
  return planFor([{ op: "resize", size: [size, size] }], shape, wanted);
}

/** The plans whose pages are looked at in a browser. */
const SHOWN: Readonly<Record<string, ImagePlan>> = {
  resident: resized(224, [720, 1280, 3]),
  pages: resized(224, [16, 719, 1279, 3], { form: "row-pages" }),
  rows: planFor([{ op: "resize", size: [448, 448], match: "pillow" }], [4032, 3024, 3]),
};

/** Every kind of layout, and shapes at the edges of what can be drawn. */
const OTHERS: Readonly<Record<string, ImagePlan>> = {
  "pages, one image": resized(224, [719, 1279, 3], { form: "row-pages" }),
  "few pages": resized(24, [2, 48, 64, 3], { form: "row-pages" }),
  "gray cells": resized(224, [2, 480, 640, 1], { layout: "cells" }),
  "rgba grid": resized(224, [720, 1280, 4], { layout: "grid" }),
  tiles: resized(224, [720, 1280, 3], { layout: "tiles" }),
  image: resized(64, [3, 200, 300, 3], { layout: "image" }),
  crop: planFor([{ op: "center_crop", size: [100, 100] }], [720, 1280, 3]),
  rotate: planFor([{ op: "rotate", degrees: 30 }], [60, 80, 3]),
  letterbox: planFor([{ op: "letterbox", size: [320, 320] }], [720, 1280, 3]),
  "one pixel": resized(1, [1, 1, 1]),
  wide: resized(224, [40, 8000, 3]),
  normalized: planFor([{
    op: "normalize",
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
    range: "0-1",
    dtype: "f32",
    layout: "CHW",
  }], [48, 64, 3]),
};

function checkPage(html: string): void {
  checkSelfContained(html);
  for (const id of ["layout", "tables", "time", "numbers"]) assert(html.includes(`<section id="${id}">`), id);
  assert(html.includes("no card was used"));
}

for (const [name, plan] of Object.entries({ ...SHOWN, ...OTHERS })) {
  Deno.test(`report, ${name}: the page is whole and shows all that was weighed`, () => {
    const html = planReport(plan);
    checkPage(html);
    assert.equal(planReport(plan), html, "the same plan gives the same page");
    for (const layout of plan.body.layouts) assert(html.includes(`<td>${layout.name}</td>`), layout.name);
    for (const { form } of plan.body.forms) assert(html.includes(`<td>${form}</td>`), form);
    for (const table of plan.body.tables) assert(html.includes(`>${table.name}</td>`), table.name);
    const cycles = plan.body.cost.cycles.toLocaleString("en-US");
    assert(html.includes(`<td>cycles</td><td class="number">${cycles}</td>`), cycles);
    assert.equal(html.includes("no swap"), plan.body.pages === null);
  });

  Deno.test(`report, ${name}: the timeline and the trace add up to the plan's cost`, () => {
    const { target: device, body: { cost } } = plan;
    const { lanes } = planTimeline(plan);
    const core = lanes[0]!;
    let now = 0;
    for (const { start, end } of core.spans) {
      assert.equal(start, now, "the core works or waits, without a gap");
      assert(end > start);
      now = end;
    }
    assert.equal(now, cost.cycles);

    const { traceEvents, otherData } = planTrace(plan);
    assert.equal(otherData["clockMHz"], device.clockMHz);
    assert.match(String(otherData["note"]), /simulated/);
    const named = (name: string) =>
      traceEvents.filter((event) => event.ph === "M" && event.name === name).map(({ args }) => args["name"]);
    assert.deepEqual(named("process_name"), [`${device.name} (simulated)`]);
    assert.deepEqual(named("thread_name"), lanes.map((lane) => lane.name));
    const events = traceEvents.filter(({ ph, tid }) => ph === "X" && tid === 1);
    const after = events.filter(({ args }) => Number(args["cycle"]) >= cost.load);
    const sum = after.reduce((cycles, { args }) => cycles + Number(args["cycles"]), 0);
    assert.equal(sum, cost.ideal + cost.stalls);
    const microseconds = after.reduce((time, { dur }) => time + dur!, 0);
    assert(Math.abs(microseconds * device.clockMHz - sum) < 1e-3);
    if (plan.body.pages === null) return;
    const stalls = after.filter(({ cat }) => cat === "stall");
    assert.equal(stalls.reduce((cycles, { args }) => cycles + Number(args["cycles"]), 0), cost.stalls);
    const loads = traceEvents.filter(({ cat, tid, args }) => cat === "load" && tid === 2 && "page" in args);
    assert.equal(loads.length, cost.swaps);
    assert.equal(lanes.filter(({ part }) => part === "slot").length, plan.body.pages.slots);
  });
}

Deno.test("report: spans of a slot do not overlap, and the core works with pages that are there", () => {
  for (const plan of [SHOWN["pages"]!, OTHERS["pages, one image"]!, OTHERS["few pages"]!]) {
    const { lanes } = planTimeline(plan);
    let uses = 0;
    for (const { part, spans } of lanes) {
      if (part !== "slot") continue;
      let now = 0;
      let held: (typeof spans)[number] | undefined;
      for (const span of spans) {
        if (span.kind === "used") {
          uses++;
          assert(held !== undefined && held.page === span.page);
          assert(held.start <= span.start && span.end <= held.end);
          continue;
        }
        assert(span.start >= now && span.end >= span.start);
        now = span.end;
        if (span.kind === "held") held = span;
      }
    }
    assert.equal(uses, lanes[0]!.spans.filter(({ kind }) => kind === "work").length);
  }
});

Deno.test("report: what a user's profile says shows as text", () => {
  const hostile: DeviceProfile = {
    ...U55C,
    name: `"><script>alert('1')</script>&lt;\u0000`,
    summary: "</title></style><img src=x onerror=alert(1)>",
  };
  const input = { dtype: "u8", shape: [48, 64, 3], layout: "HWC" } as const;
  const plan = compile({ steps: [{ op: "resize", size: [24, 32] }] }, { input, device: hostile });
  const html = planReport(plan);
  checkWellFormed(html);
  assert.doesNotMatch(html, /<script|<img/);
  assert(html.includes("&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;lt;"));
  assert(!html.includes("\u0000"));
  // What a shell is given is one word, whatever the name.
  assert(html.includes("--device &#39;&quot;&gt;&lt;script&gt;alert(&#39;\\&#39;&#39;1&#39;\\&#39;&#39;)"));
  assert.equal(JSON.parse(JSON.stringify(planTrace(plan))).otherData.device, hostile.name);
});

const chromium = await findChromium();
const required = Deno.env.get("CI") !== undefined;
if (chromium === undefined && !required) {
  console.warn("report_test: no chromium on PATH (Debian: apt install chromium), its tests are skipped");
}

/** The drawn part of a screenshot, and how many colours it has. */
async function look(path: string): Promise<{ width: number; height: number; ink: number; colours: number }> {
  const { data, info } = await sharp(path).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const colours = new Set<number>();
  let ink = 0;
  for (let at = 0; at < data.length; at += 3) {
    const colour = (data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!;
    colours.add(colour);
    if (colour !== 0xffffff) ink++;
  }
  return { width: info.width, height: info.height, ink: ink / (data.length / 3), colours: colours.size };
}

for (const [name, plan] of Object.entries(SHOWN)) {
  Deno.test({
    name: `report, ${name}: Chromium draws the page`,
    ignore: chromium === undefined && !required || !IS_LONG_SUITE,
    fn: async () => {
      assert(chromium !== undefined, "CI needs chromium on PATH (Debian: apt install chromium)");
      const folder = await mkdtemp(join(tmpdir(), "onpath-report-"));
      try {
        const page = join(folder, `report-${name}.html`);
        await writeFile(page, planReport(plan));
        const address = pathToFileURL(page).href;
        const picture = join(folder, `report-${name}.png`);
        await browse(chromium!, folder, "--window-size=1200,7000", `--screenshot=${picture}`, address);
        // What is below the page's end is blank: the whole page fitted, and nothing is wider than it.
        const result = join(folder, "trimmed.png");
        await sharp(picture).trim({ background: "#fff", threshold: 1 })
          .extend({ top: 24, bottom: 24, left: 24, right: 24, background: "#fff" }).png().toFile(result);
        const { width, height, ink, colours } = await look(result);
        assert(width > 1050 && width <= 1200, `${width} pixels wide`);
        assert(height > 2500 && height < 6980, `${height} pixels high`);
        assert(ink > 0.03 && ink < 0.5, `${ink} of the picture is drawn`);
        assert(colours > 200, `${colours} colours`);

        // What the browser made of the page is what was written: nothing was repaired or dropped.
        const dom = await browse(chromium!, folder, "--dump-dom", address);
        const count = (text: string, tag: string) => text.split(`<${tag}`).length - 1;
        const html = planReport(plan);
        for (const tag of ["section", "svg", "rect", "text", "table", "tr", "td", "path"]) {
          assert.equal(
            count(dom, `${tag} `) + count(dom, `${tag}>`),
            count(html, `${tag} `) + count(html, `${tag}>`),
          );
        }
        assert.doesNotMatch(dom, /parsererror|ERR_|NaN|undefined/);
        await mkdir(OUT, { recursive: true });
        await copyFile(result, join(OUT, `report-${name}.png`));
        await writeFile(join(OUT, `report-${name}.html`), html);
        await writeFile(join(OUT, `trace-${name}.json`), JSON.stringify(planTrace(plan)));
        console.log(`drawn: ${join(OUT, `report-${name}.png`)}, ${width} x ${height}`);
      } finally {
        // The browser's helpers may still be writing when it ends.
        await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
      }
    },
  });
}
