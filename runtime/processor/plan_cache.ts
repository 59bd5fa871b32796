/**
 * Sessions of one processor by device and shape, with the least recently used evicted.
 *
 * @module
 */

import { compile } from "../../kernels/image/plan/compile.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import type { Device } from "../device/device.ts";
import { Session, type SessionOptions } from "../session.ts";
import type { Tensor } from "../../serialize/tensor.ts";
import type { WaitOptions } from "../../serialize/wait.ts";
import type { ProcessorConfig } from "./config.ts";
import { passesFor, type ProcessorPasses } from "./passes.ts";
import { runPasses } from "./run_passes.ts";

/** Sessions for images of one shape, and the shape of its results. */
export interface ShapeSession extends Omit<ProcessorPasses, "passes"> {
  /** Runs images of the shape: values of each, in order. */
  readonly run: (images: readonly Tensor[], wait: WaitOptions) => Promise<Float32Array<ArrayBuffer>[]>;
}

/** Sessions by shape. */
export interface PlanCache {
  /**
   * Returns the session for a shape, compiled on first use.
   *
   * @param device Device of the session.
   * @param height Rows of the images.
   * @param width Columns of the images.
   * @throws {OnpathError} As {@linkcode passesFor} and `compile()`.
   */
  readonly sessionFor: (device: Device, height: number, width: number) => Promise<ShapeSession>;
}

/**
 * Creates a cache of sessions.
 *
 * @param config Configuration of the processor.
 * @param options Maximum sessions of a device, and their fallback.
 */
export function createPlanCache(
  config: ProcessorConfig,
  { maxPlans, fallback }: { readonly maxPlans: number } & Pick<SessionOptions, "fallback">,
): PlanCache {
  // The sessions of a device are released with it.
  const devices = new WeakMap<Device, Map<string, Promise<ShapeSession>>>();
  const compileFor = (device: Device, height: number, width: number) => {
    const { passes, ...shape } = passesFor(config, { height, width });
    const plans = passes.map(({ pipeline, input: [rows, columns] }) => {
      const input = { dtype: "u8", shape: [rows, columns, 3], layout: "HWC" } as const;
      return compile(pipeline, { input, device });
    });
    return { passes, plans, shape };
  };
  const open = (device: Device, plan: ImagePlan) =>
    Session.open(plan, device, undefined, { isLazy: true, fallback });
  return {
    sessionFor: async (device, height, width) => {
      let sessions = devices.get(device);
      if (sessions === undefined) devices.set(device, sessions = new Map());
      const key = `${height}x${width}`;
      let opened = sessions.get(key);
      if (opened === undefined) {
        // Compiled before the cache changes, so a shape that is refused evicts nothing.
        const { passes, plans, shape } = compileFor(device, height, width);
        opened = Promise.all(plans.map((plan) => open(device, plan))).then((opened) => ({
          run: (images, wait) => runPasses(passes, opened, images, wait),
          ...shape,
        }));
        if (sessions.size >= maxPlans) sessions.delete(sessions.keys().next().value!);
      }
      // A map iterates in the order of insertion, so its first key is the least recently used.
      sessions.delete(key);
      sessions.set(key, opened);
      return await opened;
    },
  };
}
