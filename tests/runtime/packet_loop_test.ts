import assert from "node:assert/strict";
import type { PageLoad } from "../../kernels/program.ts";
import { PacketLoop } from "../../runtime/packet_loop.ts";
import type { Progress } from "../../runtime/run_options.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { refusal } from "../support/failure.ts";
import { echo, toyConnection, ToyDevice, ToyFlow, toyProgram, writeFlow } from "../support/toy_flows.ts";

function setup(sizes: Parameters<typeof toyConnection>[0] = {}, restarts = false) {
  const [device, connection, program] = [new ToyDevice(), toyConnection(sizes), toyProgram(1, restarts)];
  return { device, connection, program, loop: new PacketLoop(program, connection, device) };
}

/** A promise and what ends it. */
function gate() {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => open = resolve);
  return { open, opened };
}

Deno.test("PacketLoop.run() sends all packets of all flows, in turns, and accounts for the answers", async () => {
  const { device, loop } = setup({ requests: 4 });
  const flows = [new ToyFlow(1, 5), new ToyFlow(2, 2), new ToyFlow(3, 0)];
  const { outcomes, times } = await loop.run(flows, {});
  assert(flows.every(({ done }) => done));
  assert.deepEqual(device.exchanges, [[1, 2, 1, 2], [1, 1, 1]]);
  assert.deepEqual(outcomes, { accepted: 7 });
  assert(Object.values(times).every((ms) => ms >= 0));
  assert.deepEqual([device.loads.length, flows[0]!.settled, flows[1]!.settled], [1, 2, 1]);
});

Deno.test("PacketLoop keeps at most maxFlows flows active, and starts others as those end", async () => {
  for (const maxFlows of [1, 2, 3]) {
    const { device, loop } = setup({ requests: 8, maxFlows });
    const flows = [1, 2, 3, 4].map((number) => new ToyFlow(number, 3));
    await loop.run(flows, {});
    const widths = device.exchanges.map((sent) => new Set(sent).size);
    assert.equal(Math.max(...widths), Math.min(maxFlows, 8));
    assert(flows.every(({ done }) => done));
  }
});

Deno.test("PacketLoop starts a flow only where a slot is left", async () => {
  const { device, loop } = setup({ requests: 2 });
  await loop.run([new ToyFlow(1, 1), new ToyFlow(2, 1), new ToyFlow(3, 1)], {});
  assert.deepEqual(device.exchanges, [[1, 2], [3]]);
});

Deno.test("PacketLoop accepts as many answers as there are slots and refuses every other number", async () => {
  const { device, loop } = setup({ requests: 2, answers: 3 });
  device.answering = (exchange) => {
    for (let slot = 0; slot < 3; slot++) writeFlow(exchange.output, slot, 1);
    return 3;
  };
  const { outcomes } = await loop.run([new ToyFlow(1, 2)], {});
  assert.deepEqual(outcomes, { accepted: 2, duplicate: 1 });
  for (const found of [4, -1, 1.5, NaN]) {
    device.answering = () => found;
    await assert.rejects(
      loop.run([new ToyFlow(1, 1)], {}),
      refusal("device", new RegExp(`returned ${found} answers`)),
    );
  }
  device.answering = echo;
  await loop.run([new ToyFlow(1, 1)], {});
  // A device that miscounts is loaded again.
  assert.equal(device.loads.length, 1 + 4);
});

Deno.test("PacketLoop sends what is missing again, as often as retries say, and then names the gap", async () => {
  for (const retries of [0, 1, 3]) {
    const { device, loop } = setup();
    device.answering = () => 0;
    const flow = new ToyFlow(1, 1);
    await assert.rejects(
      loop.run([flow], { retries }),
      refusal("gap", new RegExp(`after ${retries + 1} tries`)),
    );
    assert.equal(device.exchanges.length, retries + 1);
    device.answering = (exchange, options) =>
      device.exchanges.length === 2 * retries + 2 ? echo(exchange, options) : 0;
    await loop.run([new ToyFlow(2, 1)], { retries });
  }
  const { device, loop } = setup();
  device.answering = () => 0;
  await assert.rejects(loop.run([new ToyFlow(1, 1)], {}), refusal("gap", /after 3 tries/));
});

