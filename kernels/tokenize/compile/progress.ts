/**
 * Long work on one thread: reports progress, yields between its steps, and can be aborted.
 *
 * @module
 */

/** Progress of a compilation. */
export interface VocabularyProgress {
  /** Name of the current stage, for display. */
  readonly stage: string;
  /** Steps of this stage that are done. */
  readonly done: number;
  /** All steps of this stage. */
  readonly total: number;
}

/** Progress callback and abort signal of a compilation. */
export interface VocabularyOptions {
  /** Called at most a few hundred times during a compilation. */
  readonly onProgress?: ((progress: VocabularyProgress) => void) | undefined;
  /** Aborts the work with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Steps between two pauses: about 10 ms of work, so an abort takes effect soon and pauses cost little. */
const STEPS = 8192;

/**
 * Calls `step` for every index below `total`, with pauses.
 *
 * @param stage Name of the stage, for display.
 * @param total Number of steps.
 * @param step Synchronous work of one step.
 * @param options Progress callback and abort signal.
 * @throws The signal's reason if aborted.
 */
export async function inSteps(
  stage: string,
  total: number,
  step: (index: number) => void,
  options: VocabularyOptions,
): Promise<void> {
  for (let from = 0; from < total; from += STEPS) {
    options.signal?.throwIfAborted();
    options.onProgress?.({ stage, done: from, total });
    const end = Math.min(total, from + STEPS);
    for (let index = from; index < end; index++) step(index);
    await new Promise((resume) => setTimeout(resume, 0));
  }
  options.signal?.throwIfAborted();
  options.onProgress?.({ stage, done: total, total });
}
