/* Stages of a program: cells to samples, then samples or codes to results. */
#ifndef ONPATH_STAGES_H
#define ONPATH_STAGES_H

#include "cells.h"
#include "lookups.h"

/*
 * Runs a program on `items` items of the request. `pages` is null, or the pages of FIRST_PAGES.
 * Returns 0, or the counter of the check that a cell failed.
 */
INLINE u32 run_stages(const struct bank *bank, const struct pages *pages, struct scratch *scratch, u32 items) {
  u32 size = bank->size, first = bank->first, second = bank->second, from = AT_REQUEST + HEADER;
  if (first != 0) {
    /* Samples that no table changes are the answer. */
    u32 to = second == 0 ? AT_ANSWER + HEADER : AT_SAMPLES, failed;
    if (first == FIRST_WHOLE) failed = whole_all(bank, pages, scratch, items, to);
    else if (first == FIRST_TERMS) failed = terms_all(bank, pages, scratch, items, to);
    else if (first == FIRST_PRODUCTS) failed = products_all(bank, pages, scratch, items, to);
    else failed = pages_all(bank, pages, scratch, items, to);
    if (failed || second == 0) return failed;
    from = AT_SAMPLES;
  }
  if (second == 0) return BAD_PLAN;
  if (second == SECOND_WORDS) {
    if (size == 1) return words_all_to_1(bank, scratch, items);
    return size == 2 ? words_all_to_2(bank, scratch, items) : words_all_to_4(bank, scratch, items);
  }
  if (size == 1) return samples_all_to_1(bank, scratch, items, from);
  return size == 2 ? samples_all_to_2(bank, scratch, items, from) : samples_all_to_4(bank, scratch, items, from);
}

#endif