Deno.test("PacketLoop gives an answer of no flow to one flow of each run, which names what is wrong", async () => {
  const { device, loop } = setup();
  device.answering = (exchange, options) => {
    const count = echo(exchange, options) as number;
    writeFlow(exchange.output, count, 99);
    return count + 1;
  };
  const runs = [loop.run([new ToyFlow(1, 1), new ToyFlow(2, 1)], {}), loop.run([new ToyFlow(3, 1)], {})];
  const [first, second] = await Promise.all(runs);
  assert.deepEqual(first!.outcomes, { accepted: 2, flow: 1 });
  assert.deepEqual(second!.outcomes, { accepted: 1, flow: 1 });
  assert.equal(device.exchanges.length, 1);
});

Deno.test("PacketLoop ends a run at its signal while the device works, and the others go on", async () => {
  const { device, loop } = setup();
  const { open, opened } = gate();
  device.answering = async (exchange, options) => {
    await opened;
    return echo(exchange, options);
  };
  const controller = new AbortController();
  const other = new ToyFlow(2, 1);
  const aborted = loop.run([new ToyFlow(1, 1)], { signal: controller.signal });
  const kept = loop.run([other], {});
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual(device.exchanges, [[1, 2]]);
  controller.abort(new Error("enough"));
  await assert.rejects(aborted, /enough/);
  open();
  const { outcomes } = await kept;
  // The answer to the run that left is not counted here.
  assert.deepEqual([outcomes, other.done], [{ accepted: 1 }, true]);
  assert.equal(device.loads.length, 1);
});

Deno.test("PacketLoop lets timers and signals in between exchanges that are shorter than a slice", async () => {
  const { now } = performance;
  let clock = 0;
  // Each look at the clock takes 1 ms, so no exchange lasts as long as a slice of 10 ms.
  performance.now = () => ++clock;
  try {
    const { device, loop } = setup({ requests: 1 });
    const flow = new ToyFlow(1, 1000);
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error("enough")), 0);
    await assert.rejects(loop.run([flow], { signal: abort.signal }), /enough/);
    assert(device.exchanges.length < 1000 && !flow.done, `${device.exchanges.length} exchanges`);
    const other = new ToyFlow(2, 3);
    await loop.run([other], {});
    assert(other.done);
  } finally {
    performance.now = now;
  }
});

Deno.test("PacketLoop stops an exchange once every run of it has left", async () => {
  const { device, loop } = setup();
  const controllers = [new AbortController(), new AbortController()];
  let stopped = 0;
  device.answering = (_exchange, { signal }) =>
    new Promise((_resolve, reject) =>
      signal!.addEventListener("abort", () => {
        stopped++;
        reject(signal!.reason);
      })
    );
  const runs = controllers.map(({ signal }, at) => loop.run([new ToyFlow(at, 1)], { signal }));
  await new Promise((resolve) => setTimeout(resolve, 0));
  controllers[0]!.abort(new Error("first"));
  assert.equal(stopped, 0);
  controllers[1]!.abort(new Error("second"));
  assert.equal(stopped, 1);
  await assert.rejects(runs[0]!, /first/);
  await assert.rejects(runs[1]!, /second/);
  device.answering = echo;
  await loop.run([new ToyFlow(5, 1)], {});
  assert.equal(device.loads.length, 2, "the program is loaded again");
});

Deno.test("PacketLoop.run() removes its listeners from a signal, however the run ends", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = ((...args: Parameters<typeof add>) => (listeners++, add(...args))) as typeof add;
  signal.removeEventListener =
    ((...args: Parameters<typeof remove>) => (listeners--, remove(...args))) as typeof remove;
  const { device, loop } = setup();
  await loop.run([new ToyFlow(1, 3)], { signal });
  assert.equal(listeners, 0);
  device.answering = () => 0;
  await assert.rejects(loop.run([new ToyFlow(1, 3)], { signal }), refusal("gap"));
  assert.equal(listeners, 0);
});

Deno.test("PacketLoop.run() refuses a signal that has fired before it sends a packet", () => {
  const { device, loop } = setup();
  const signal = AbortSignal.abort(new Error("before"));
  assert.throws(() => loop.run([new ToyFlow(1, 1)], { signal }), /before/);
  assert.throws(() => loop.run([new ToyFlow(1, 1)], { retries: -1 }), refusal("size"));
  assert.deepEqual([device.loads.length, device.exchanges.length], [0, 0]);
});

