/* Cells to samples, by lookups and additions. */
#ifndef ONPATH_CELLS_H
#define ONPATH_CELLS_H

#include "steps.h"

/* A program knows its channels, so that neighbours have constant offsets: a cell has 8, 16 or 32 bytes. */
INLINE const u8 *cell_at(const struct stage *stage, u32 index, u32 channels) {
  u32 bytes = channels == 1 ? 8 : channels == 3 ? 16 : 32;
  return stage->scratch->bytes + ((stage->from + (u64)index * bytes) & (SCRATCH / 2 - 1));
}

/* Address of the first sample that a cell becomes. */
INLINE u8 *sample_at(const struct stage *stage, u32 index, u32 channels) {
  return stage->scratch->bytes + ((stage->to + (u64)index * channels) & (SCRATCH - 1));
}

/*
 * Rounds a sum of terms. Ties go to the even level: `ties` says how near to the edge they are. A branch would double the
 * verifier's work for each sample.
 */
INLINE u8 round_sum(const struct bank *bank, u64 sum) {
  u32 fraction = bank->fraction & 63;
  u64 is_tie = ((sum & ((1ull << fraction) - 1)) - bank->ties) >> 63;
  KEEP(is_tie);
  return (sum >> fraction) & ~is_tie;
}

INLINE u64 half_of(const struct bank *bank) { return 1ull << (bank->fraction & 63) >> 1; }

/* Bytes from the first term to those of the weight of neighbour n, whose number has 10 bits. */
INLINE u64 term_offset(u64 weights, u32 n, int bytes_log2) {
  int right = 10 * (int)n - bytes_log2;
  return (right < 0 ? weights << -right : weights >> right) & 1023ull << bytes_log2;
}

/* Entry of a table by the byte that its index has times 4: `at` is the address of the table. */
INLINE u32 load_at(u64 at, u64 offset) {
  ADD(offset, at);
  return *(const u32 *)offset;
}

/*
 * Sums the eight half terms of each sample in 64 bits: 16 for a weight. `page` is the first byte of the terms, and
 * `mask` their bytes, less one weight.
 */
INLINE void sum_terms(struct stage *stage, u32 index, const u8 *cell, u32 channels, const u32 *terms, u32 page, u32 mask,
                      u64 weights) {
  const struct bank *bank = stage->bank;
  u64 half = half_of(bank);
  u8 *sample = sample_at(stage, index, channels);
  u64 term[4];
#pragma unroll
  for (u32 n = 0; n < 4; n++) {
    term[n] = (page + term_offset(weights, n, 6)) & mask;
    ADD(term[n], terms);
  }
#pragma unroll
  for (u32 c = 0; c < channels; c++) {
    u64 high = 0, low = half;
#pragma unroll
    for (u32 n = 0; n < 4; n++) {
      u64 pixel = cell[c + n * channels];
      high += load_at(term[n], pixel >> 2 & 60);
      low += load_at(term[n], pixel << 2 & 60);
    }
    sample[c] = round_sum(bank, 16 * high + low);
    ORDER();
  }
}

/* Half terms of a whole table: an index selects the weight of each neighbour. */
INLINE long terms_cell(struct stage *stage, u32 index, u32 channels) {
  const struct bank *bank = stage->bank;
  const u8 *cell = cell_at(stage, index, channels);
  u32 number = *(u32 *)(cell + 4 * channels);
  if (number >= bank->weights) return (stage->failed = BAD_WEIGHT, 1);
  u64 weights = bank->cells.terms.weights[number & 16383];
  sum_terms(stage, index, cell, channels, bank->cells.terms.terms, 0, 65472, weights);
  return 0;
}

/* Terms of at most 256 weights, with an entry for each pixel: half the lookups. */
INLINE long whole_cell(struct stage *stage, u32 index, u32 channels) {
  const struct bank *bank = stage->bank;
  const u8 *cell = cell_at(stage, index, channels);
  u32 number = *(u32 *)(cell + 4 * channels);
  if (number >= bank->weights) return (stage->failed = BAD_WEIGHT, 1);
  u64 weights = bank->cells.whole.weights[number & 16383], half = half_of(bank);
  u8 *sample = sample_at(stage, index, channels);
  u64 term[4];
#pragma unroll
  for (u32 n = 0; n < 4; n++) {
    term[n] = term_offset(weights, n, 10) & 0x3fc00;
    ADD(term[n], bank->cells.whole.terms);
  }
#pragma unroll
  for (u32 c = 0; c < channels; c++) {
    u64 sum = half;
#pragma unroll
    for (u32 n = 0; n < 4; n++) sum += load_at(term[n], 4 * (u64)cell[c + n * channels]);
    sample[c] = round_sum(bank, sum);
    ORDER();
  }
  return 0;
}

