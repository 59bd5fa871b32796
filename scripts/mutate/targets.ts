/**
 * Files that `deno task mutate:ts` changes, and the tests that must notice.
 *
 * @module
 */

/** Files, and the tests that reach them. Plain data. */
export interface Target {
  /** Name of the group in the table. */
  readonly group: string;
  /** Files, or folders with a slash at the end. */
  readonly paths: readonly string[];
  /** Test files, or folders with a slash at the end, quickest first. */
  readonly tests: readonly string[];
}

/** Files that hold no code, or whose code is compiled into another file. */
export const EXCLUDED = /(^|\/)mod\.ts$|^serialize\/(wasm\/|engine_wasm\.ts$)/;

/** The groups, in the order of the table. The first one that has a file counts. */
export const TARGETS: readonly Target[] = [
  {
    group: "serialize",
    paths: ["serialize/text/"],
    tests: ["tests/serialize/text/"],
  },
  { group: "serialize", paths: ["serialize/"], tests: ["tests/serialize/"] },
  {
    group: "kernels",
    paths: ["kernels/plan/", "kernels/epochs.ts"],
    tests: [
      "tests/kernels/form_test.ts",
      "tests/kernels/epoch_numbers_test.ts",
      "tests/runtime/plan_file_test.ts",
      "tests/runtime/plan_hostile_test.ts",
      "tests/runtime/epochs_test.ts",
    ],
  },
  {
    group: "kernels",
    paths: ["kernels/image/flow/", "kernels/image/model/"],
    tests: [
      "tests/kernels/image_flow_test.ts",
      "tests/kernels/page_bank_test.ts",
      "tests/runtime/model_test.ts",
      "tests/runtime/session_test.ts",
      "tests/runtime/session_faults_test.ts",
      "tests/runtime/epochs_test.ts",
      "tests/runtime/pages_test.ts",
    ],
  },
  {
    group: "kernels",
    paths: ["kernels/tokenize/flows/", "kernels/text_normalize/normalize_flow.ts"],
    tests: ["tests/runtime/text/"],
  },
  {
    group: "runtime",
    paths: [
      "runtime/session.ts",
      "runtime/packet_loop.ts",
      "runtime/turns.ts",
      "runtime/reopen.ts",
      "runtime/run_options.ts",
      "runtime/device/model.ts",
      "runtime/device/serial.ts",
    ],
    tests: [
      "tests/runtime/packet_loop_test.ts",
      "tests/runtime/turns_test.ts",
      "tests/runtime/run_options_test.ts",
      "tests/runtime/reopen_test.ts",
      "tests/runtime/session_waits_test.ts",
      "tests/runtime/session_faults_test.ts",
      "tests/runtime/session_test.ts",
      "tests/runtime/model_test.ts",
    ],
  },
];