Deno.test("PacketLoop is broken by an exchange that times out: all runs end, and later ones are refused", async () => {
  const { device, loop } = setup({ requests: 1, maxFlows: 1 });
  device.answering = () => new Promise(() => {});
  const runs = [
    loop.run([new ToyFlow(1, 1)], { timeoutMs: 5 }),
    loop.run([new ToyFlow(2, 1)], { timeoutMs: 5 }),
  ];
  await assert.rejects(runs[0]!, refusal("timeout", /5 ms have passed/));
  await assert.rejects(runs[1]!, refusal("device", /open a new session/));
  await assert.rejects(loop.run([new ToyFlow(3, 1)], {}), refusal("device", /open a new session/));
  assert.equal(device.exchanges.length, 1);
});

Deno.test("PacketLoop ends the run whose timeout is shorter, and waits for the other one's", async () => {
  const { device, loop } = setup();
  const { open, opened } = gate();
  device.answering = async (exchange, options) => {
    assert.equal(options.timeoutMs, 20_000);
    await opened;
    return echo(exchange, options);
  };
  const flow = new ToyFlow(3, 1);
  const runs = [5, 9, 20_000].map((timeoutMs, at) =>
    loop.run([at === 2 ? flow : new ToyFlow(at, 1)], { timeoutMs })
  );
  await assert.rejects(runs[0]!, refusal("timeout", /: 5 ms have passed/));
  await assert.rejects(runs[1]!, refusal("timeout", /: 9 ms have passed/));
  open();
  await runs[2];
  assert(flow.done);
  await loop.run([new ToyFlow(4, 1)], { timeoutMs: 20_000 });
  assert.equal(device.loads.length, 1);
});

Deno.test("PacketLoop loads the program again after a failure, and restarts what it had sent", async () => {
  const { device, connection, loop } = setup({ requests: 2 });
  const failing = new ToyFlow(1, 2);
  device.answering = () => Promise.reject(new OnpathError("device", "Cannot answer: lost"));
  await assert.rejects(loop.run([failing], {}), refusal("device", /lost/));
  assert.deepEqual([device.loads.length, connection.resets], [1, 1]);
  device.answering = () => {
    throw new OnpathError("device", "Cannot answer: at once");
  };
  await assert.rejects(loop.run([new ToyFlow(2, 1)], {}), refusal("device", /at once/));
  device.answering = echo;
  await loop.run([new ToyFlow(3, 1)], {});
  assert.deepEqual([device.loads.length, connection.resets], [3, 3]);
  // A flow that was sent under an earlier load has lost its state.
  failing.due = 0;
  failing.idle = 0;
  await loop.run([failing], {});
  assert.deepEqual([failing.restarts, failing.done], [1, true]);
  await loop.run([failing], {});
  assert.equal(failing.restarts, 1);
});

Deno.test("PacketLoop ends the runs there are when loading fails, and loads for the next one", async () => {
  const { device, connection, loop } = setup();
  device.loading = () => Promise.reject(new OnpathError("table", "Cannot load: too large"));
  const runs = [loop.run([new ToyFlow(1, 1)], {}), loop.run([new ToyFlow(2, 1)], {})];
  for (const run of runs) await assert.rejects(run, refusal("table", /too large/));
  assert.deepEqual([device.loads.length, connection.resets, device.exchanges.length], [1, 0, 0]);
  device.loading = () => {};
  await loop.run([new ToyFlow(3, 1)], {});
  assert.deepEqual([device.loads.length, connection.resets], [2, 1]);
  device.loading = () => new Promise(() => {});
  const other = new PacketLoop(toyProgram(2), toyConnection(), device);
  await assert.rejects(other.load({ timeoutMs: 5 }), refusal("timeout", /to load plan 2/));
});

Deno.test("PacketLoop shares a loaded plan of its id, unless the device keeps state of one session", async () => {
  for (const restarts of [false, true]) {
    const { device, loop, connection } = setup({}, restarts);
    await loop.load({});
    await loop.load({});
    assert.equal(device.loads.length, 1);
    const twin = new PacketLoop(toyProgram(1, restarts), connection, device);
    await twin.run([new ToyFlow(1, 1)], {});
    assert.equal(device.loads.length, restarts ? 2 : 1);
    const other = new PacketLoop(toyProgram(2, restarts), connection, device);
    await other.run([new ToyFlow(1, 1)], {});
    assert.equal(device.loads.length, restarts ? 3 : 2);
  }
});

