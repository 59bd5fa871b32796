/* Stages: cells to samples by lookups and additions, and samples or codes to results by one lookup each. */
#ifndef ONPATH_STAGES_H
#define ONPATH_STAGES_H

#include "layout.h"

struct stage {
  const struct bank *bank;
  struct scratch *scratch;
  u64 from, to;        /* addresses in scratch memory */
  u32 count;           /* samples or codes */
  u32 failed;          /* 1 if a weight index is out of range */
  u32 step;            /* bytes of results between groups */
};

/* Sums eight half terms in 64 bits. */
static long terms_cell(u32 index, void *context) {
  struct stage *stage = context;
  const struct bank *bank = stage->bank;
  u32 channels = bank->channels;
  const u8 *cell = stage->scratch->bytes + ((stage->from + (u64)index * bank->item) & (SCRATCH / 4 - 1));
  u32 at = 4 * channels & 31;
  u32 number = *(u32 *)(cell + at);
  if (number >= bank->weights) return stage->failed = 1;
  u64 weights = bank->cells.terms.weights[number & 16383];
  u32 fraction = bank->fraction & 63;
  u64 half = 1ull << fraction >> 1, mask = (1ull << fraction) - 1;
  u64 to = stage->to + (u64)index * channels;
#pragma unroll
  for (u32 c = 0; c < 4; c++) {
    if (c < channels) {
      u64 sum = half;
#pragma unroll
      for (u32 n = 0; n < 4; n++) {
        u64 neighbour = c + n * channels & 31;
        u32 weight = weights >> 10 * n & 1023, pixel = cell[neighbour];
        sum += (u64)16 * bank->cells.terms.terms[(16 * weight + (pixel >> 4)) & 16383] +
               bank->cells.terms.terms[(16 * weight + (pixel & 15)) & 16383];
      }
      u8 level = sum >> fraction;
      if ((sum & mask) < bank->ties) level &= ~1;
      stage->scratch->bytes[(to + c) & (SCRATCH - 1)] = level;
      ORDER();
    }
  }
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
  if (column >= bank->weights || row >= bank->phases) return stage->failed = 1;
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

/* Runs a program on `items` items of the request. Returns 1 if a weight index is out of range. */
FUNCTION u32 run_stages(const struct bank *bank, struct scratch *scratch, u32 items) {
  struct stage stage = {.bank = bank, .scratch = scratch, .from = AT_REQUEST + HEADER, .to = AT_SAMPLES};
  u32 channels = bank->channels, size = bank->size, first = bank->first, second = bank->second;
  if (first != 0) {
    if (first == FIRST_TERMS) bpf_loop(items, terms_cell, &stage, 0);
    else bpf_loop(items, products_cell, &stage, 0);
    if (stage.failed) return 1;
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
