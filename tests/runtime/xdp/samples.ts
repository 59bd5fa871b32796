/**
 * Plans and datagrams for tests of the XDP program in the kernel, without an interface.
 *
 * @module
 */

import assert from "node:assert/strict";
import { compile } from "../../../kernels/compile.ts";
import { memoize } from "../../../kernels/memoize/memo.ts";
import type { Plan } from "../../../kernels/plan/plan.ts";
import type { Program } from "../../../kernels/program.ts";
import { findWorkload } from "../../../kernels/registry.ts";
import { type KernelProgram, loadKernelProgram } from "../../../runtime/xdp/kernel_program.ts";
import { encodeSettings } from "../../../runtime/xdp/layout.ts";
import { openNative } from "../../../runtime/xdp/native.ts";
import { MAX_PAGES, type ResidentPages } from "../../../runtime/xdp/pages.ts";
import { XDP_PROFILE } from "../../../runtime/xdp/profile.ts";
import { type FrameAddresses, type ReadFrame, readFrame } from "../../../scripts/xdp/frames.ts";
import { HEADER_BYTES } from "../../../serialize/header.ts";
import { packetBytes } from "../../../serialize/packets.ts";
import { tensor } from "../../../serialize/tensor.ts";
import { noise } from "../../support/images.ts";
import { randomBytes } from "../../support/random.ts";

/** Addresses of requests over IPv4. */
export const V4: FrameAddresses = {
  from: Uint8Array.of(198, 18, 0, 1),
  to: Uint8Array.of(198, 18, 0, 2),
  fromPort: 40000,
  toPort: 5470,
};
/** Addresses of requests over IPv6. */
export const V6: FrameAddresses = {
  ...V4,
  from: Uint8Array.of(0x20, 1, 0xd, 0xb8, ...new Array(11).fill(0), 1),
  to: Uint8Array.of(0x20, 1, 0xd, 0xb8, ...new Array(11).fill(0), 2),
};

/** A program, and datagrams that it answers. */
export interface Sample {
  readonly program: Program;
  readonly datagrams: readonly Uint8Array[];
}

/** Opens a plan, and writes the packets of an input. */
export function sampleOf(plan: Plan, input: unknown, resources?: unknown): Sample {
  const { program, connect } = findWorkload(plan.workload).open(plan, resources);
  const connection = connect();
  const { flows: [flow] } = connection.begin(input, {});
  const { request, answer } = plan.packets;
  const datagrams: Uint8Array[] = [];
  for (let n = 0; n < 3; n++) {
    const count = flow!.write(connection.requests, 0, connection.requests.slots);
    for (let slot = 0; slot < count; slot++) {
      const datagram = new Uint8Array(HEADER_BYTES + Math.max(request, answer));
      datagram.set(packetBytes(connection.requests, slot));
      datagrams.push(datagram);
    }
  }
  assert(datagrams.length > 0);
  return { program, datagrams };
}

