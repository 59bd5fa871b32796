import { importTests } from "../support/import_tests.ts";

await importTests("rtl", 2, 3);
