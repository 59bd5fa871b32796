import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { centerStart, fitInside, shorterSide } from "../../kernels/image/geometry/spec.ts";

interface ShapeEntry {
  readonly kind: "shape";
  readonly input: [number, number];
  readonly shorter: number;
  readonly size: [number, number];
}

interface CropEntry {
  readonly kind: "center-crop";
  readonly input: [number, number];
  readonly size: [number, number];
  readonly top: number;
  readonly left: number;
}

const { entries } = JSON.parse(
  await readFile(new URL("../golden/manifest.json", import.meta.url), "utf8"),
) as {
  entries: (ShapeEntry | CropEntry)[];
};

Deno.test("shorterSide() gives torchvision's sizes", () => {
  const shapes = entries.filter((entry) => entry.kind === "shape");
  assert(shapes.length >= 12);
  for (const { input, shorter, size } of shapes) assert.deepEqual(shorterSide(...input, shorter), size);
});

Deno.test("centerStart() gives torchvision's offsets", () => {
  const crops = entries.filter((entry) => entry.kind === "center-crop").filter(({ top, left }) =>
    top >= 0 && left >= 0
  );
  assert(crops.length >= 8);
  for (const { input, size, top, left } of crops) {
    assert.deepEqual([centerStart(input[0], size[0]), centerStart(input[1], size[1])], [top, left]);
  }
});

Deno.test("fitInside() keeps proportions and never leaves the box", () => {
  assert.deepEqual(fitInside(720, 1280, [640, 640]), [360, 640]);
  assert.deepEqual(fitInside(1280, 720, [640, 640]), [640, 360]);
  assert.deepEqual(fitInside(1, 1000, [10, 10]), [1, 10]);
  assert.deepEqual(fitInside(50, 50, [20, 30]), [20, 20]);
});
