/**
 * What stands below the options in the help of each command.
 *
 * @module
 */

import { MAX_NPY_HEADER } from "../io/npy.ts";
import { MAX_PICTURE_SAMPLES } from "../io/picture.ts";
import { MAX_INPUT_BYTES } from "../io/read.ts";
import { MAX_PIPELINE_BYTES } from "./documents.ts";
import { OWN_CODES } from "./failures.ts";

const EXIT_CODES = `
Exit codes:
  0    success
  1    the work failed: a device, a lost packet, a timeout, a file
  2    the request was wrong: an option, a pipeline, a plan, a shape, a type, a size
  130  interrupted (SIGINT); 143 terminated (SIGTERM). No half-written file stays behind.
  Errors go to stderr: one sentence, or with --json {"error":{"code","message","details"}}.
  The codes are those of the library's errors, and ${OWN_CODES.join(", ")}.`;

const PIPELINE = `
A pipeline is a JSON file with its steps in order:
  {"steps": [
    {"op": "resize", "size": [224, 224], "match": "torchvision"},
    {"op": "normalize", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
     "range": "0-1", "dtype": "f32", "layout": "CHW"}
  ]}
  Steps: crop, center_crop, pad, letterbox, resize, rotate, affine, perspective, normalize.
  A resize matches exact, opencv, torchvision (four neighbours) or pillow (antialiased).`;

const INPUTS = `
Inputs, at most ${MAX_INPUT_BYTES} bytes:
  Pictures give [H, W, C] with the channels they store: gray 1, RGB 3, RGBA 4, of 8 bits each.
  Their samples are taken as stored: a colour profile is not applied, and an orientation in the
  EXIF data is not either (no auto-rotation). Gray with alpha, CMYK, 16 bits and animations are
  refused. At most ${MAX_PICTURE_SAMPLES} samples. Pictures need the package sharp.
  Arrays (.npy) are of u8 in C order: [H, W] becomes [H, W, 1], [H, W, C] is HWC, [N, H, W, C]
  is NHWC; --layout names other orders. A header has at most ${MAX_NPY_HEADER} bytes.
  A pipeline's file has at most ${MAX_PIPELINE_BYTES} bytes.`;

const VOCABULARIES = `
Vocabularies:
  r50k_base, p50k_base, p50k_edit, cl100k_base, o200k_base and the like by name, out of the npm package
  tiktoken; or a file: tokenizer.json of Hugging Face (byte-level BPE, BPE with byte fallback,
  WordPiece), a rank file (.tiktoken, whose name says the encoding), compiled tables (.vocab).
  What is not supported is refused by name.`;

const OUTPUTS = `
Outputs, by the ending of the name:
  .npy          u8, i8, f16, f32; NumPy has no bf16
  .png          one u8 image in HWC with 1, 3 or 4 channels
  .safetensors  every type, under the key "output"
  A file is written whole under another name in the same folder and renamed, or not at all.`;

const WAVEFORM = `
Waveforms, of the device rtl:
  --vcd writes all signals of the hierarchy, from the cycle that the first of the packets is offered
  in until no more packets are inside than have come behind the last one; some megabytes for 4 packets.
  Time is cycles at an assumed 250 MHz. Nothing else changes: the cycles and the results are the same.
  The build that writes them is made of a checkout's sources, once, with Debian's verilator and clang.`;

/** The texts by command, in the words of the package. */
const TOPICS: Readonly<
  Record<
    | "program"
    | "tour"
    | "run"
    | "plan"
    | "sizes"
    | "profile"
    | "devices"
    | "xrt"
    | "tokenize"
    | "normalize"
    | "vocab",
    string
  >
