/**
 * Paths of the Open Inference Protocol.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { refuse } from "./failures.ts";
import type { InferenceHandler } from "./handler_types.ts";

/** Path of one model. */
export interface ModelRoute {
  /** Metadata, readiness, or inference. */
  readonly kind: "model" | "model-ready" | "infer";
  /** Name of the model. */
  readonly model: string;
  /** Version of the model, if the path has one. */
  readonly version: string | undefined;
}

/** What a path asks for. */
export type Route = ModelRoute | { readonly kind: "live" | "ready" | "server" | "metrics" };

/** Extensions of the protocol that the server has, as Triton names them. */
export const EXTENSIONS: readonly string[] = ["binary_tensor_data"];

const FIXED_PATHS: ReadonlyMap<string, Route> = new Map<string, Route>([
  ["v2", { kind: "server" }],
  ["v2/health/live", { kind: "live" }],
  ["v2/health/ready", { kind: "ready" }],
  ["metrics", { kind: "metrics" }],
]);

/** `v2/models/{model}`, a version, and what is asked of it. */
const MODEL_PATH = /^v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(?:\/(ready|infer))?$/;

/**
 * Reads the path of a request.
 *
 * @param method HTTP method.
 * @param url Path and query; the query is ignored.
 * @throws {OnpathError} `plan` with status 404 if nothing is there; `pipeline` with status 405 if the method is another.
 */
export function readRoute(method: string | undefined, url: string | undefined): Route {
  const path = (url ?? "/").split("?", 1)[0]!.replace(/^\/+|\/+$/g, "");
  const route = FIXED_PATHS.get(path) ?? readModelPath(path);
  if (route === undefined) {
    throw refuse(
      404,
      "plan",
      "Cannot answer: nothing is at this path, expected a path of the Open Inference Protocol",
    );
  }
  const allowed = route.kind === "infer" ? ["POST"] : ["GET", "HEAD"];
  if (allowed.includes(method ?? "")) return route;
  throw refuse(405, "pipeline", `Cannot answer: the method is wrong, expected ${allowed.join(" or ")}`, {
    allow: allowed.join(", "),
  });
}

function readModelPath(path: string): Route | undefined {
  const [, model, version, what] = MODEL_PATH.exec(path) ?? [];
  if (model === undefined) return undefined;
  const kind = what === "infer" ? "infer" : what === "ready" ? "model-ready" : "model";
  return { kind, model: decode(model), version: version === undefined ? undefined : decode(version) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new OnpathError("file", "Cannot read a path: its percent encoding is invalid", {}, { cause });
  }
}

/** Answer of a path that has no tensors. */
export interface PlainAnswer {
  /** HTTP status. */
  readonly status: number;
  /** Value of the JSON. */
  readonly body: unknown;
}

/**
 * Answers health and metadata.
 *
 * @param handler Handler of the models.
 * @param version Version of the server.
 * @param route Path other than `infer` and `metrics`.
 * @throws {OnpathError} `plan` with status 404 if the model is unknown.
 */
export function answerPlain(
  handler: Pick<InferenceHandler, "isReady" | "find">,
  version: string,
  route: Route,
): PlainAnswer {
  const isReady = handler.isReady();
  const ready = (body: object) => ({ status: isReady ? 200 : 503, body });
  switch (route.kind) {
    case "live":
      return { status: 200, body: { live: true } };
    case "ready":
      // The specification's text names the field "live", its servers send "ready".
      return ready({ live: true, ready: isReady });
    case "server":
      return { status: 200, body: { name: "onpath", version, extensions: EXTENSIONS } };
    case "model-ready":
      return ready({ name: handler.find(route.model, route.version).name, ready: isReady });
    case "model": {
      const model = handler.find(route.model, route.version);
      const { name, platform, inputs, outputs } = model;
      return { status: 200, body: { name, versions: [model.version], platform, inputs, outputs } };
    }
    default:
      throw new Error(`${route.kind} has tensors or text`);
  }
}
