import assert from "node:assert/strict";
import { createXrtOffload, openXrtOffload } from "../../../runtime/device/xrt/device/card_device.ts";
import { refusal } from "../../support/failure.ts";

Deno.test("openXrtOffload() and createXrtOffload() refuse options that are none, before any call of XRT", async () => {
  for (const wrong of [undefined, null, 5, []]) {
    await assert.rejects(
      openXrtOffload(wrong as never),
      refusal("size", /^Cannot open a card: the options are .+, expected an object$/),
    );
    assert.throws(
      () => createXrtOffload(wrong as never),
      refusal("size", /^Cannot run plans on a card: the options are .+, expected an object$/),
    );
  }
  assert.throws(
    () => createXrtOffload({} as never),
    refusal("size", /^Cannot run plans on a card: device is undefined, expected an object$/),
  );
});
