import assert from "node:assert/strict";
import { createEngine } from "../../serialize/engine.ts";
import { FLAG, KIND, type Kind, newHeader } from "../../serialize/header.ts";
import { createImageWriter, type ImageWriterOptions } from "../../serialize/image_writer.ts";
import { packetBytes, readPacket, reserveSlots } from "../../serialize/packets.ts";
import { cutRows } from "../../serialize/partition.ts";
import { reserveRows } from "../../serialize/rows.ts";
import {
  type AxisMap,
  cellBytes,
  type Channels,
  checkChannels,
  checkMap,
  type DenseMap,
  itemBytes,
  mapSize,
  MAX_AXIS,
  MAX_WEIGHTS,
  type SeparableMap,
  toDenseMap,
} from "../../serialize/sampling.ts";
import { imageAxes } from "../../serialize/image_axes.ts";
import { slice, type Tensor, tensor, toLayout } from "../../serialize/tensor.ts";
import { refusal } from "../support/failure.ts";

function axis(low: number[], high: number[] = low, phase: number[] = low.map(() => 0), phases = 1): AxisMap {
  return { low: Int32Array.from(low), high: Int32Array.from(high), phase: Uint16Array.from(phase), phases };
}

const map = (y: AxisMap, x: AxisMap, stride = x.phases): SeparableMap => ({
  form: "separable",
  stride,
  y,
  x,
});
const dense = (height: number, width: number, neighbours: number[], weights: number): DenseMap => ({
  form: "dense",
  height,
  width,
  neighbours: Int32Array.from(neighbours),
  weight: new Uint32Array(weights),
});

Deno.test("checkMap() accepts indexes from -1 to the last of each axis", () => {
  checkMap(map(axis([-1, 3]), axis([2, -1])), 4, 3);
  const wrong: [SeparableMap, RegExp][] = [
    [map(axis([4]), axis([0])), /row 4/],
    [map(axis([-2]), axis([0])), /row -2/],
    [map(axis([0], [4]), axis([0])), /row 4/],
    [map(axis([0]), axis([3])), /column 3/],
    [map(axis([0]), axis([0, 0], [0, 3])), /column 3 at output 1/],
  ];
  for (const [each, message] of wrong) assert.throws(() => checkMap(each, 4, 3), refusal("shape", message));
  checkMap(dense(1, 1, [-1, 0, 10, 11], 1), 4, 3);
  for (const index of [-2, 12]) {
    assert.throws(() => checkMap(dense(1, 1, [0, 0, 0, index], 1), 4, 3), refusal("shape", /neighbour/));
  }
});

Deno.test("checkMap() wants arrays of one length and phases below their number", () => {
  for (const broken of [axis([0, 0], [0]), axis([0, 0], [0, 0], [0])]) {
    assert.throws(() => checkMap(map(broken, axis([0])), 4, 3), refusal("shape", /row arrays/));
    assert.throws(() => checkMap(map(axis([0]), broken), 4, 3), refusal("shape", /column arrays/));
  }
  checkMap(map(axis([0], [0], [6], 7), axis([0])), 4, 3);
  assert.throws(
    () => checkMap(map(axis([0], [0], [7], 7), axis([0])), 4, 3),
    refusal("shape", /is 7 or more/),
  );
  for (const [neighbours, weights] of [[3, 1], [5, 1], [4, 0], [4, 2]]) {
    const broken = dense(1, 1, Array(neighbours).fill(0), weights!);
    assert.throws(() => checkMap(broken, 4, 3), refusal("shape", /expected 4 neighbours and 1 weights/));
  }
});

Deno.test("checkMap() accepts sides up to 65,535 and weight indexes up to 2^32", () => {
  const one = map(axis([0]), axis([0]));
  checkMap(one, MAX_AXIS, 1);
  checkMap(one, 1, MAX_AXIS);
  for (const side of [0, MAX_AXIS + 1]) {
    assert.throws(() => checkMap(one, side, 1), refusal("size", /image height/));
    assert.throws(() => checkMap(one, 1, side), refusal("size", /image width/));
  }
  const phases = (rows: number, columns: number, stride: number) =>
    map(axis([0], [0], [0], rows), axis([0], [0], [0], columns), stride);
  checkMap(phases(3, 5, 5), 1, 1);
  assert.throws(() => checkMap(phases(3, 5, 4), 1, 1), refusal("size", /at least 5/));
  checkMap(phases(2 ** 16, 1, 2 ** 16), 1, 1);
  assert.equal(MAX_WEIGHTS, 2 ** 32);
  assert.throws(() => checkMap(phases(2 ** 16, 1, 2 ** 16 + 1), 1, 1), refusal("size", /below 4294967296/));
});

