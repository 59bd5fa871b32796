/**
 * Paragraphs that the help texts of several commands share.
 *
 * @module
 */

import { STEP_SPECS } from "../../kernels/image/kernels.ts";
import { MAX_NPY_HEADER } from "../io/npy.ts";
import { MAX_PICTURE_SAMPLES } from "../io/picture.ts";
import { MAX_INPUT_BYTES } from "../io/read.ts";
import { MAX_PIPELINE_BYTES } from "./documents.ts";
import { OWN_CODES } from "./failures.ts";

/** Exit codes of every command. */
export const EXIT_CODES: string = `
Exit codes:
  0    success
  1    the work failed: a device, a lost packet, a timeout, a file
  2    the request was invalid: an option, a pipeline, a plan, a shape, a type, a size
  130  interrupted (SIGINT); 143 terminated (SIGTERM). No partial file remains.
  Errors go to stderr: one sentence, or with --json {"error":{"code","message","details"}}.
  The codes are those of the library's errors, and ${OWN_CODES.join(", ")}.`;

/** Form of an image pipeline. */
export const PIPELINE: string = `
A pipeline is a JSON file with its steps in order:
  {"steps": [
    {"op": "resize", "size": [224, 224], "match": "torchvision"},
    {"op": "normalize", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
     "range": "0-1", "dtype": "f32", "layout": "CHW"}
  ]}
  Steps, with their parameters in docs/steps.md:
  ${Object.keys(STEP_SPECS).join(", ")}.
  A resize matches exact, opencv, torchvision, or pillow, which is antialiased.`;

/** Inputs of image commands and their limits. */
export const INPUTS: string = `
Inputs, at most ${MAX_INPUT_BYTES} bytes:
  Pictures become [H, W, C] with their stored channels: gray 1, RGB 3, RGBA 4, of 8 bits each.
  Samples are used as stored, without the colour profile and without the EXIF orientation (no
  auto-rotation). Gray with alpha, CMYK, 16 bits and animations are refused. A picture has at
  most ${MAX_PICTURE_SAMPLES} samples. Pictures require the package sharp.
  Arrays (.npy) hold u8 in C order: [H, W] becomes [H, W, 1], [H, W, C] is HWC, [N, H, W, C]
  is NHWC; --layout names other orders. A header has at most ${MAX_NPY_HEADER} bytes.
  A pipeline file has at most ${MAX_PIPELINE_BYTES} bytes.`;

/** Where vocabularies come from. */
export const VOCABULARIES: string = `
Vocabularies:
  By name, from the npm package tiktoken: r50k_base, p50k_base, p50k_edit, cl100k_base, o200k_base and
  o200k_harmony. By file: Hugging Face's tokenizer.json (byte-level BPE, BPE with byte fallback, WordPiece,
  Unigram), Mistral's tekken.json, SentencePiece's .model, a rank file (.tiktoken, named after its encoding), or
  compiled tables (.vocab).
  Unsupported features are refused by name.`;

/** Outputs by their extension. */
export const OUTPUTS: string = `
Outputs, by the extension of the file:
  .npy          u8, i8, f16, f32; NumPy has no bf16
  .png          one u8 image in HWC with 1, 3 or 4 channels
  .safetensors  every type, under the key "output"
  A file is written completely under a temporary name in the same folder, then renamed.`;

/** Waveforms of the device rtl and of emulated cards. */
export const WAVEFORM: string = `
Waveforms, of the device rtl or of an emulated card:
  --vcd writes all signals of the hierarchy: some megabytes for 4 packets. It starts at the cycle that
  offers the first packet, and ends when no packet of the range is inside. Time is cycles at an assumed
  250 MHz. With --emulate it has the kernel with its movers and the card's memory ports, in cycles from the
  reset on; a small image takes some 1,000 and a megabyte. The cycles and the results of the run do not change.
  The build that writes waveforms is made once from the sources of a checkout, with Debian's verilator and
  clang.`;
