/**
 * An example of every step, for docs/steps.md. Tests run all of them.
 *
 * @module
 */

/** Pipeline in JSON. */
export interface ExamplePipeline {
  /** Steps in order, each named by `op`. */
  readonly steps: readonly { readonly op: string; readonly [field: string]: unknown }[];
}

const one = (op: string, fields: Readonly<Record<string, unknown>> = {}): ExamplePipeline => ({
  steps: [{ op, ...fields }],
});

const text = (op: string, fields: Readonly<Record<string, unknown>> = {}): ExamplePipeline => ({
  steps: [{ op: "normalize_text", steps: [{ op, ...fields }] }],
});

/** Examples by step. Images fit the photograph of `scripts/photos`, 400 x 600. */
export const STEP_EXAMPLES: Readonly<Record<string, ExamplePipeline>> = {
  to_rgb: { steps: [{ op: "to_rgb", alpha: [255, 255, 255] }, { op: "resize", size: { longest: 224 } }] },
  crop: one("crop", { top: 100, left: 200, height: 224, width: 224 }),
  center_crop: one("center_crop", { size: [224, 224] }),
  pad: one("pad", { top: 100, bottom: 100, fill: [124, 116, 104] }),
  letterbox: one("letterbox", { size: [320, 320] }),
  resize: {
    steps: [{ op: "resize", size: 256, match: "torchvision" }, { op: "center_crop", size: [224, 224] }],
  },
  rotate: one("rotate", { degrees: 15, border: "replicate" }),
  affine: one("affine", { matrix: [0.5, 0, 10, 0, 0.5, 20], size: [224, 320] }),
  perspective: one("perspective", { matrix: [1, 0.2, 0, 0, 1, 0, 0, 0.001, 1], size: [400, 600] }),
  rescale: {
    steps: [
      { op: "resize", size: { factor: 28, min_pixels: 3136, max_pixels: 50176 } },
      { op: "rescale", factor: 1 / 127.5 },
      { op: "normalize", mean: [1, 1, 1], range: "0-255", layout: "CHW" },
    ],
  },
  normalize: {
    steps: [
      { op: "resize", size: [224, 224] },
      {
        op: "normalize",
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
        range: "0-1",
        dtype: "f16",
        layout: "CHW",
      },
    ],
  },
  tokenize: one("tokenize", { special: "all" }),
  normalize_text: { steps: [{ op: "normalize_text", steps: [{ op: "nfkc" }, { op: "lower_case" }] }] },
  "nfc, nfd, nfkc, nfkd": text("nfc", { tables: "tokenizers" }),
  lower_case: text("lower_case"),
  strip_accents: text("strip_accents"),
  clean_text: text("clean_text"),
  space_chinese: text("space_chinese"),
  prepend: text("prepend", { text: "▁" }),
  lookup: one("lookup", { table: 922035137 }),
  quantize: one("quantize", { method: { kind: "kivi", bits: 2, axis: "tokens", stored: "f16" } }),
  dequantize: one("dequantize", {
    method: { kind: "kivi", bits: 2, axis: "tokens", stored: "f16" },
    dtype: "bf16",
  }),
  replace: text("replace", { from: " ", to: "▁" }),
};
