/**
 * Code of the worker threads. The build of the npm package replaces this file by one with the code in a string, which
 * needs no file at run time.
 *
 * @module
 */

/** Code of a worker thread: a module, or a script with all that it imports. */
export type WorkerCode = { readonly url: string } | { readonly script: string };

/** Code of the worker threads of the cpu device. */
export const WORKER_CODE: WorkerCode = { url: new URL("./worker.ts", import.meta.url).href };
