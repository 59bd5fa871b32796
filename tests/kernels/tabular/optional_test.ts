import assert from "node:assert/strict";
import { loadWith } from "../../../kernels/tabular/optional.ts";
import { refusal } from "../../support/failure.ts";

Deno.test("loadWith: names a package that is not installed, and passes other errors on", async () => {
  for (const code of ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"]) {
    const load = () => Promise.reject(Object.assign(new Error("no"), { code }));
    await assert.rejects(
      loadWith("somelib", load),
      refusal("file", /Cannot load package somelib: it is not installed/),
    );
  }
  const other = new Error("other");
  await assert.rejects(loadWith("somelib", () => Promise.reject(other)), (error) => error === other);
  assert.equal(await loadWith("somelib", () => Promise.resolve(5)), 5);
});