Deno.test("items have the bytes of their kind, and images 1, 3 or 4 channels", () => {
  const channels = [1, 3, 4] as Channels[];
  assert.deepEqual(channels.map(cellBytes), [8, 16, 32]);
  assert.deepEqual(channels.map((count) => itemBytes(KIND.cells, count)), [8, 16, 32]);
  assert.deepEqual(channels.map((count) => itemBytes(KIND.tiles, count)), [4, 12, 16]);
  assert.deepEqual(channels.map((count) => itemBytes(KIND.samples, count)), [1, 3, 4]);
  assert.deepEqual(channels.map(checkChannels), channels);
  for (const count of [0, 2, 5]) assert.throws(() => checkChannels(count), refusal("shape", /channels/));
});

Deno.test("toDenseMap() writes the four neighbours, the fill where one is outside, and the weight", () => {
  const each = map(axis([0, -1], [1, 2], [2, 0], 3), axis([1, 0], [2, -1], [1, 0], 2), 5);
  assert.deepEqual(mapSize(each), { height: 2, width: 2 });
  const { neighbours, weight, ...rest } = toDenseMap(each, 10);
  assert.deepEqual(rest, { form: "dense", height: 2, width: 2 });
  assert.deepEqual([...neighbours], [1, 2, 11, 12, 0, -1, 10, -1, -1, -1, 21, 22, -1, -1, 20, -1]);
  assert.deepEqual([...weight], [11, 10, 1, 0]);
  assert.deepEqual(mapSize(toDenseMap(each, 10)), { height: 2, width: 2 });
});

const CHANNELS = 3;
const picture = (images = 2, height = 4, width = 5): Tensor =>
  tensor(Uint8Array.from({ length: images * height * width * CHANNELS }, (_, at) => at), {
    dtype: "u8",
    shape: [images, height, width, CHANNELS],
    layout: "NHWC",
  });

Deno.test("reserveRows() copies a row once, keeps the row it is told to, and has one of the fill", () => {
  const engine = createEngine(10_000);
  const rows = reserveRows(engine, 5, CHANNELS, [7, 8, 9]);
  const at = (address: number, length = 15) => [...engine.bytes.subarray(address, address + length)];
  const input = picture();
  rows.open(input, imageAxes(input));
  const rowOf = (image: number, row: number) =>
    Array.from({ length: 15 }, (_, n) => (image * 60 + row * 15 + n) & 255);
  const first = rows.stage(0, 1, 0);
  assert.deepEqual(at(first), rowOf(0, 1));
  const second = rows.stage(0, 2, first);
  assert.notEqual(second, first);
  assert.deepEqual([at(first), at(second)], [rowOf(0, 1), rowOf(0, 2)]);
  // Both are held: staging them again copies nothing.
  engine.bytes[first] = 200;
  engine.bytes[second] = 201;
  assert.equal(rows.stage(0, 1, second), first);
  assert.equal(rows.stage(0, 2, first), second);
  assert.deepEqual([at(first, 1), at(second, 1)], [[200], [201]]);
  // The same row of another image is another row, and the one to keep stays.
  const third = rows.stage(1, 2, first);
  assert.equal(third, second);
  assert.deepEqual([at(third), at(first, 1)], [rowOf(1, 2), [200]]);
  assert.deepEqual(at(rows.stage(1, 3, third)), rowOf(1, 3));
  // Another input: what is held is forgotten.
  rows.open(input, imageAxes(input));
  assert.deepEqual(at(rows.stage(1, 2, 0)), rowOf(1, 2));
  const fill = rows.stage(0, -1, 0);
  assert.deepEqual(at(fill, 21), Array.from({ length: 21 }, (_, n) => 7 + n % 3));
  // Two pixels of the fill stand behind every row.
  for (const row of [first, second]) assert.deepEqual(at(row + 15, 6), [7, 8, 9, 7, 8, 9]);
});