> = {
  program: `
Examples:
  onpath                                          the tour: one photograph, results in ./out
  onpath run pipeline.json --input cat.jpg --output cat.npy
  onpath plan pipeline.json --shape 720,1280,3    what is chosen, and why
  onpath sizes                                    usual sizes at a glance
  onpath profile cat.jpg                          which table entries are hot
  onpath devices
  onpath xclbin info nic.xclbin                   what a card's file holds
  onpath xrt list                                 cards, through XRT
  onpath help run                                 everything about one command
${EXIT_CODES}`,
  tour: `
The photograph is coffee.png by Rachel Michetti, given to the public domain. It is resized to
224 x 224, normalized as for ImageNet, and written as f16 in CHW (.npy); the resized picture is
written too (.png).

Examples:
  onpath
  onpath --out results --match torchvision
  onpath --json
  onpath --vcd onpath.vcd --vcd-packets 10:12
${WAVEFORM}
${EXIT_CODES}`,
  run: `
Examples:
  onpath run pipeline.json --input cat.jpg --output cat.npy
  onpath run pipeline.json --input batch.npy --layout NCHW --output batch.safetensors --json
  onpath run pipeline.json --input cat.jpg --output cat.npy --plan-out cat.plan
  onpath run --plan cat.plan --input dog.jpg --output dog.npy
${PIPELINE}
${INPUTS}
${OUTPUTS}
${WAVEFORM}
${EXIT_CODES}`,
  plan: `
Shows how the input is cut into packets, how many bytes travel, which tables the kernels look up,
and what the result equals. With --json the plan itself is printed.

Examples:
  onpath plan pipeline.json --shape 720,1280,3
  onpath plan pipeline.json --shape 64,3,480,640 --layout NCHW
  onpath plan pipeline.json --input cat.jpg --output cat.plan
  onpath plan pipeline.json --shape 720,1280,3 --device u50 --html report.html --trace trace.json
  onpath plan pipeline.json --shape 64,719,1279,3 --form row-pages
  onpath plan text.json --vocab cl100k_base --output text.plan
${PIPELINE}
${INPUTS}
${EXIT_CODES}`,
  sizes: `
Plans eight usual image sizes to seven usual model inputs and prints, for each, the layout and the
form of tables that were chosen, their bytes, how nearly they equal the exact sample, and simulated
cycles an image at batches of 1, 16 and 64. The last columns are the same with tables that are
swapped by page, one page a row phase: from how many images on no load is waited for.

Examples:
  onpath sizes
  onpath sizes --device u50 --json
${EXIT_CODES}`,
  profile: `
Counts the levels of pictures. Their even rows choose the hot entries, their odd rows measure what
these serve, beside LRU, LFU and the offline optimum of the same capacity.

Examples:
  onpath profile
  onpath profile cat.jpg dog.png --capacity 32
${EXIT_CODES}`,
  devices: `
A device turns packets into packets; --device names one. A plan is for one device. rtl is the NIC's
own hardware description, run cycle by cycle; it is what the tour and run use where none is named, and
what it has no tables for goes to the model. plan takes the model, a whole card. The cards are
simulated by the model with their numbers: cycles follow from the profile, no card is used. Your own
is a JSON file, --device mine.json; what it leaves out is as on the cards:
  {"name": "mine", "bram": 100, "uram": 0,
   "backing": {"kind": "ddr4", "bytes": 1073741824, "gigabytesPerSecond": 19, "latencyNs": 107}}

Examples:
  onpath devices
  onpath devices --json
${EXIT_CODES}`,
  xrt: `
Examples:
  onpath xrt list
  onpath xrt load nic.xclbin
  onpath xrt register nic.xclbin onpath_image 0x200 --count 8
  onpath xrt peek nic.xclbin --bytes 256
  onpath xrt run nic.xclbin vadd --input in.bin --output out.bin --length size:4 --set scale=2.5
  onpath xrt watch nic.xclbin onpath_image
  onpath xrt soak --emulate --faults random:slow+wrong+loss:0.05:7 --runs 1000
  onpath xclbin emulated nic.xclbin; onpath xrt poke nic.xclbin data.bin --emulate
  Each is a script of its own too, short enough to be read as an example: scripts/xrt-*.ts.

The library is libxrt_coreutil: apt-get install libxrt1 (Debian) or AMD's package. A library elsewhere
  is named by ONPATH_XRT_LIBRARY. Before XRT 2.16, XILINX_XRT must lead to it; the error says how.
  Under Node the package koffi is needed: npm install koffi.
${EXIT_CODES}`,
  tokenize: `
The ids are those of the vocabulary's own tokenizer, for any text; malformed UTF-8 stands for U+FFFD.
Tokens are shown with their place in the text. The text goes through a device in packets: the RTL where
its memory has room for the vocabulary and the text is short enough to be simulated, else the model.
With --explain it goes in chunks that overlap: [what a chunk shares], (tokens that came twice), (~tokens
that the chunk's end may have made).
${VOCABULARIES}

Examples:
  onpath tokenize "Hello, world"
  onpath tokenize --vocab r50k_base --explain "The quick brown fox jumps over the lazy dog"
  onpath tokenize --vocab o200k_base --input prompt.txt --json
  onpath tokenize --vocab models/llama3/tokenizer.json < prompt.txt
${EXIT_CODES}`,
  normalize: `
Steps: nfc, nfd, nfkc, nfkd, lower_case, strip_accents, clean_text, space_chinese; in JSON also
  {"op": "replace", "from": " ", "to": "▁"} and {"op": "prepend", "text": "▁"}.
With --device the text goes through a device, packet by packet (the model; the RTL normalises no text). Before
tokenize the same stage runs on the host.

Examples:
  onpath normalize --steps nfkc,lower_case "Ｆｕｌｌ width"
  onpath normalize --steps nfkc,lower_case --device model --json --input prompts.txt
  onpath normalize --vocab models/bert/tokenizer.json < prompt.txt
  onpath normalize --steps '[{"op": "replace", "from": "\\t", "to": " "}]' --input table.txt
${EXIT_CODES}`,
  vocab: `
Compiled tables load in a fraction of the time: the automaton, pairs and pieces are ready in them.
${VOCABULARIES}

Examples:
  onpath vocab cl100k_base
  onpath vocab tokenizer.json --output llama3.vocab
${EXIT_CODES}`,
};

/**
 * The texts by command.
 *
 * @param command The words that start the command line; they stand in the examples.
 */
export function topics(command: string): typeof TOPICS {
  const named = Object.entries(TOPICS).map(([name, text]) => [
    name,
    text.replace(/(?<=^ {2}|; )onpath(?= |$)/gm, command),
  ]);
  return Object.fromEntries(named);
}
