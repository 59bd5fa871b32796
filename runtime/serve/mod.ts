/**
 * Serving: the Open Inference Protocol, version 2, which Triton and KServe speak, for pipelines of this library.
 *
 * | what | how |
 * |---|---|
 * | model | `imageModel({ name, plan, open })`, `processorModel()`, `textModel()`, or your own `InferenceModel` |
 * | without HTTP | `handler = createHandler({ models })`, `await handler.start()`, `await handler.infer(request)` |
 * | before a model server | `predictedBy(model, { url })` |
 * | with HTTP | `server = await serve(handler, { port: 8000 })`, `await server.close()` |
 * | a tokenizer | `serveTokenizer(createTokenizerService({ vocabulary }), { socket })` |
 * | the same by gRPC | `serveTokenizerGrpc(service, { socket })`, which needs the package @grpc/grpc-js |
 * | as a client | `await requestInference(url, { inputs })` |
 *
 * Queues, batches, bodies and connections have limits. What exceeds them is refused with status 429, 503 or 413.
 *
 * @example
 * ```ts
 * import { createModelDevice } from "onpath";
 * import { createHandler, processorModel } from "onpath/serve";
 * import assert from "node:assert/strict";
 *
 * const config = { image_processor_type: "ViTImageProcessor" };
 * const open = () => Promise.resolve(createModelDevice());
 * await using handler = createHandler({ models: [processorModel({ name: "vit", config, open })] });
 * await handler.start();
 * assert(handler.isReady());
 * ```
 *
 * @module
 */

export type { OptionalLimits, QueueLimits } from "./batcher.ts";
export type { BodyLimits } from "./body.ts";
export { type RemoteOptions, type RemoteRequest, requestInference } from "./client.ts";
export type { Clock } from "./clock.ts";
export { createHandler } from "./handler.ts";
export type {
  HandlerOptions,
  InferenceHandler,
  InferenceRequest,
  InferOptions,
  ModelCounts,
} from "./handler_types.ts";
export { imageModel, type ImageModelOptions, type ModelOptions } from "./image_model.ts";
export type { AnyInferenceModel, InferenceJob, InferenceModel, JoinContext, TensorInfo } from "./model.ts";
export type { BatchEvent, RequestEvent, ServeObserver, ServeSpan, ServeTracer } from "./observer.ts";
export { predictedBy, type PredictorOptions } from "./predictor.ts";
export { type ProcessedItem, processorModel, type ProcessorModelOptions } from "./processor_model.ts";
export type { InferenceResponse } from "./response.ts";
export type { HttpOptions, HttpServer, MetricsSource } from "./http_server.ts";
export { type InferenceServer, serve, type ServeOptions } from "./server.ts";
export type { Datatype, DatatypeArrays, InferenceTensor } from "./tensors.ts";
export { textModel, type TextModelOptions } from "./text_model.ts";
export { type GrpcOptions, type GrpcServer, serveTokenizerGrpc } from "./tokenizer_grpc.ts";
export { serveTokenizer } from "./tokenizer_server.ts";
export { createTokenizerService } from "./tokenizer_service.ts";
export type {
  ChatMessage,
  EncodedPrompt,
  RenderChat,
  RenderOptions,
  TokenizeRequest,
  TokenizeResponse,
  TokenizerService,
  TokenizerServiceOptions,
  TokenizerStats,
} from "./tokenizer_types.ts";
export type { SessionAnswer, SessionLimits } from "./tokenizer_sessions.ts";
