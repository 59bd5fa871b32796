/**
 * Metrics of a server in the form of Prometheus, by prom-client.
 *
 * @module
 */

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { InferenceHandler } from "../../runtime/serve/handler_types.ts";
import type { TokenizerService } from "../../runtime/serve/tokenizer_types.ts";
import type { ServeObserver } from "../../runtime/serve/observer.ts";
import type { MetricsSource } from "../../runtime/serve/http_server.ts";

/** Bounds of the histograms of times, in seconds. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Bounds of the histogram of batches, in items. */
const ITEMS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** Metrics of one server. */
export interface PrometheusMetrics {
  /** Callbacks for the handler. */
  readonly observer: ServeObserver;
  /** Text for the server. */
  readonly source: MetricsSource;
  /** Also collects the state of the queues. */
  readonly watch: (handler: Pick<InferenceHandler, "counts">) => void;
  /** Also collects what a tokenizer has done, and its sessions. */
  readonly watchTokenizer: (service: Pick<TokenizerService, "stats">) => void;
}

/**
 * Creates the metrics of one server, in a registry of their own.
 *
 * @param options Whether the process is measured too: CPU time, memory, open files.
 */
export function createPrometheus({ process }: { readonly process: boolean }): PrometheusMetrics {
  const register = new Registry();
  const common = { registers: [register] };
  const model = { ...common, labelNames: ["model"] as const };
  if (process) collectDefaultMetrics({ register });
  const requests = new Counter({
    name: "onpath_requests_total",
    help: "Inference requests by their outcome: ok, aborted, or the code of an error.",
    ...common,
    labelNames: ["model", "outcome"] as const,
  });
  const items = new Counter({
    name: "onpath_items_total",
    help: "Items of requests that succeeded.",
    ...model,
  });
  const total = new Histogram({
    name: "onpath_request_seconds",
    help: "Time from the start of a request to its end.",
    ...model,
    buckets: SECONDS,
  });
  const queue = new Histogram({
    name: "onpath_queue_seconds",
    help: "Time of a request in the queue.",
    ...model,
    buckets: SECONDS,
  });
  const batchItems = new Histogram({
    name: "onpath_batch_items",
    help: "Items of a batch.",
    ...model,
    buckets: ITEMS,
  });
  const batchTime = new Histogram({
    name: "onpath_batch_seconds",
    help: "Time from the start of a batch to its end.",
    ...model,
    buckets: SECONDS,
  });
  const responses = new Counter({
    name: "onpath_http_responses_total",
    help: "HTTP responses by their status.",
    ...common,
    labelNames: ["status"] as const,
  });
  const received = new Counter({
    name: "onpath_http_received_bytes_total",
    help: "Bytes of bodies received.",
    ...common,
  });
  const sent = new Counter({
    name: "onpath_http_sent_bytes_total",
    help: "Bytes of bodies sent.",
    ...common,
  });
  const calls = new Counter({
    name: "onpath_grpc_responses_total",
    help: "gRPC calls by their method and status.",
    ...common,
    labelNames: ["method", "status"] as const,
  });
  const callBytes = (direction: "received" | "sent") =>
    new Counter({
      name: `onpath_grpc_${direction}_bytes_total`,
      help: `Bytes of messages ${direction}.`,
      ...common,
    });
  const callsReceived = callBytes("received"), callsSent = callBytes("sent");
  // prom-client checks and hashes labels in each call, so values are kept, and given to it together.
  const kept: Kept[] = [];
  const sumFor = (counter: { inc: (value: number) => void }) => keepSum(kept, (value) => counter.inc(value));
  const listFor = (histogram: { observe: (value: number) => void }) =>
    keepList(kept, (value) => histogram.observe(value));
  const ofModel = cached((model: string) => ({
    requests: cached((outcome: string) => sumFor(requests.labels({ model, outcome }))),
    items: sumFor(items.labels({ model })),
    total: listFor(total.labels({ model })),
    queue: listFor(queue.labels({ model })),
    batchItems: listFor(batchItems.labels({ model })),
    batchTime: listFor(batchTime.labels({ model })),
  }));
  const ofStatus = cached((status: number) => sumFor(responses.labels({ status })));
  const allReceived = sumFor(received), allSent = sumFor(sent);
  return {
    observer: {
      onCall: (method, status, bytesIn, bytesOut) => {
        calls.inc({ method, status });
        callsReceived.inc(bytesIn);
        callsSent.inc(bytesOut);
      },
      onRequest: ({ model, outcome, items: count, queueMs, totalMs }) => {
        const { total, items, queue, requests } = ofModel(model);
        requests(outcome).add(1);
        total.add(totalMs / 1000);
        if (outcome !== "ok") return;
        items.add(count);
        queue.add(queueMs / 1000);
      },
      onBatch: ({ model, items: count, ms }) => {
        const { batchItems, batchTime } = ofModel(model);
        batchItems.add(count);
        batchTime.add(ms / 1000);
      },
      onResponse: (status, bytesIn, bytesOut) => {
        ofStatus(status).add(1);
        allReceived.add(bytesIn);
        allSent.add(bytesOut);
      },
    },
    source: {
      contentType: register.contentType,
      text: () => {
        for (const each of kept) each.flush();
        return register.metrics();
      },
    },
    watchTokenizer: (service) => {
      const total = (name: string, help: string, field: "encodedBytes" | "tokens") =>
        new Counter({
          name,
          help,
          ...common,
          collect() {
            this.reset();
            this.inc(service.stats()[field]);
          },
        });
      total("onpath_tokenizer_encoded_bytes_total", "Bytes of text that were tokenized.", "encodedBytes");
      total("onpath_tokenizer_tokens_total", "Ids that were made.", "tokens");
      new Gauge({
        name: "onpath_tokenizer_sessions",
        help: "Prompts that grow and are open.",
        ...common,
        collect() {
          this.set(service.stats().sessions);
        },
      });
    },
    watch: (handler) => {
      const gauge = (name: string, help: string, field: "waiting" | "running") =>
        new Gauge({
          name,
          help,
          ...model,
          collect() {
            for (const counts of handler.counts()) this.set({ model: counts.model }, counts[field]);
          },
        });
      gauge("onpath_queue_items", "Items in the queue.", "waiting");
      gauge("onpath_running_batches", "Batches that run.", "running");
    },
  };
}

/** Values that a metric of prom-client does not have yet. */
interface Kept {
  /** Adds a value. */
  readonly add: (value: number) => void;
  /** Gives the values to the metric. */
  readonly flush: () => void;
}

/** Values that are kept before a histogram gets them. */
const MAX_KEPT = 256;

/** Keeps the sum of values for a counter. */
function keepSum(all: Kept[], write: (value: number) => void): Kept {
  let sum = 0;
  const kept: Kept = {
    add: (value) => void (sum += value),
    flush: () => {
      write(sum);
      sum = 0;
    },
  };
  all.push(kept);
  return kept;
}

/** Keeps values for a histogram, at most {@linkcode MAX_KEPT}. */
function keepList(all: Kept[], write: (value: number) => void): Kept {
  const values = new Float64Array(MAX_KEPT);
  let count = 0;
  const kept: Kept = {
    add: (value) => {
      values[count++] = value;
      if (count === MAX_KEPT) kept.flush();
    },
    flush: () => {
      for (let at = 0; at < count; at++) write(values[at]!);
      count = 0;
    },
  };
  all.push(kept);
  return kept;
}

/** Remembers the results of a function of few values: names of models, outcomes and statuses. */
function cached<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) known.set(key, value = make(key));
    return value;
  };
}