Deno.test("reserveRows() gathers rows of any strides", () => {
  const engine = createEngine(10_000);
  for (const channels of [1, 3]) {
    const rows = reserveRows(engine, 2, channels, Array(channels).fill(0));
    const whole = tensor(Uint8Array.from({ length: 3 * 4 * channels }, (_, at) => at), {
      dtype: "u8",
      shape: [3, 4, channels],
      layout: "HWC",
    });
    const views = [
      slice(whole, [1, 1, 0], [2, 2, channels]),
      toLayout(slice(toLayout(whole, "CHW"), [0, 1, 2], [channels, 2, 2]), "HWC"),
      { ...slice(whole, [0, 0, 0], [3, 2, channels]), strides: [4 * channels, 2 * channels, 1] },
    ];
    views.forEach((view, n) => {
      rows.open(view, imageAxes(view));
      const at = rows.stage(0, 1, 0);
      const columns = [[1, 2], [2, 3], [0, 2]][n]!;
      const row = n === 2 ? 1 : 2;
      const expected = columns.flatMap((column) =>
        Array.from({ length: channels }, (_, c) => (row * 4 + column) * channels + c)
      );
      assert.deepEqual([...engine.bytes.subarray(at, at + 2 * channels)], expected);
    });
    // Planes: a channel's distance is that of a plane.
    const planar = tensor(Uint8Array.from({ length: channels * 8 }, (_, at) => at), {
      dtype: "u8",
      shape: [channels, 4, 2],
      layout: "CHW",
    });
    rows.open(planar, imageAxes(planar));
    const at = rows.stage(0, 3, 0);
    const expected = [6, 7].flatMap((low) => Array.from({ length: channels }, (_, c) => c * 8 + low));
    assert.deepEqual([...engine.bytes.subarray(at, at + 2 * channels)], expected);
  }
});

/** Options of a writer that gives a picture of 4 x 5 pixels as it is. */
function options(change: Partial<ImageWriterOptions> = {}): ImageWriterOptions {
  return {
    kind: KIND.samples,
    images: 2,
    height: 4,
    width: 5,
    channels: CHANNELS,
    map: map(axis([0, 1, 2, 3]), axis([0, 1, 2, 3, 4])),
    fill: [7, 8, 9],
    cut: cutRows(5, 4, 2, 10),
    plan: 6,
    checksum: "crc32c",
    ...change,
  };
}

Deno.test("createImageWriter() wants a cut and a fill of the map's and input's sizes", () => {
  const make = (change: Partial<ImageWriterOptions>) => () =>
    createImageWriter(createEngine(9000), options(change));
  make({})();
  for (const cut of [cutRows(6, 4, 2, 10), cutRows(5, 3, 2, 10), cutRows(5, 4, 1, 10)]) {
    assert.throws(make({ cut }), refusal("shape", /the cut is for/));
  }
  for (const fill of [[1, 2], [1, 2, 3, 4]]) assert.throws(make({ fill }), refusal("shape", /a fill of/));
  assert.throws(make({ width: 4 }), refusal("shape", /column 4/));
});

/** Writes all packets of a picture and reads them back. */
function written(change: Partial<ImageWriterOptions>, input = picture()) {
  const engine = createEngine(50_000);
  const all = options(change);
  const { packets } = all.cut;
  const slots = reserveSlots(engine, packets + 1, 512);
  engine.bytes.fill(0xa5, slots.address);
  createImageWriter(engine, all).write(input, 3, 0, packets, slots, 1, 12);
  const header = newHeader();
  assert.notEqual(readPacket(slots, 0, header), null);
  return Array.from({ length: packets }, (_, at) => {
    assert.equal(readPacket(slots, at + 1, header), null);
    return { ...header, bytes: [...packetBytes(slots, at + 1).subarray(64)] };
  });
}

Deno.test("ImageWriter.write() writes every field of the headers, and CRCs where they are asked for", () => {
  for (const checksum of ["crc32c", "link"] as const) {
    const checked = checksum === "crc32c" ? FLAG.checked : 0;
    const packets = written({ checksum });
    assert.deepEqual(
      packets.map(({ bytes: _, ...header }) => header),
      [0, 1, 2, 3].map((sequence) => ({
        ...newHeader(),
        kind: KIND.samples,
        flags: checked | (sequence === 0 ? FLAG.first : 0) | (sequence === 3 ? FLAG.last : 0),
        flow: 3,
        sequence,
        packets: 4,
        length: 30,
        plan: 6,
        epoch: 12,
        position: sequence * 10,
      })),
    );
    assert.deepEqual(packets.flatMap(({ bytes }) => bytes), [...picture().data]);
  }
});

