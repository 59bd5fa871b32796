import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import sharp from "sharp";
import { browse, findChromium } from "../../support/chromium.ts";
import { IS_LONG_SUITE } from "../../support/long.ts";
import { photoBytes, sha256 } from "./goldens.ts";
import { picture } from "./samples.ts";

const chromium = await findChromium();
const required = Deno.env.get("CI") !== undefined;

/** Program of the page: decodes files, and writes shapes and samples, or errors, into the page. */
const PROGRAM = `
  import { browserScope, decodeBitmap } from ${
  JSON.stringify(fileURLToPath(new URL("../../../runtime/processor/bitmap.ts", import.meta.url)))
};
  import { toDense } from ${
  JSON.stringify(fileURLToPath(new URL("../../../serialize/tensor.ts", import.meta.url)))
};
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const decode = async (file) => {
    try {
      const { shape, ...rest } = await decodeBitmap(browserScope(), bytes(file));
      return { shape, samples: Array.from(toDense({ shape, ...rest }).data, (byte) => byte) };
    } catch (error) {
      return { code: error.code, message: error.message };
    }
  };
  globalThis.onload = async () => {
    const results = await Promise.all(globalThis.FILES.map(decode));
    document.body.textContent = "RESULT" + JSON.stringify(results) + "END";
  };
`;

Deno.test({
  name:
    "decodeBitmap() in Chromium gives sharp's samples of PNG and WebP, unrotated, and names what it refuses",
  ignore: chromium === undefined && !required || !IS_LONG_SUITE,
  fn: async () => {
    assert(chromium !== undefined, "CI needs chromium on PATH (Debian: apt install chromium)");
    const image = picture(24, 50);
    const encode = () => sharp(image.data as Uint8Array, { raw: { height: 24, width: 50, channels: 3 } });
    const rgba = sharp(picture(24, 50, 4).data as Uint8Array, {
      raw: { height: 24, width: 50, channels: 4 },
    });
    const deep = sharp(new Uint16Array(300).fill(500), { raw: { height: 10, width: 10, channels: 3 } });
    const files = [
      await encode().png().toBuffer(),
      await encode().webp({ lossless: true }).toBuffer(),
      await encode().png().withMetadata({ orientation: 6 }).toBuffer(),
      await encode().jpeg().withMetadata({ orientation: 6 }).toBuffer(),
      await encode().webp({ lossless: true }).withMetadata({ orientation: 6 }).toBuffer(),
      await photoBytes("coffee.png"),
      await rgba.png().toBuffer(),
      await deep.toColourspace("rgb16").png().toBuffer(),
      (await encode().png().toBuffer()).subarray(0, 60),
    ];
    const texts = files.map((file) => btoa(Array.from(file, (byte) => String.fromCharCode(byte)).join("")));
    const { outputFiles: [bundle] } = await build({
      stdin: { contents: PROGRAM, resolveDir: ".", loader: "js" },
      bundle: true,
      write: false,
      format: "iife",
    });
    const folder = await mkdtemp(join(tmpdir(), "onpath-bitmap-"));
    try {
      const page = join(folder, "page.html");
      await writeFile(
        page,
        `<body><script>globalThis.FILES = ${JSON.stringify(texts)};\n${
          bundle!.text.replaceAll("</script", "<\\/script")
        }</script>`,
      );
      // Virtual time does not wait for decodes in other processes, so a busy machine may dump the page before its end.
      let found: RegExpExecArray | null = null;
      for (let n = 0; found === null && n < 5; n++) {
        const args = [`--virtual-time-budget=${30_000 * 2 ** n}`, "--dump-dom", pathToFileURL(page).href];
        found = /RESULT(.*)END/s.exec(await browse(chromium, folder, ...args));
      }
      assert(found !== null, "the page has written no result");
      const results = JSON.parse(found[1]!) as {
        shape?: number[];
        samples?: number[];
        code?: string;
        message?: string;
      }[];
      for (const at of [0, 1, 2, 4]) {
        assert.deepEqual(
          [results[at]!.shape, results[at]!.samples],
          [[24, 50, 3], [...image.data]],
          `file ${at}`,
        );
      }
      assert.deepEqual(results[3]!.shape, [24, 50, 3], "a JPEG is not rotated");
      const photo = await sharp(files[5]!).raw().toBuffer();
      assert.equal(sha256(Uint8Array.from(results[5]!.samples!)), sha256(photo));
      assert.deepEqual([results[6]!.code, results[7]!.code, results[8]!.code], ["shape", "dtype", "file"]);
      assert.match(results[6]!.message!, /transparent pixels/);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
});