Deno.test("PacketLoop hands page loads over with their packets, and loads again where epochs ran out", async () => {
  const { device, loop, connection } = setup();
  const pages: PageLoad[] = [{ page: 1, slot: 0, bytes: new Uint8Array(1), after: -1, before: 0 }];
  const seen: unknown[] = [];
  device.answering = (exchange, options) => {
    seen.push(exchange.pages);
    return echo(exchange, options);
  };
  const paged = new ToyFlow(1, 1);
  paged.pages = pages;
  await loop.run([new ToyFlow(2, 1), paged], {});
  const plain = new ToyFlow(3, 1);
  plain.reloads = false;
  await loop.run([plain], {});
  assert.deepEqual([seen, device.loads.length], [[pages, undefined], 1]);
  const worn = new ToyFlow(4, 1);
  worn.reloads = true;
  await loop.run([worn], {});
  assert.deepEqual([device.loads.length, connection.resets, worn.restarts], [2, 1, 0]);
  device.loading = () => Promise.reject(new OnpathError("device", "Cannot load: lost"));
  const lost = new ToyFlow(5, 1);
  lost.reloads = true;
  await assert.rejects(loop.run([lost], {}), refusal("device", /lost/));
  assert.equal(seen.length, 3);
});

Deno.test("PacketLoop tells progress after every exchange, of a flow or of all, and ends a run it fails", async () => {
  const { loop } = setup({ requests: 2 });
  const seen: Progress[] = [];
  const onProgress = (progress: Progress) => void seen.push(progress);
  await loop.run([new ToyFlow(1, 1), new ToyFlow(2, 3), new ToyFlow(3, 1)], { onProgress });
  assert.deepEqual(seen.map(({ done, total }) => `${done}/${total}`), ["1/3", "2/3", "3/3"]);
  seen.length = 0;
  const single = new ToyFlow(4, 1);
  single.progress = { done: 7, total: 9 };
  await loop.run([single], { onProgress });
  assert.deepEqual(seen, [{ done: 7, total: 9 }]);
  seen.length = 0;
  const [a, b] = [new ToyFlow(5, 1), new ToyFlow(6, 1)];
  a.progress = b.progress = { done: 7, total: 9 };
  await loop.run([a, b], { onProgress });
  assert.deepEqual(seen, [{ done: 2, total: 2 }]);
  const failing = loop.run([new ToyFlow(7, 9)], {
    onProgress: () => {
      throw new Error("no more");
    },
  });
  const other = new ToyFlow(8, 9);
  await Promise.all([assert.rejects(failing, /no more/), loop.run([other], {})]);
  assert(other.done);
});

Deno.test("PacketLoop gives the device to another session after 16 exchanges, and not while none waits", async () => {
  const { device, loop } = setup({ requests: 1, maxFlows: 1 });
  const other = new PacketLoop(toyProgram(2), toyConnection({ requests: 1 }), device);
  const begun = gate();
  device.answering = (exchange, options) => {
    begun.open();
    return echo(exchange, options);
  };
  const long = loop.run([new ToyFlow(1, 40)], {});
  await begun.opened;
  await Promise.all([long, other.run([new ToyFlow(2, 20)], {})]);
  const order = device.exchanges.map(([flow]) => flow);
  const turns: [flow: number, count: number][] = [];
  for (const flow of order) {
    if (turns.at(-1)?.[0] === flow) turns.at(-1)![1]++;
    else turns.push([flow!, 1]);
  }
  assert.deepEqual(turns, [[1, 16], [2, 16], [1, 16], [2, 4], [1, 8]]);
  assert.equal(device.loads.length, 5);
});

Deno.test("PacketLoop adds up the times of a run's exchanges", async () => {
  const { device, loop } = setup({ requests: 1 });
  const { now } = performance;
  let clock = 0;
  performance.now = () => clock;
  try {
    device.answering = (exchange, options) => {
      clock += 100;
      return echo(exchange, options);
    };
    class Slow extends ToyFlow {
      override write(...args: Parameters<ToyFlow["write"]>): number {
        clock += 1;
        return super.write(...args);
      }
      override accept(...args: Parameters<ToyFlow["accept"]>): string {
        clock += 10_000;
        return super.accept(...args);
      }
    }
    const { times } = await loop.run([new Slow(1, 3)], {});
    assert.deepEqual(times, { serializeMs: 3, deviceMs: 300, reassembleMs: 30_000 });
  } finally {
    performance.now = now;
  }
});
