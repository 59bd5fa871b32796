/**
 * Files that `deno task mutate:ts` changes, and the tests that must notice.
 *
 * @module
 */

/** Files, with the tests that cover them. Plain data. */
export interface Target {
  /** Name of the group in the table. */
  readonly group: string;
  /** Files, or folders with a slash at the end. */
  readonly paths: readonly string[];
  /** Test files, or folders with a slash at the end, quickest first. */
  readonly tests: readonly string[];
}

/** Files that hold no code, or whose code is compiled into another file. */
export const EXCLUDED = /(^|\/)mod\.ts$|(^|\/)wasm\/|_wasm\.ts$/;

/** Groups, in the order of the table. A file belongs to the first group that names it. */
export const TARGETS: readonly Target[] = [
  {
    group: "serialize",
    paths: ["serialize/text/"],
    tests: [
      "tests/serialize/text/text_outgoing_test.ts",
      "tests/serialize/text/normalized_append_test.ts",
      "tests/serialize/text/flow_append_test.ts",
      "tests/serialize/text/held_packets_test.ts",
      "tests/serialize/text/chunk_merge_limits_test.ts",
      "tests/serialize/text/cut_test.ts",
      "tests/serialize/text/token_run_test.ts",
      "tests/serialize/text/token_packet_test.ts",
    ],
  },
  { group: "serialize", paths: ["serialize/"], tests: ["tests/serialize/"] },
  {
    group: "kernels",
    paths: ["kernels/plan/", "kernels/epochs.ts", "kernels/placed_flow.ts"],
    tests: [
      "tests/kernels/form_test.ts",
      "tests/kernels/epoch_numbers_test.ts",
      "tests/kernels/placed_flow_test.ts",
      "tests/kernels/plan_limits_test.ts",
    ],
  },
  {
    group: "kernels",
    paths: ["kernels/image/flow/", "kernels/image/model/"],
    tests: [
      "tests/kernels/page_bank_test.ts",
      "tests/runtime/session_open_test.ts",
      "tests/runtime/model_workloads_test.ts",
      "tests/runtime/session_faults_test.ts",
      "tests/runtime/epochs_test.ts",
      "tests/runtime/pages_test.ts",
      "tests/runtime/tables_test.ts",
    ],
  },
  {
    group: "kernels",
    paths: ["kernels/tokenize/flows/", "kernels/text_normalize/normalize_flow.ts"],
    tests: ["tests/runtime/model_workloads_test.ts", "tests/runtime/text/"],
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
      "tests/runtime/model_device_test.ts",
      "tests/runtime/session_open_test.ts",
      "tests/runtime/run_options_test.ts",
      "tests/runtime/reopen_test.ts",
      "tests/runtime/aborts_test.ts",
    ],
  },
];
