import assert from "node:assert/strict";
import fc from "fast-check";
import type { Pointer } from "../../../runtime/device/xrt/binding/native.ts";
import {
  abandon,
  begin,
  close,
  end,
  hold,
  isFreed,
  live,
  RANK,
  type Resource,
} from "../../../runtime/device/xrt/binding/resource.ts";

/** Resources whose frees are written down. */
function bench() {
  const freed: string[] = [];
  const owners: object[] = [];
  const make = (what: string, rank: number, parent: Resource | null = null, result = 0) => {
    const owner = {};
    owners.push(owner);
    return hold(owner, {
      what,
      rank,
      parent,
      operation: "xrtFree",
      free: () => {
        freed.push(what);
        return result;
      },
      pointer: { what } as unknown as Pointer,
    });
  };
  return { freed, make };
}

Deno.test("close() frees runs, kernels, buffers and the device, in that order", () => {
  const { freed, make } = bench();
  const device = make("device", RANK.device);
  const first = make("buffer 1", RANK.buffer, device);
  make("part", RANK.buffer, first);
  const kernel = make("kernel", RANK.kernel, device);
  make("run 1", RANK.run, kernel);
  make("buffer 2", RANK.buffer, device);
  make("run 2", RANK.run, kernel);
  close(device);
  assert.deepEqual(freed, ["run 2", "run 1", "kernel", "buffer 2", "part", "buffer 1", "device"]);
});

Deno.test("close() of a part leaves the rest open", () => {
  const { freed, make } = bench();
  const device = make("device", RANK.device);
  const kernel = make("kernel", RANK.kernel, device);
  const run = make("run", RANK.run, kernel);
  close(kernel);
  assert.deepEqual(freed, ["run", "kernel"]);
  assert.throws(() => live(run), { code: "device", message: "Cannot use a run: it is closed" });
  assert.doesNotThrow(() => live(device));
  close(device);
  assert.deepEqual(freed, ["run", "kernel", "device"]);
});

Deno.test("close() waits for native work, and everything that depends on it waits too", () => {
  const { freed, make } = bench();
  const device = make("device", RANK.device);
  const kernel = make("kernel", RANK.kernel, device);
  const run = make("run", RANK.run, kernel);
  const buffer = make("buffer", RANK.buffer, device);
  const other = make("other kernel", RANK.kernel, device);
  begin(run);
  begin(buffer);
  close(device);
  // A buffer whose address a run knows is not freed before it.
  assert.deepEqual(freed, ["other kernel"]);
  assert.throws(() => live(buffer));
  end(buffer);
  assert.deepEqual(freed, ["other kernel"]);
  end(run);
  assert.deepEqual(freed, ["other kernel", "run", "kernel", "buffer", "device"]);
  assert(isFreed(device) && isFreed(other));
});

Deno.test("close() of a buffer in use frees it when the work ends", () => {
  const { freed, make } = bench();
  const device = make("device", RANK.device);
  const buffer = make("buffer", RANK.buffer, device);
  begin(buffer);
  begin(buffer);
  close(buffer);
  end(buffer);
  assert.deepEqual(freed, []);
  end(buffer);
  assert.deepEqual(freed, ["buffer"]);
  close(device);
  assert.deepEqual(freed, ["buffer", "device"]);
});

Deno.test("close() reports what XRT refuses to free, and frees the rest", () => {
  const { freed, make } = bench();
  const device = make("device", RANK.device);
  make("buffer", RANK.buffer, device, -1);
  make("kernel", RANK.kernel, device);
  assert.throws(() => close(device), {
    code: "device",
    message: /^Cannot close a buffer: xrtFree returned -1/,
  });
  assert.deepEqual(freed, ["kernel", "buffer", "device"]);
});

Deno.test("abandon() calls nothing, and work that ends later frees nothing", () => {
  const { freed, make } = bench();
  const device = make("device", RANK.device);
  const run = make("run", RANK.run, make("kernel", RANK.kernel, device));
  begin(run);
  abandon(device);
  end(run);
  assert.deepEqual(freed, []);
  assert(isFreed(run) && isFreed(device));
});

Deno.test("close() frees everything once, parts before wholes, whatever the order of closing and ending", () => {
  const steps = fc.array(
    fc.record({
      kind: fc.constantFrom("run", "kernel", "buffer", "part", "close", "begin", "end"),
      pick: fc.nat(),
    }),
    { maxLength: 60 },
  );
  fc.assert(fc.property(steps, (list) => {
    const { freed, make } = bench();
    const device = make("device", RANK.device);
    const all: Resource[] = [device];
    const parents = new Map<string, string>();
    const busy: Resource[] = [];
    const choose = (rank: number, pick: number) => {
      const fit = all.filter((each) => each.rank === rank && each.pointer !== null);
      return fit[pick % fit.length];
    };
    const add = (rank: number, parent: Resource | undefined) => {
      if (parent === undefined) return;
      const name = `${rank} ${all.length}`;
      parents.set(name, parent.what);
      all.push(make(name, rank, parent));
    };
    for (const { kind, pick } of list) {
      const open = all.filter(({ pointer }) => pointer !== null);
      if (kind === "run") add(RANK.run, choose(RANK.kernel, pick));
      else if (kind === "kernel") add(RANK.kernel, choose(RANK.device, pick));
      else if (kind === "buffer") add(RANK.buffer, choose(RANK.device, pick));
      else if (kind === "part") add(RANK.buffer, choose(RANK.buffer, pick));
      else if (kind === "close" && open.length > 1) close(open[1 + pick % (open.length - 1)]!);
      else if (kind === "begin" && open.length > 0) {
        begin(open[pick % open.length]!);
        busy.push(open[pick % open.length]!);
      } else if (kind === "end" && busy.length > 0) end(busy.splice(pick % busy.length, 1)[0]!);
      for (const each of busy) assert(!isFreed(each), `${each.what} is freed while it is in use`);
    }
    if (device.pointer !== null) close(device);
    while (busy.length > 0) end(busy.pop()!);
    assert.deepEqual([...freed].sort(), all.map(({ what }) => what).sort());
    for (const [part, whole] of parents) {
      assert(freed.indexOf(part) < freed.indexOf(whole), `${whole} before ${part}`);
    }
  }));
});
