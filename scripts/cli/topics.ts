/**
 * Help texts of the commands, printed below the options.
 *
 * @module
 */

import { SERVE, TOKENIZER_SERVE } from "./topics_serve.ts";
import { SAMPLE_VOCABULARY } from "../network/samples.ts";
import { MAX_INPUT_BYTES } from "../io/read.ts";
import { LAYER_MARK } from "../quantize/cache.ts";
import { METHOD_NAMES } from "../quantize/methods.ts";
import { MAX_SIMULATED_BYTES } from "./commands/tokenize.ts";
import { EXIT_CODES, INPUTS, OUTPUTS, PIPELINE, VOCABULARIES, WAVEFORM } from "./topic_parts.ts";
import { count, wrapWords } from "./text.ts";

/** Lists words, a comma apart, in lines of at most 100 characters. */
function wrapped(words: readonly string[]): string {
  return wrapWords(words.join(", "), 90).replaceAll("\n", "\n  ");
}

/** Texts by command; the command line starts with `onpath`, as in the package. */
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
    | "lookup"
    | "quantize"
    | "dequantize"
    | "serve"
    | "tokenizerServe"
    | "nic"
    | "network"
    | "networkReceive"
    | "networkSend"
    | "clean"
    | "vocab",
    string
  >
> = {
  program: `
Examples:
  onpath                                          the tour: one photograph, results in ./out
  onpath run pipeline.json --input cat.jpg --output cat.npy
  onpath plan pipeline.json --shape 720,1280,3    the planner's choices and reasons
  onpath sizes                                    usual sizes at a glance
  onpath profile cat.jpg                          which table entries are hot
  onpath lookup                                   functions as lookup tables
  onpath quantize --synthetic --method kivi2      a KV cache in 2 bits, and its loss
  onpath serve --processor preprocessor_config.json
  onpath network --loss 0.01                      three hosts, a NIC on the path between two
  onpath devices
  onpath xclbin info nic.xclbin                   contents of a card's file
  onpath xrt list                                 cards, through XRT
  onpath help run                                 help of one command
${EXIT_CODES}`,
  tour: `
The photograph is coffee.png by Rachel Michetti, given to the public domain. It is resized to
224 x 224, normalized as for ImageNet, and written as f16 in CHW (.npy), together with the resized
picture (.png). One line has a small KV cache in 2 bits.

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
Shows the packets, the bytes sent and received, the lookup tables of the kernels, and the computation
that the result equals. With --json the plan itself is printed.

If --input is a JPEG, its decode is measured (sharp, median of 3), in full and with shrink-on-load, and
compared with the packets: bytes, host time, and the break-even of each. With --json that is the field
"jpeg" beside the plan's.

--line-rate counts the instances of each build of the RTL that take a link's packets, and those that fit
the card of --device (default: u55c): simulated cycles, an assumed clock, and estimates of yosys.

Examples:
  onpath plan pipeline.json --shape 720,1280,3
  onpath plan pipeline.json --shape 64,3,480,640 --layout NCHW
  onpath plan pipeline.json --input cat.jpg --output cat.plan
  onpath plan pipeline.json --shape 720,1280,3 --device u50 --html report.html --trace trace.json
  onpath plan pipeline.json --shape 720,1280,3 --line-rate 100 --device u50
  onpath plan text.json --vocab cl100k_base --output text.plan
${PIPELINE}
${INPUTS}
${EXIT_CODES}`,
  sizes: `
Plans eight usual image sizes to seven usual model inputs. Prints for each the chosen layout and form
of tables, their bytes, their difference to the exact sample, and simulated cycles an image at batches
of 1, 16 and 64. The next columns are for tables that are swapped by page, one page a row phase: the
column "images" is the smallest batch whose work hides all loads. The last ones are cycles of Pillow's
bicubic and lanczos, which take whole rows, at a batch of 64.

Examples:
  onpath sizes
  onpath sizes --device u50 --json
${EXIT_CODES}`,
  profile: `
Counts the levels of pictures. The even rows choose the hot entries. The odd rows measure their hit
rate, beside LRU, LFU and the offline optimum of the same capacity.

Examples:
  onpath profile
  onpath profile cat.jpg dog.png --capacity 32
${EXIT_CODES}`,
  devices: `
A device turns packets into packets; --device selects one. A plan is for one device. rtl is the NIC's
own hardware description, run cycle by cycle. It is the default of the tour and of run, and the model is
its fallback for tables that it lacks. The default of plan is the model, with the numbers of a whole
card. cpu is this machine: it computes images at once, without packets, and all else as the model does.
Cards are simulated by the model: cycles follow from their profiles, no card is used. A custom
profile is a JSON file, --device mine.json; missing fields have the values of the cards:
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
  Each command is also a short script to read as an example: scripts/xrt-*.ts.

The library is libxrt_coreutil: apt-get install libxrt1 (Debian) or AMD's package. ONPATH_XRT_LIBRARY
  names a library in another place. Before XRT 2.16, XILINX_XRT must name its folder; the error explains
  how. Node requires the package koffi: npm install koffi.
${EXIT_CODES}`,
  tokenize: `
The ids are those of the vocabulary's own tokenizer, for any text; malformed UTF-8 becomes U+FFFD.
Tokens are printed with their byte offsets in the text. The text goes through a device in packets. The
default device is the RTL if the vocabulary fits its memory and the text has at most ${
    count(MAX_SIMULATED_BYTES)
  } bytes,
otherwise the model. With --explain the text goes in chunks that overlap: [overlap], (repeated token),
(~token that the end of the chunk may have caused).
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
With --device the text goes through a device in packets. Only the model can normalise text, the RTL cannot.
Before tokenize the same steps run on the host.

Examples:
  onpath normalize --steps nfkc,lower_case "Ｆｕｌｌ width"
  onpath normalize --steps nfkc,lower_case --device model --json --input prompts.txt
  onpath normalize --vocab models/bert/tokenizer.json < prompt.txt
  onpath normalize --steps '[{"op": "replace", "from": "\\t", "to": " "}]' --input table.txt
${EXIT_CODES}`,
  lookup: `
Functions become lookup tables in the smallest form, found and checked on all their operands. The list
names the operand types, and the bytes beside those of one table with a result for each operand. NumPy has
no bf16: --dtype bf16 reads bits from a u16 array, and results of bf16 are written as .safetensors.
A function of your own runs in a program: memoize(), see docs/memoize.md.

Examples:
  onpath lookup
  onpath lookup fp8-e4m3 --input activations.npy --output codes.npy
  onpath lookup from-fp8-e4m3 --input codes.npy --output values.npy --json
  onpath lookup sqrt --input bits.npy --dtype bf16 --output roots.safetensors
${EXIT_CODES}`,
  quantize: `
Prints for K and V, and for the heads that lose most: bytes with all metadata, mean and greatest error,
signal to noise, saturated values, and what a model notices: mean and greatest error of q·k, the attention
that moves to other tokens, and how often the largest logit stays the largest (top-1). --report draws all
heads.

Methods: ${wrapped(METHOD_NAMES)}.
  KIVI groups K by channel and V by token; of MLA, the latent is K. A pipeline has one step:
  {"steps": [{"op": "quantize", "method": {"kind": "kivi", "bits": 2, "axis": "tokens", "stored": "f16"}}]}

Caches: tensors of bf16, f16 or f32 with five axes: L layers, B blocks, H heads, N tokens of a block, C
  channels, in the order that --layout names: LBHNC, LBNHC, LHBNC, BLHNC, BLNHC, BHLNC, NHD (LBNHC), HND
  (LBHNC). With ${LAYER_MARK} in their names, tensors hold a layer each and have the other four axes. A row of
  content fused is K and then V; that of mla has 64 rotary channels at its end. A file has at most
  ${count(MAX_INPUT_BYTES)} bytes. Queries are a tensor q [layers, heads, queries, channels]; several of its
  heads may share one head of the cache.

The quantized file has tensors such as k.0.codes, k.0.minima, k.0.scales, and describes the cache before, so
that dequantize needs no other file.

Examples:
  onpath quantize --synthetic --method kivi2 --report report.html
  onpath quantize cache.safetensors --method int4 --output small.safetensors
  onpath quantize cache.safetensors --layout NHD --keys layers.${LAYER_MARK}.k --values layers.${LAYER_MARK}.v
  onpath quantize cache.safetensors --method rotated3 --values-method kivi4 --queries q.safetensors --json
${EXIT_CODES}`,
  dequantize: `
Writes the tensors under their names, in their shape, layout and type.

Examples:
  onpath dequantize small.safetensors --output cache.safetensors
${EXIT_CODES}`,
  serve: `${SERVE}${EXIT_CODES}`,
  tokenizerServe: `${TOKENIZER_SERVE}${EXIT_CODES}`,
  nic: `
Senders announce plans over the control channel, and the NIC opens a device for each. Requests arrive as
datagrams; the answers go to the receivers that registered. With --device the NIC takes plans for that device
alone. A terminal shows the counts as they grow. SIGINT and SIGTERM end the NIC; the last counts are printed,
and the exit code is 0. With --json each line is an object: {"ready": …}, {"counts": …}, {"end": …}.

Without --listen and --control only this machine can reach the NIC. On other networks, --tls-cert and
--tls-key encrypt the control channel, --token-file and --tls-mutual say who may connect, and --authenticate
seals every packet: docs/network.md.

Examples:
  onpath nic
  onpath nic --listen 192.0.2.2:4790 --control 192.0.2.2:4790
  onpath nic --listen [2001:db8::2]:4790 --control [2001:db8::2]:4790 --device rtl --json
  onpath nic --listen 192.0.2.2:4790 --control 192.0.2.2:4790 --tls-cert nic.pem --tls-key nic.key --authenticate
  onpath nic --listen 4790 --control 4790 --pass-to 127.0.0.1:9000 --vocab llama3.vocab
${EXIT_CODES}`,
  network: `
Starts a sender, a NIC and a receiver. With root rights and the programs ip, unshare and nsenter, each has a
network namespace; veth pairs join them. Otherwise they are three processes on loopback, and the reason is
printed. Three samples go through: a photograph, a prompt (the licence, in tokens of ${SAMPLE_VOCABULARY}), and a
block of a synthetic KV cache. Each result is compared, byte for byte by its SHA-256, with the one that the
sender's host computes itself. A difference is exit code 1.

Faults are made on all three paths: to the NIC, to the receiver, and of the reports back. The same seed gives
the n-th datagram of a path the same fate. CPU is the time since a process was ready, with the faults' own.
The vocabulary comes from the npm package tiktoken: a checkout downloads it at the first run.

With --authenticate, packets and reports carry a MAC, and the control channels agree on the keys. Without
TLS, keys cross loopback only, so the three are processes on loopback then.

To run the programs on hosts of your own: nic, network receive, network send.

Examples:
  onpath network
  onpath network --inputs 100 --loss 0.01 --reorder 0.1 --seed 7
  onpath network --loss 0.1 --duplicate 0.05 --corrupt 0.01 --delay 50 --restart-nic
  onpath network --samples photograph --device rtl --json
  onpath network --authenticate --corrupt 0.01
${EXIT_CODES}`,
  networkReceive: `
Takes the results of plans, until SIGINT or SIGTERM. Each result is printed with its SHA-256, and written
with --output. Senders need the same plans: files of plan --output, or --samples. With --json each
line is an object: {"ready": …}, {"output": …}, {"counts": …}, {"end": …}.

The NIC sends answers to the host that registers, so start this command where the results belong. Without
--control only senders of this machine can reach it.

Examples:
  onpath network receive --nic 192.0.2.2:4790 --control 192.0.2.3:4791 --samples
  onpath network receive --nic 192.0.2.2:4790 --control 192.0.2.3:4791 --plan clip.plan --output results
${EXIT_CODES}`,
  networkSend: `
Sends files through a NIC, and ends when the receiver has all results. Images are pictures or arrays, texts
are files, KV caches are .npy or .safetensors with one tensor. Lookups and quantized caches need a program.
With --json each line is an object: {"ready": …}, {"sent": …}, {"counts": …}, {"end": …}.

Examples:
  onpath network send --nic 192.0.2.2:4790 --receiver 192.0.2.3:4791 --samples --compare
  onpath network send --nic 192.0.2.2:4790 --receiver 192.0.2.3:4791 --plan clip.plan cat.jpg dog.jpg
${EXIT_CODES}`,
  clean: `
Steps, with the semantics of scikit-learn 1.2 (docs/records.md):
  {"steps": [
    {"op": "impute", "columns": ["age"], "method": "median", "indicator": true},
    {"op": "clean", "columns": ["age"], "method": "iqr", "action": "clip"},
    {"op": "encode", "columns": ["city"], "method": "one_hot", "unknown": "ignore"},
    {"op": "scale", "columns": ["age"], "method": "standard"}
  ]}
  impute: mean, median, most_frequent, constant, window, last; clean: z_score, iqr, clip, range, hampel,
  duplicates; encode: ordinal, one_hot, hashing, quantile_bins, uniform_bins; scale: standard, min_max,
  robust. Columns that no step names are copied.
All steps of a column become one lookup table on the device. The printed table has its form and bytes,
or the reason that the host computes the column. Files are read in batches, so memory does not grow with
their length; --fit-mode exact holds all rows.
CSV: UTF-8, RFC 4180, a head with distinct names. A column is f64 if the first rows are numbers,
otherwise text. Arrow: integers up to 32 bits, floats, booleans, Utf8 and dictionaries of Utf8.
A column with a text of more than 1,024 characters, more than 65,535 distinct texts, or 64-bit keys is
refused by name; --drop leaves it out.

Examples:
  onpath clean in.csv out.arrow --steps steps.json
  onpath clean train.csv train.arrow --steps steps.json --save-fitted fitted.json
  onpath clean test.csv test.arrow --fitted fitted.json --device rtl
  onpath clean in.csv out.csv --onnx pipeline.onnx --json
${EXIT_CODES}`,
  vocab: `
Compiled tables load in a fraction of the time: they contain the finished automaton, pairs and pieces.
${VOCABULARIES}

Examples:
  onpath vocab cl100k_base
  onpath vocab tokenizer.json --output llama3.vocab
${EXIT_CODES}`,
};

/**
 * Returns the texts by command.
 *
 * @param command Start of the command line in the examples.
 */
export function topics(command: string): typeof TOPICS {
  const named = Object.entries(TOPICS).map(([name, text]) => [
    name,
    text.replace(/(?<=^ {2}|; )onpath(?= |$)/gm, command),
  ]);
  return Object.fromEntries(named);
}
