import { createModelDevice } from "../../runtime/device/model.ts";
import { sized } from "../support/long.ts";
import { vocabulary } from "../kernels/tokenize/vocabularies.ts";
import {
  CACHE_SAMPLES,
  IMAGE_SAMPLES,
  LOOKUP_SAMPLES,
  NORMALIZE_SAMPLE,
  tokenSample,
} from "./workload_samples.ts";
import { workloadSuite } from "./workload_suite.ts";

workloadSuite("the model device", () => createModelDevice(), [
  ...IMAGE_SAMPLES,
  NORMALIZE_SAMPLE,
  ...sized(LOOKUP_SAMPLES, LOOKUP_SAMPLES.slice(4, 6)),
  ...sized(CACHE_SAMPLES, CACHE_SAMPLES.slice(0, 2)),
  tokenSample(await vocabulary("r50k_base")),
  tokenSample(await vocabulary("bert")),
]);
