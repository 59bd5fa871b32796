/**
 * Long work on one thread that says how far it is, lets others run between its steps, and can be ended.
 *
 * @module
 */

/** How far a compilation is. */
export interface VocabularyProgress {
  /** What is being done, in words. */
  readonly stage: string;
  /** Steps done of this stage. */
  readonly done: number;
  /** Steps of this stage. */
  readonly total: number;
}

/** What a compilation heeds. */
export interface VocabularyOptions {
  /** Called as the work goes on, a few hundred times at most. */
  readonly onProgress?: ((progress: VocabularyProgress) => void) | undefined;
  /** Ends the work with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Steps between two pauses: some 10 ms of work, so that an abort is heeded soon and pauses cost little. */
const STEPS = 8192;

/**
 * Does something for every number below a limit, with pauses.
 *
 * @param stage What is being done, in words.
 * @param total How many steps.
 * @param step One step.
 * @param options Who is told, and what ends the work.
 * @throws The signal's reason.
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
