import { importTests } from "../support/import_tests.ts";

await importTests("rtl", 1, 3);