/** Plans of every stage and size: channels, element types, planes, with and without a CRC. */
export function samples(): Sample[] {
  const made: Sample[] = [];
  for (const [n, channels] of ([1, 3, 4] as const).entries()) {
    const image = noise(1, 40, 50, channels, channels);
    for (const [m, dtype] of (["u8", "f16", "f32"] as const).entries()) {
      const checksum = (n + m) % 3 === 2 ? "link" as const : "crc32c" as const;
      const match = (["exact", "opencv", "torchvision"] as const)[m]!;
      const resize = { op: "resize", size: [31, 29], match } as const;
      // Few weights: terms of whole pixels.
      const half = { op: "resize", size: [20, 25], match: m === 0 ? "exact" : "torchvision" } as const;
      const layouts = ["CHW", "HWC"] as const;
      const [normalize, other] = layouts.map((layout) => ({ op: "normalize", range: "0-1", dtype, layout }));
      const last = { ...((n + m) % 2 === 0 ? normalize : other), range: "0-255" };
      for (const steps of [[normalize], [other], [resize], [half], [resize, last], [half, last]]) {
        const plan = compile({ steps } as never, { input: image, device: XDP_PROFILE, checksum });
        made.push(sampleOf(plan, image));
      }
    }
  }
  made.push(...pagedSamples());
  const bytes = (seed: number, length: number) => randomBytes(length, seed);
  const memos = [
    memoize((x) => 255 - x, { input: "u8", output: "u8" }),
    memoize((x) => 3 * x, { input: "u8", output: "u16" }),
    memoize((x) => x * x, { input: "u8", output: "f32" }),
    memoize((x) => Number.isNaN(x) ? 0 : Math.round(8 * x), {
      input: "bf16",
      output: "u8",
      overflow: "saturate",
    }),
    memoize((x) => x, { input: "f16", output: "bf16" }),
    memoize((a, b) => a * b, { input: [{ bits: 5 }, "u8"], output: "i32" }),
  ];
  for (const memo of memos) {
    const { dtype, operands } = memo.domain;
    const data = dtype === "u8"
      ? bytes(7, 6000).map((b, n) => operands.length === 2 && n % 2 === 0 ? b & 31 : b)
      : new Uint16Array(bytes(8, 6000).buffer);
    const shape = operands.length === 2 ? [3000, 2] : [data.length];
    const input = tensor(data, { dtype, shape });
    const pipeline = { steps: [{ op: "lookup", table: memo.id }] } as const;
    made.push(sampleOf(compile(pipeline, { memo, input, device: XDP_PROFILE }), input, { memo }));
  }
  return made;
}

/** Plans whose pages are swapped, of all channels, matches and results. Their datagrams have epochs 0 and on. */
export function pagedSamples(): Sample[] {
  return ([1, 3, 4] as const).map((channels, n) => {
    const image = noise(1, 40, 50, channels, channels);
    const resize = { op: "resize", size: [31, 29], match: n === 1 ? "torchvision" : "exact" } as const;
    const normalize = { op: "normalize", range: "0-1", dtype: "f16", layout: "CHW" } as const;
    const plan = compile({ steps: n === 2 ? [resize] : [resize, normalize] }, {
      input: image,
      device: XDP_PROFILE,
      form: "row-pages",
      checksum: n === 0 ? "link" : "crc32c",
    });
    return sampleOf(plan, image);
  });
}

/**
 * Pages of a program from one on, as many as fit or fewer.
 *
 * @param first First epoch that is served.
 */
export function residentFrom(program: Program, page: number, first: number, most = MAX_PAGES): ResidentPages {
  const { count, make } = program.image().pages!;
  const pages = Array.from({ length: Math.min(count, most) }, (_, n) => (page + n) % count);
  return { first, pages: pages.map((page) => ({ page, bytes: make(page) })) };
}

/** Asserts that an answered frame returns to its sender with the right bytes and checksums. */
export function checkAnswer(
  frame: Uint8Array,
  { addresses: sent, macs }: ReadFrame,
  answer: Uint8Array,
): void {
  const read = readFrame(frame);
  assert(typeof read !== "string", `wrong ${read}`);
  const { from, to, fromPort, toPort } = read.addresses;
  assert.deepEqual([...from, ...to, fromPort, toPort], [
    ...sent.to,
    ...sent.from,
    sent.toPort,
    sent.fromPort,
  ]);
  assert.deepEqual([...read.macs], [...macs.slice(6), ...macs.slice(0, 6)]);
  assert.deepEqual(read.payload, answer);
}

/** Loads the XDP program for requests to an address. */
export async function withKernel(
  addresses: FrameAddresses,
  run: (kernel: KernelProgram) => void,
): Promise<void> {
  const kernel = loadKernelProgram(await openNative());
  try {
    kernel.configure(encodeSettings(addresses.to, addresses.toPort));
    run(kernel);
  } finally {
    kernel.close();
  }
}
