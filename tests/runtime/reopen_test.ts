import assert from "node:assert/strict";
import { keepOpen } from "../../runtime/reopen.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { refusal } from "../support/failure.ts";
import { smallImage } from "./device_bench.ts";
import { faultyDevice } from "./faulty_device.ts";
import { sameTensor, test, withoutUnhandled } from "./helpers.ts";
import { expected, openSession } from "./session_samples.ts";

/** Opens devices whose exchanges fail as a function says, by the device's number and the exchange's. */
function cards(isLost: (device: number, exchange: number) => boolean) {
  const seen = { opened: 0, closed: 0, most: 0 };
  const open = async () => {
    const number = seen.opened++;
    seen.most = Math.max(seen.most, seen.opened - seen.closed);
    const device = faultyDevice(({ number: exchange, answer }) =>
      isLost(number, exchange) ? Promise.reject(new OnpathError("device", "Cannot exchange: lost")) : answer()
    );
    return { device, session: await openSession(device) };
  };
  const close = async ({ device }: Awaited<ReturnType<typeof open>>) => {
    await device.close();
    seen.closed++;
  };
  return { seen, open, close };
}

test("keepOpen() gives 64 requests at once their results though one of them loses the device", async () => {
  await withoutUnhandled(async () => {
    const { seen, open, close } = cards((device, exchange) => device === 0 && exchange === 5);
    await using card = keepOpen({ open, close });
    const images = Array.from({ length: 64 }, (_, seed) => smallImage(seed));
    const results = await Promise.all(images.map((image) => card.run(({ session }) => session.run(image))));
    results.forEach(({ output }, n) => sameTensor(output, expected(images[n]!)));
    assert.deepEqual(seen, { opened: 2, closed: 1, most: 1 });
    await card.close();
    assert.equal(seen.closed, 2);
  });
});

test("keepOpen() tries a request as often as it says and no more", async () => {
  for (const attempts of [1, 3]) {
    const { seen, open, close } = cards(() => true);
    await using card = keepOpen({ open, close, attempts });
    await assert.rejects(card.run(({ session }) => session.run(smallImage())), refusal("device", /lost/));
    assert.equal(seen.opened, attempts);
    assert.equal(seen.closed, attempts);
  }
  const { open, close } = cards(() => false);
  for (const attempts of [0, 101, NaN]) {
    assert.throws(() => keepOpen({ open, close, attempts }), refusal("size"));
  }
});

test("keepOpen() keeps the session after a failure that is no loss, and passes it on", async () => {
  const { seen, open, close } = cards(() => false);
  await using card = keepOpen({ open, close });
  const failure = new OnpathError("shape", "Cannot run: too large");
  await assert.rejects(card.run(() => Promise.reject(failure)), (error) => error === failure);
  await card.run(({ session }) => session.run(smallImage()));
  assert.equal(seen.opened, 1);
});

test("keepOpen() passes on what fails to open or close, and opens again at the next request", async () => {
  const failure = new Error("no card");
  const { open } = cards((device) => device === 0);
  let opens = 0, closes = 0;
  const card = keepOpen({
    open: () => opens++ === 0 ? Promise.reject(failure) : open(),
    close: () => closes++ === 0 ? Promise.reject(failure) : Promise.resolve(),
  });
  const run = () => card.run(({ session }) => session.run(smallImage()));
  await assert.rejects(run(), (error) => error === failure);
  // It is lost, and closing it fails.
  await assert.rejects(run(), (error) => error === failure);
  await run();
  await card.close();
  await card.close();
  assert.deepEqual([opens, closes], [3, 2]);
  await assert.rejects(run(), refusal("device", /is closed/));
});
