import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { toE4m3 } from "../../examples/fp8.ts";
import { expandMemo, memoize } from "../../kernels/memoize/memo.ts";
import type { MemoForm } from "../../kernels/memoize/search.ts";
import { markdownTable } from "../../scripts/io/markdown.ts";
import { fromBFloat16Bits } from "../../serialize/dtype.ts";
import { longTest } from "../support/long.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PAGE = readFileSync(join(ROOT, "docs/memoize.md"), "utf8");

/** Values of the codes 0 to 0x7e of FP8 e4m3 (OCP): 3 mantissa bits, exponents from -6, no infinity. */
const MAGNITUDES = Array.from({ length: 0x7f }, (_, code) => {
  const [exponent, mantissa] = [code >> 3, code & 7];
  return exponent === 0 ? mantissa * 2 ** -9 : (8 + mantissa) * 2 ** (exponent - 10);
});

/** The nearest code by comparison with all codes; a tie goes to the even one. */
function nearest(value: number): number {
  if (Number.isNaN(value)) return 0x7f;
  const sign = value < 0 || Object.is(value, -0) ? 0x80 : 0;
  const size = Math.min(Math.abs(value), 448);
  let best = 0;
  for (const [code, magnitude] of MAGNITUDES.entries()) {
    const [found, least] = [Math.abs(size - magnitude), Math.abs(size - MAGNITUDES[best]!)];
    if (found < least || (found === least && (code & 1) === 0)) best = code;
  }
  return sign | best;
}

const memo = memoize(toE4m3, { input: "bf16", output: "u8", result: "bits" });

Deno.test("memoize(): FP8 e4m3 from bf16 has at most a quarter of the naive bytes and no error", () => {
  assert.equal(memo.naiveBytes, 65536);
  assert(memo.form.bytes <= 65536 / 4, `${memo.form.bytes} bytes`);
  assert.deepEqual(memo.form.error, { ulps: 0, absolute: 0, codes: 0 });
  assert(memo.form.fits);
  const table = expandMemo(memo);
  for (let code = 0; code < 65536; code++) {
    assert.equal(table[code], nearest(fromBFloat16Bits(code)), `code ${code.toString(16)}`);
  }
});

const number = (value: number) => value.toLocaleString("en");

function row({ name, low, first, firstBits, second, secondBits, bytes, error }: MemoForm): string[] {
  const entries = (count: number, bits: number) => count === 0 ? "none" : `${number(count)} x ${bits} bits`;
  const isChosen = name === memo.form.name;
  return [
    `\`${name}\`${isChosen ? ", chosen" : ""}`,
    String(low),
    entries(first, firstBits),
    entries(second, secondBits),
    number(bytes),
    `${(100 * bytes / memo.naiveBytes).toFixed(1)}%`,
    String(error.ulps),
  ];
}

Deno.test("docs/memoize.md has the forms of FP8 e4m3 from bf16 as they are", () => {
  const head = ["form", "`low`", "first table", "second table", "bytes", "of 65,536", "error"];
  const sides = head.map((_, at) => at < 4 && at !== 1 ? "left" as const : "right" as const);
  const table = markdownTable(head, sides, memo.forms.map(row));
  assert(PAGE.includes(table), `expected in docs/memoize.md:\n${table}`);
});

longTest("docs/memoize.md: the user's own kernel has at most 20 lines and runs, on model and RTL", () => {
  const [, code] = /```ts\n([\s\S]*?)```/.exec(PAGE)!;
  assert(code!.trimEnd().split("\n").length <= 20, code);
  const folder = mkdtempSync(join(tmpdir(), "onpath-memoize-"));
  try {
    const onRtl = code!.replaceAll("createModelDevice", "createRtlDevice").replace(
      "using device =",
      "$& await",
    );
    assert.match(onRtl, /await using device = await createRtlDevice\(\); /);
    for (const [name, source] of Object.entries({ "model.ts": code!, "rtl.ts": onRtl })) {
      const path = join(folder, name);
      writeFileSync(path, source);
      const config = ["--config", join(ROOT, "deno.json")];
      const printed = execFileSync(Deno.execPath(), ["run", "-A", "--quiet", "--check", ...config, path], {
        cwd: ROOT,
        encoding: "utf8",
        env: { ...Deno.env.toObject(), NO_COLOR: "1" },
      });
      assert.match(printed, new RegExp(`56, 192, 126 .* ${memo.form.bytes} 65536`), name);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
