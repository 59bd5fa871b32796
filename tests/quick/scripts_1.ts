import { importTests } from "../support/import_tests.ts";

await importTests("scripts", 1, 3);
