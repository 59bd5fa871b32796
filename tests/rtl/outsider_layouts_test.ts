import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import type { ImageStep } from "../../kernels/image/pipeline.ts";
import type { LayoutName } from "../../kernels/target/profile.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import { tensor } from "../../serialize/tensor.ts";
import { randomBytes } from "../support/random.ts";
import { get, HEADER, kind, tableOf } from "./packets_page.ts";
import { packetsOf } from "./plans.ts";

// Layouts of docs/packets.md that send samples: the items by the page's words, beside those that are sent.

type Window = ImagePlan["body"]["geometry"]["after"]["y"];
type Axis = readonly number[];

const SHAPE = [30, 41, 3] as const;

/** Index of a window in the axis before it; −1 for the fill colour. */
function through({ offset, low, high }: Window, index: number): number {
  return index + offset >= low && index + offset < high ? index + offset : -1;
}

const indexes = (length: number): Axis => Array.from({ length }, (_, index) => index);

/** Neighbours of an axis that cells need, ascending, for the match exact. */
function needed(before: Window, after: Window, n: number, m: number): Axis {
  const found = new Set<number>();
  for (const index of indexes(after.length)) {
    const o = through(after, index);
    if (o < 0) continue;
    const low = Math.floor(Math.max(0, (2 * o + 1) * n - m) / (2 * m));
    for (const each of [low, Math.min(low + 1, n - 1)]) found.add(through(before, each));
  }
  found.delete(-1);
  return [...found].sort((a, b) => a - b);
}

/** Rows and columns of the input that a plan's packets hold. */
function axesOf({ body }: ImagePlan): { readonly rows: Axis; readonly columns: Axis } {
  const { before, sampling, after } = body.geometry;
  const { name } = body.layout;
  if (name === "image") return { rows: indexes(SHAPE[0]), columns: indexes(SHAPE[1]) };
  if (name === "samples") {
    const axis = (axis: "y" | "x") =>
      indexes(after[axis].length).map((index) => {
        const o = through(after[axis], index);
        return o < 0 ? -1 : through(before[axis], o);
      });
    return { rows: axis("y"), columns: axis("x") };
  }
  if (sampling?.kernel === "resize") {
    const axis = (axis: "y" | "x") => {
      const { input, output } = sampling.params[axis];
      return needed(before[axis], after[axis], input, output);
    };
    return { rows: axis("y"), columns: name === "grid" ? axis("x") : indexes(SHAPE[1]) };
  }
  const whole = (window: Window) => indexes(window.length).map((index) => through(window, index));
  return { rows: whole(before.y), columns: whole(before.x) };
}

const WINDOWS: readonly ImageStep[] = [
  { op: "crop", top: 3, left: 5, height: 20, width: 30 },
  { op: "pad", top: 2, right: 1, fill: [9, 8, 7] },
];
const RESIZED: readonly ImageStep[] = [...WINDOWS, { op: "resize", size: [7, 90] }];
const CROPPED: readonly ImageStep[] = [...RESIZED, { op: "center_crop", size: [5, 60] }];
const CASES: readonly (readonly [name: string, steps: readonly ImageStep[], layout?: LayoutName])[] = [
  ["image", CROPPED, "image"],
  ["rows", CROPPED, "rows"],
  ["grid", CROPPED, "grid"],
  ["rows", [...WINDOWS, { op: "resize", size: [7, 9], match: "pillow" }], "rows"],
  ["samples", [...WINDOWS, { op: "normalize", mean: [0, 0, 0], std: [1, 1, 1], range: "0-1", dtype: "f32" }]],
];

Deno.test("docs/packets.md has the items of each layout", () => {
  const kinds = new Map(tableOf("Where a cell comes from").map(([name, number]) => [name, Number(number)]));
  assert.deepEqual([...kinds.keys()], ["cells", "tiles", "samples", "image", "rows", "grid"]);
  assert.deepEqual([kinds.get("cells"), kinds.get("tiles")], [kind("cells"), kind("tiles")]);
  const input = { dtype: "u8", shape: SHAPE, layout: "HWC" } as const;
  const image = tensor(randomBytes(SHAPE[0] * SHAPE[1] * SHAPE[2], 11), input);
  for (const [name, steps, layout] of CASES) {
    const plan = compile({ steps: [...steps] }, { input, device: MODEL_PROFILE, layout });
    assert.equal(plan.body.layout.name, name);
    const { rows, columns } = axesOf(plan);
    const expected = rows.flatMap((row) =>
      columns.flatMap((column) => {
        const at = SHAPE[2] * (row * SHAPE[1] + column);
        return row < 0 || column < 0
          ? [...plan.body.geometry.fill]
          : Array.from(image.data as Uint8Array).slice(at, at + SHAPE[2]);
      })
    );
    const found: number[] = [];
    for (const packet of packetsOf(plan, image)) {
      assert.equal(get(packet, "kind"), kinds.get(name));
      assert.equal(get(packet, "position") * SHAPE[2], found.length);
      found.push(...packet.subarray(HEADER));
    }
    assert.deepEqual(found, expected, `${name} ${JSON.stringify(steps.at(-1))}`);
  }
});
