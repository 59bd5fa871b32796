/* Stages: cells to samples by lookups and additions, and samples or codes to results by one lookup each. */
#ifndef ONPATH_STAGES_H
#define ONPATH_STAGES_H

#include "layout.h"

struct stage {
  const struct bank *bank;
  const struct pages *pages;
  struct scratch *scratch;
  u64 from, to;        /* addresses in scratch memory */
  u32 count;           /* samples or codes */
  u32 failed;          /* counter of the check that a cell failed, or 0 */
  u32 row, page;       /* row of the last cell, and the first entry of its page */
  u32 step;            /* bytes of results between groups */
};

/* Sums the eight half terms of each sample in 64 bits, from an entry on. `weights` has the weight of each neighbour. */
INLINE void sum_terms(struct stage *stage, const u8 *cell, const u32 *terms, u32 entry, u32 mask, u64 weights, u64 to) {
  const struct bank *bank = stage->bank;
  u32 channels = bank->channels;
  u32 fraction = bank->fraction & 63;
  u64 half = 1ull << fraction >> 1, below = (1ull << fraction) - 1;
#pragma unroll
  for (u32 c = 0; c < 4; c++) {
    if (c < channels) {
      u64 sum = half;
#pragma unroll
      for (u32 n = 0; n < 4; n++) {
        u64 neighbour = c + n * channels & 31;
        u32 at = entry + 16 * (weights >> 10 * n & 1023), pixel = cell[neighbour];
        sum += (u64)16 * terms[(at + (pixel >> 4)) & mask] + terms[(at + (pixel & 15)) & mask];
      }
      u8 level = sum >> fraction;
      if ((sum & below) < bank->ties) level &= ~1;
      stage->scratch->bytes[(to + c) & (SCRATCH - 1)] = level;
      ORDER();
    }
  }
}

/* Terms of a whole table: an index selects the weight of each neighbour. */
static long terms_cell(u32 index, void *context) {
  struct stage *stage = context;
  const struct bank *bank = stage->bank;
  u32 channels = bank->channels;
  const u8 *cell = stage->scratch->bytes + ((stage->from + (u64)index * bank->item) & (SCRATCH / 4 - 1));
  u32 at = 4 * channels & 31;
  u32 number = *(u32 *)(cell + at);
  if (number >= bank->weights) return (stage->failed = BAD_WEIGHT, 1);
  u64 weights = bank->cells.terms.weights[number & 16383];
  sum_terms(stage, cell, bank->cells.terms.terms, 0, 16383, weights, stage->to + (u64)index * channels);
  return 0;
}

/* Finds the page of a row. Returns 1 if it is not resident. */
INLINE u32 find_page(struct stage *stage, u32 row) {
  const struct pages *pages = stage->pages;
  u32 slot = PAGES;
#pragma unroll
  for (u32 n = 0; n < PAGES; n++)
    if (pages->page[n] == row) slot = n;
  stage->row = row;
  stage->page = PAGE_ENTRIES * slot;
  return slot == PAGES;
}

/* Terms of a page: a column selects the weights of left and right, a row the page. */
static long pages_cell(u32 index, void *context) {
  struct stage *stage = context;
  const struct bank *bank = stage->bank;
  u32 channels = bank->channels;
  const u8 *cell = stage->scratch->bytes + ((stage->from + (u64)index * bank->item) & (SCRATCH / 4 - 1));
  u32 at = 4 * channels & 31;
  u32 column = *(u16 *)(cell + at), row = *(u16 *)(cell + at + 2);
  if (column >= bank->weights || row >= bank->phases) return (stage->failed = BAD_WEIGHT, 1);
  if (row != stage->row && find_page(stage, row)) return (stage->failed = BAD_PAGE, 1);
  u64 columns = bank->cells.terms.weights[column & 16383], left = columns & 1023, right = columns >> 10 & 1023;
  /* A page has the term of the upper neighbour, then that of the lower, for each weight of a column. */
  u64 weights = 2 * left | 2 * right << 10 | (2 * left + 1) << 20 | (2 * right + 1) << 30;
  sum_terms(stage, cell, stage->pages->terms, stage->page, PAGES * PAGE_ENTRIES - 1, weights,
            stage->to + (u64)index * channels);
  return 0;
}

INLINE u32 vertical(const struct bank *bank, u32 row, u32 sum) {
  return (bank->cells.products.high[(128 * row + (sum >> 8)) & 16383] +
          bank->cells.products.low[(256 * row + (sum & 255)) & 32767]) >> 16;
}

/* OpenCV's two passes, by tables of products. */
static long products_cell(u32 index, void *context) {
  struct stage *stage = context;
  const struct bank *bank = stage->bank;
  u32 channels = bank->channels;
  const u8 *cell = stage->scratch->bytes + ((stage->from + (u64)index * bank->item) & (SCRATCH / 4 - 1));
  u32 at = 4 * channels & 31;
  u32 column = *(u16 *)(cell + at), row = *(u16 *)(cell + at + 2);
  if (column >= bank->weights || row >= bank->phases) return (stage->failed = BAD_WEIGHT, 1);
  u32 columns = bank->cells.products.columns[column & 1023], rows = bank->cells.products.rows[row & 1023];
  const u32 *horizontal = bank->cells.products.horizontal;
  u32 left = 256 * (columns & 127), right = 256 * (columns >> 7 & 127);
  u64 to = stage->to + (u64)index * channels;
#pragma unroll
  for (u32 c = 0; c < 4; c++) {
    if (c < channels) {
      u64 n1 = c + channels & 31, n2 = c + 2 * channels & 31, n3 = c + 3 * channels & 31;
      u32 upper = horizontal[(left + cell[c]) & 32767] + horizontal[(right + cell[n1]) & 32767];
      u32 lower = horizontal[(left + cell[n2]) & 32767] + horizontal[(right + cell[n3]) & 32767];
      u32 sum = vertical(bank, rows & 127, upper >> 4) + vertical(bank, rows >> 7 & 127, lower >> 4);
      stage->scratch->bytes[(to + c) & (SCRATCH - 1)] = (sum + 2) >> 2;
      ORDER();
    }
  }
  return 0;
}

