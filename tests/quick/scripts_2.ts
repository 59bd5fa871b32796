import { importTests } from "../support/import_tests.ts";

await importTests("scripts", 2, 3);
