/* Steps of a stage: a loop over cells, or over groups of samples or codes. */
#ifndef ONPATH_STEPS_H
#define ONPATH_STEPS_H

#include "layout.h"

struct stage {
  const struct bank *bank;
  const struct pages *pages;
  struct scratch *scratch;
  u64 from, to;        /* addresses in scratch memory */
  u32 steps;           /* steps of the loop that runs: cells, groups of samples or codes */
  u32 count;           /* samples */
  u32 failed;          /* counter of the check that a cell failed, or 0 */
  u32 plane;           /* bytes of results between the samples of a pixel */
  u32 step;            /* bytes of results between groups */
};

/*
 * Defines a callback of bpf_loop that takes 8 steps in a loop of its own. A return from a callback takes 15 ns where the
 * kernel mitigates speculative returns, which is longer than most steps. A step returns 1 to end the loop.
 */
enum { STEPS = 8 };
#define CALLBACK(name, step)                                  \
  static long name(u32 index, void *context) {                \
    struct stage *stage = context;                            \
    _Pragma("clang loop unroll(disable)")                     \
    for (u32 n = 0; n < STEPS; n++) {                         \
      u32 at = STEPS * index + n;                             \
      if (at >= stage->steps || (step)) return 1;             \
    }                                                         \
    return 0;                                                 \
  }

/* Runs a callback for all steps. */
INLINE void run_steps(struct stage *stage, u32 steps, long (*callback)(u32, void *)) {
  stage->steps = steps;
  bpf_loop((steps + STEPS - 1) / STEPS, callback, stage, 0);
}

#endif
