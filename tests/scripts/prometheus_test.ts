import assert from "node:assert/strict";
import { createPrometheus } from "../../scripts/serve/prometheus.ts";

Deno.test("createPrometheus() shows every value once, however many come between two readings", async () => {
  const { observer, source } = createPrometheus({ process: false });
  let total = 0;
  for (const more of [0, 1, 255, 256, 600]) {
    for (let n = 0; n < more; n++) {
      observer.onBatch!({ model: "m", items: 2, ms: 2 });
      observer.onRequest!({
        model: "m",
        outcome: n % 2 === 0 ? "ok" : "busy",
        items: 3,
        queueMs: 1,
        totalMs: 4,
      });
      observer.onResponse!(200, 10, 20);
    }
    total += more;
    if (total === 0) continue;
    for (let reading = 0; reading < 2; reading++) {
      const text = await source.text();
      const value = (name: string) =>
        Number(text.split("\n").find((line) => line.startsWith(`${name} `))!.slice(name.length));
      const ok = value('onpath_requests_total{model="m",outcome="ok"}');
      const busy = total === 1 ? 0 : value('onpath_requests_total{model="m",outcome="busy"}');
      assert.equal(ok + busy, total);
      assert.equal(value('onpath_items_total{model="m"}'), 3 * ok);
      assert.equal(value('onpath_queue_seconds_count{model="m"}'), ok);
      assert.equal(value('onpath_request_seconds_count{model="m"}'), total);
      assert.equal(value('onpath_request_seconds_bucket{le="0.005",model="m"}'), total);
      assert.equal(value('onpath_request_seconds_bucket{le="0.0025",model="m"}'), 0);
      assert.equal(value('onpath_batch_items_sum{model="m"}'), 2 * total);
      assert.equal(value('onpath_batch_seconds_count{model="m"}'), total);
      assert.equal(value('onpath_http_responses_total{status="200"}'), total);
      assert.deepEqual(
        [value("onpath_http_received_bytes_total"), value("onpath_http_sent_bytes_total")],
        [10 * total, 20 * total],
      );
    }
  }
});