Deno.test("ImageWriter.write() accepts each argument up to its limit, and refuses one beyond", () => {
  const engine = createEngine(9000);
  const slots = reserveSlots(engine, 4, 30);
  const writer = createImageWriter(engine, options());
  const write = (flow: number, sequence: number, count: number, slot: number) => () =>
    writer.write(picture(), flow, sequence, count, slots, slot);
  write(2 ** 32 - 1, 0, 4, 0)();
  write(0, 4, 0, 0)();
  write(0, 3, 1, 3)();
  write(0, 0, 0, 4)();
  const refused = [[2 ** 32, 0, 1, 0], [-1, 0, 1, 0], [0, 5, 0, 0], [0, -1, 1, 0], [0, 0, 5, 0], [
    0,
    1,
    4,
    0,
  ]];
  for (const [flow, sequence, count, slot] of [...refused, [0, 0, -1, 0], [0, 0, 1, 4], [0, 0, 1, -1]]) {
    assert.throws(write(flow!, sequence!, count!, slot!), refusal("size", /Cannot use/));
  }
  const short = { ...slots, slotBytes: 93 };
  assert.throws(() => writer.write(picture(), 0, 0, 1, short), refusal("packet", /of 30 bytes/));
  writer.write(picture(), 0, 0, 1, { ...slots, slotBytes: 94 });
  const foreign = reserveSlots(createEngine(9000), 4, 30);
  assert.throws(() => writer.write(picture(), 0, 0, 1, foreign), refusal("packet", /another engine/));
  for (
    const [other, name] of [[picture(1), "images 2"], [picture(2, 3), "height 4"], [
      picture(2, 4, 6),
      "width 5",
    ]]
  ) {
    const message = new RegExp(`expected ${name}`);
    assert.throws(() => writer.write(other as Tensor, 0, 0, 1, slots), refusal("shape", message));
  }
});

Deno.test("ImageWriter.write() gives the fill outside the image, in every kind and form of map", () => {
  const y = axis([0, -1, 2], [1, 2, -1], [0, 1, 1], 2);
  const x = axis([0, -1, 4, 3], [1, 0, -1, 4], [0, 1, 2, 0], 3);
  const input = picture(2, 3, 5);
  const { data } = input;
  const sample = (image: number, row: number, column: number) =>
    row < 0 || column < 0
      ? [7, 8, 9]
      : [0, 1, 2].map((channel) => data[((image * 3 + row) * 5 + column) * 3 + channel]!);
  const expected = (kind: Kind) => {
    const items: number[] = [];
    for (let image = 0; image < 2; image++) {
      for (let row = 0; row < 3; row++) {
        for (let column = 0; column < 4; column++) {
          const rows = [y.low[row]!, y.high[row]!], columns = [x.low[column]!, x.high[column]!];
          const all = [0, 1, 2, 3].map((n) => sample(image, rows[n >> 1]!, columns[n & 1]!));
          items.push(...kind === KIND.samples ? all[0]! : all.flat());
          if (kind === KIND.cells) items.push(y.phase[row]! * 4 + x.phase[column]!, 0, 0, 0);
        }
      }
    }
    return items;
  };
  const separable = map(y, x, 4);
  for (const kind of [KIND.samples, KIND.tiles, KIND.cells]) {
    for (const form of [separable, toDenseMap(separable, 5)]) {
      for (const most of [3, 4, 8]) {
        const change = { kind, map: form, height: 3, cut: cutRows(4, 3, 2, most) };
        const bytes = written(change, input).flatMap(({ bytes }) => bytes);
        assert.deepEqual(bytes, expected(kind), `${kind} ${form.form} ${most}`);
      }
    }
  }
});

Deno.test("ImageWriter.write() copies short and long runs of samples alike", () => {
  for (const width of [1, 8, 9, 30]) {
    const low = Array.from({ length: width }, (_, at) => at < 20 ? at : at - 3);
    const change = {
      images: 1,
      width,
      map: map(axis([0, 1, 2, 3]), axis(low)),
      cut: cutRows(width, 4, 1, 40),
    };
    const input = picture(1, 4, width);
    const expected = [0, 1, 2, 3].flatMap((row) =>
      low.flatMap((column) => [0, 1, 2].map((channel) => (row * width + column) * 3 + channel & 255))
    );
    assert.deepEqual(written(change, input).flatMap(({ bytes }) => bytes), expected);
  }
});