/* Half terms of a page: a column selects the weights of left and right, a row the page. */
INLINE long pages_cell(struct stage *stage, u32 index, u32 channels) {
  const struct bank *bank = stage->bank;
  const u8 *cell = cell_at(stage, index, channels);
  u32 column = *(u16 *)(cell + 4 * channels), row = *(u16 *)(cell + 4 * channels + 2);
  if (column >= bank->weights || row >= bank->phases) return (stage->failed = BAD_WEIGHT, 1);
  if (!stage->pages) return (stage->failed = BAD_PAGE, 1);
  u32 place = stage->pages->place[row];
  if (place >= PAGES) return (stage->failed = BAD_PAGE, 1);
  u64 columns = bank->cells.terms.weights[column & 16383], left = columns & 1023, right = columns >> 10 & 1023;
  /* A page has the term of the upper neighbour, then that of the lower, for each weight of a column. */
  u64 weights = 2 * left | 2 * right << 10 | (2 * left + 1) << 20 | (2 * right + 1) << 30;
  const u32 *terms = stage->pages->terms;
  sum_terms(stage, index, cell, channels, terms, 4 * PAGE_ENTRIES * place, 4 * PAGES * PAGE_ENTRIES - 64, weights);
  return 0;
}

/* Vertical product of 15 bits, by their upper 7 and lower 8. */
INLINE u32 vertical(u64 high, u64 low, u64 sum) {
  return (load_at(high, sum >> 6 & 508) + load_at(low, sum << 2 & 1020)) >> 16;
}

/* OpenCV's two passes, by tables of products. */
INLINE long products_cell(struct stage *stage, u32 index, u32 channels) {
  const struct bank *bank = stage->bank;
  const u8 *cell = cell_at(stage, index, channels);
  u32 column = *(u16 *)(cell + 4 * channels), row = *(u16 *)(cell + 4 * channels + 2);
  if (column >= bank->weights || row >= bank->phases) return (stage->failed = BAD_WEIGHT, 1);
  u64 columns = bank->cells.products.columns[column & 1023], rows = bank->cells.products.rows[row & 1023];
  /* Of a weight 256 products of a pixel, 128 and 256 of a sum. */
  u64 left = (columns & 127) << 10, right = (columns >> 7 & 127) << 10;
  u64 upper_high = (rows & 127) << 9, upper_low = (rows & 127) << 10;
  u64 lower_high = (rows >> 7 & 127) << 9, lower_low = (rows >> 7 & 127) << 10;
  ADD(left, bank->cells.products.horizontal);
  ADD(right, bank->cells.products.horizontal);
  ADD(upper_high, bank->cells.products.high);
  ADD(lower_high, bank->cells.products.high);
  ADD(upper_low, bank->cells.products.low);
  ADD(lower_low, bank->cells.products.low);
  u8 *sample = sample_at(stage, index, channels);
#pragma unroll
  for (u32 c = 0; c < channels; c++) {
    const u8 *pixel = cell + c;
    u64 upper = load_at(left, 4 * (u64)pixel[0]) + load_at(right, 4 * (u64)pixel[channels]);
    u64 lower = load_at(left, 4 * (u64)pixel[2 * channels]) + load_at(right, 4 * (u64)pixel[3 * channels]);
    u32 sum = vertical(upper_high, upper_low, upper >> 4) + vertical(lower_high, lower_low, lower >> 4);
    sample[c] = (sum + 2) >> 2;
    ORDER();
  }
  return 0;
}

#define CELLS(kind)                                                          \
  CALLBACK(kind##_1, kind##_cell(stage, at, 1))                              \
  CALLBACK(kind##_3, kind##_cell(stage, at, 3))                              \
  CALLBACK(kind##_4, kind##_cell(stage, at, 4))                              \
  GLOBAL u32 kind##_all(const struct bank *bank, const struct pages *pages, struct scratch *scratch, u32 items,   \
                        u32 to) {                                                                               \
    if (!bank || !scratch) return BAD_PLAN;                                                                     \
    struct stage stage = {.bank = bank, .pages = pages, .scratch = scratch, .from = AT_REQUEST + HEADER, .to = to}; \
    if (bank->channels == 1) run_steps(&stage, items, kind##_1);                                                \
    else if (bank->channels == 3) run_steps(&stage, items, kind##_3);                                           \
    else run_steps(&stage, items, kind##_4);                                                                    \
    return stage.failed;                                                                                        \
  }

CELLS(terms)
CELLS(whole)
CELLS(pages)
CELLS(products)

#endif
