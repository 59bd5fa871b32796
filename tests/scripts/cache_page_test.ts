import assert from "node:assert/strict";
import type { LogitReport } from "../../kernels/quantize/attention_report.ts";
import type { HeadLoss, PartReport } from "../../scripts/quantize/cache_report.ts";
import { joinLosses } from "../../scripts/quantize/cache_report.ts";
import { namedMethod } from "../../scripts/quantize/methods.ts";
import { type CachePage, cachePage, worstHeads } from "../../scripts/report/cache_page.ts";
import { MAX_CELLS } from "../../scripts/report/heat_map.ts";
import { heatColour } from "../../scripts/report/palette.ts";
import { checkSelfContained } from "../support/markup.ts";

function lossOf(layer: number, head: number, snr: number, topKept?: number): HeadLoss {
  const values = { count: 64, nonFinite: 0, meanError: 0.25, maxError: 2, snr, signal: 10, noise: 1 };
  const logits: LogitReport = {
    queries: 4,
    meanLogitError: layer + head / 8,
    maxLogitError: 3,
    meanSoftmaxError: 0.125,
    maxSoftmaxError: 0.5,
    topKept: topKept ?? 0,
  };
  const loss = { layer, head, bytes: { before: 128, codes: 32, metadata: 4 }, values, saturated: 5 };
  return topKept === undefined ? loss : { ...loss, logits };
}

function reportOf(part: "k" | "v", heads: readonly HeadLoss[]): PartReport {
  const method = namedMethod("kivi2", part === "k" ? "tokens" : "channels");
  return { part, method, heads, total: joinLosses(heads), warnings: [] };
}

function pageOf(reports: readonly PartReport[], more: Partial<CachePage> = {}): string {
  const facts = {
    input: "cache.safetensors",
    shape: "2 layers",
    device: "model",
    queries: "16",
    command: "offload",
  };
  return cachePage({ ...facts, reports, ...more });
}

const KEYS = [
  lossOf(0, 0, 20, 0.5),
  lossOf(0, 1, 21, 0.75),
  lossOf(1, 0, 19, 0.75),
  lossOf(1, 1, Infinity, 1),
];
const VALUES = KEYS.map(({ layer, head, values }) => lossOf(layer, head, values.snr));

Deno.test("cachePage() has a map and a table of all heads, and the bytes with metadata", () => {
  const html = pageOf([reportOf("k", KEYS), reportOf("v", VALUES)]);
  checkSelfContained(html);
  assert.equal(
    pageOf([reportOf("k", KEYS), reportOf("v", VALUES)]),
    html,
    "the same facts give the same page",
  );
  assert(html.includes("1,024 bytes before, 288 bytes after; 32 bytes of them metadata"));
  assert(html.includes("3.56 times smaller"));
  assert.equal([...html.matchAll(/<title>layer \d, head \d: /g)].length, 4 * 4);
  for (const title of ["layer 1, head 1: 1.13", "layer 0, head 0: 50%", "layer 1, head 0: 19.0"]) {
    assert(html.includes(`<title>${title}</title>`), title);
  }
  assert.equal([...html.matchAll(/<tr><td class="number">/g)].length, 8);
  assert(html.includes('<td class="number">128</td><td class="number">36</td>'));
  assert(!html.includes("Warnings"));
});

Deno.test("cachePage() shows the worst cell dark and the best one light, also where a value is infinite", () => {
  const html = pageOf([reportOf("k", KEYS), reportOf("v", VALUES)]);
  const fill = (title: string) =>
    new RegExp(`<title>${title}</title>\\n<rect [^>]*fill="(#[0-9a-f]{6})"`).exec(html)![1];
  const [dark, light] = [heatColour(0), heatColour(1)];
  assert.deepEqual([dark, light], ["#00224e", "#fee838"]);
  assert.equal(fill("layer 1, head 1: 1.13"), dark);
  assert.equal(fill("layer 0, head 0: 0"), light);
  assert.equal(fill("layer 0, head 0: 50%"), dark);
  assert.equal(fill("layer 1, head 1: exact"), light);
  assert.equal(fill("layer 1, head 0: 19.0"), dark);
  assert.equal(heatColour(0.5), "#7c7b78");
  assert.equal(heatColour(-1), dark);
});

Deno.test("cachePage() escapes names and lists warnings", () => {
  const report = { ...reportOf("k", KEYS), warnings: ["k, layer 0, head 1: 3 of 4 values saturate"] };
  const html = pageOf([report, reportOf("v", VALUES)], {
    input: "<script>alert(1)</script>",
    command: "a '\"&<b>\u0000",
  });
  checkSelfContained(html);
  assert(html.includes("<li>k, layer 0, head 1: 3 of 4 values saturate</li>"));
  assert(html.includes("&lt;script&gt;"));
});

Deno.test("cachePage() shows values that are not finite as such, dark and first of the worst", () => {
  const lost = lossOf(0, 0, NaN, 0.5);
  const nan = { ...lost.logits!, meanLogitError: NaN, maxLogitError: NaN, meanSoftmaxError: NaN };
  const keys = [lossOf(0, 1, 21, 0.5), { ...lost, logits: nan }];
  const html = pageOf([reportOf("k", keys), reportOf("v", VALUES.slice(0, 2))]);
  checkSelfContained(html);
  assert.match(
    html,
    new RegExp(`<title>layer 0, head 1: not finite</title>\\n<rect [^>]*"${heatColour(0)}"`),
  );
  assert.deepEqual(worstHeads(keys).map(({ head }) => head), [0, 1]);
});

Deno.test("cachePage() stays small for many heads: no map, and a table of the worst ones", () => {
  const heads = Array.from(
    { length: MAX_CELLS + 64 },
    (_, i) => lossOf(Math.floor(i / 64), i % 64, 20, i / 1e5),
  );
  const html = pageOf([reportOf("k", heads), reportOf("v", heads.map(({ logits: _, ...loss }) => loss))]);
  checkSelfContained(html);
  assert(html.includes("8,256 heads are too many to draw"));
  assert(html.includes("The 2,048 worst heads of 8,256"));
  assert(html.length < 3e6, `${html.length}`);
});

Deno.test("worstHeads() orders by kept leaders, then by SNR, and by SNR alone without logits", () => {
  const order = (heads: readonly HeadLoss[]) => worstHeads(heads).map(({ layer, head }) => `${layer}${head}`);
  assert.deepEqual(order(KEYS), ["00", "10", "01", "11"]);
  assert.deepEqual(order(VALUES), ["10", "00", "01", "11"]);
});