/* Looks up 12 samples. A group has whole pixels of 1, 3 and 4 channels. */
INLINE long bytes_group(u32 index, void *context, int size) {
  struct stage *stage = context;
  const struct bank *bank = stage->bank;
  const u8 *samples = stage->scratch->bytes + ((stage->from + GROUP * (u64)index) & (SCRATCH / 2 - 1));
  u64 to = stage->to + (u64)index * stage->step;
  u32 left = stage->count - GROUP * index;
#pragma unroll
  for (u32 j = 0; j < GROUP; j++) {
    if (j < left) {
      u64 entry = (bank->table[j] + samples[j]) & 1023;
      u8 *result = stage->scratch->bytes + ((to + stage->scratch->place[j]) & (SCRATCH - 1));
      if (size == 1) *result = bank->results.bytes[entry];
      if (size == 2) *(u16 *)result = bank->results.halves[entry];
      if (size == 4) *(u32 *)result = bank->results.words[entry];
    }
  }
  return 0;
}

/* Looks up 8 codes of 16 bits. Results beyond the last are not sent. */
INLINE long words_group(u32 index, void *context, int size) {
  struct stage *stage = context;
  const struct bank *bank = stage->bank;
  const u16 *codes = (const u16 *)(stage->scratch->bytes + ((stage->from + 16 * (u64)index) & (SCRATCH / 2 - 1)));
  u8 *results = stage->scratch->bytes + ((stage->to + 8 * size * (u64)index) & (SCRATCH - 1));
#pragma unroll
  for (u32 j = 0; j < 8; j++) {
    if (size == 1) results[j] = bank->results.bytes[codes[j]];
    if (size == 2) ((u16 *)results)[j] = bank->results.halves[codes[j]];
    if (size == 4) ((u32 *)results)[j] = bank->results.words[codes[j]];
  }
  return 0;
}

static long bytes_to_1(u32 index, void *context) { return bytes_group(index, context, 1); }
static long bytes_to_2(u32 index, void *context) { return bytes_group(index, context, 2); }
static long bytes_to_4(u32 index, void *context) { return bytes_group(index, context, 4); }
static long words_to_1(u32 index, void *context) { return words_group(index, context, 1); }
static long words_to_2(u32 index, void *context) { return words_group(index, context, 2); }
static long words_to_4(u32 index, void *context) { return words_group(index, context, 4); }

/* Copies 64 bytes: samples of a program without a second stage. */
static long copy_block(u32 index, void *context) {
  struct stage *stage = context;
  const u64 *from = (const u64 *)(stage->scratch->bytes + ((stage->from + 64 * (u64)index) & (SCRATCH / 2 - 1)));
  u64 *to = (u64 *)(stage->scratch->bytes + ((stage->to + 64 * (u64)index) & (SCRATCH - 1)));
#pragma unroll
  for (int n = 0; n < 8; n++) to[n] = from[n];
  return 0;
}

/*
 * Runs a program on `items` items of the request. `pages` is null, or the pages of FIRST_PAGES.
 * Returns 0, or the counter of the check that a cell failed.
 */
FUNCTION u32 run_stages(const struct bank *bank, const struct pages *pages, struct scratch *scratch, u32 items) {
  struct stage stage = {
      .bank = bank, .pages = pages, .scratch = scratch, .from = AT_REQUEST + HEADER, .to = AT_SAMPLES, .row = ~0u};
  u32 channels = bank->channels, size = bank->size, first = bank->first, second = bank->second;
  if (first != 0) {
    if (first == FIRST_TERMS) bpf_loop(items, terms_cell, &stage, 0);
    else if (first == FIRST_PRODUCTS) bpf_loop(items, products_cell, &stage, 0);
    else if (pages) bpf_loop(items, pages_cell, &stage, 0);
    else return BAD_PAGE;
    if (stage.failed) return stage.failed;
    stage.from = AT_SAMPLES;
  }
  stage.to = AT_ANSWER + HEADER;
  stage.count = items * channels;
  if (second == SECOND_WORDS) {
    u32 groups = (items + 7) / 8;
    if (size == 1) bpf_loop(groups, words_to_1, &stage, 0);
    else if (size == 2) bpf_loop(groups, words_to_2, &stage, 0);
    else bpf_loop(groups, words_to_4, &stage, 0);
    return 0;
  }
  if (second == 0) {
    bpf_loop((stage.count + 63) / 64, copy_block, &stage, 0);
    return 0;
  }
  u32 pixel = bank->planar ? size : channels * size, plane = bank->planar ? items * size : size;
#pragma unroll
  for (u32 j = 0; j < GROUP; j++) scratch->place[j] = bank->pixel[j] * pixel + bank->channel[j] * plane;
  stage.step = bank->pixel[GROUP - 1] * pixel + pixel;
  u32 groups = (stage.count + GROUP - 1) / GROUP;
  if (size == 1) bpf_loop(groups, bytes_to_1, &stage, 0);
  else if (size == 2) bpf_loop(groups, bytes_to_2, &stage, 0);
  else bpf_loop(groups, bytes_to_4, &stage, 0);
  return 0;
}

#endif
