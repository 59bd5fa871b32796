/* Samples and codes to results, by one lookup each. */
#ifndef ONPATH_LOOKUPS_H
#define ONPATH_LOOKUPS_H

#include "steps.h"

/* Looks up a sample of a channel. */
INLINE void look_up(const struct bank *bank, u8 sample, u32 channel, u8 *result, int size) {
  u32 entry = 256 * channel + sample;
  if (size == 1) *result = bank->results.bytes[entry];
  if (size == 2) *(u16 *)result = bank->results.halves[entry];
  if (size == 4) *(u32 *)result = bank->results.words[entry];
}

/* Looks up 24 samples: whole pixels of 1, 3 and 4 channels. Results may be planes, one of each channel. */
INLINE long samples_group(struct stage *stage, u32 index, u32 channels, int size, int planar) {
  const struct bank *bank = stage->bank;
  const u8 *samples = stage->scratch->bytes + ((stage->from + SAMPLE_GROUP * (u64)index) & (SCRATCH / 2 - 1));
  u64 to = stage->to + (u64)index * (planar ? SAMPLE_GROUP / channels * size : SAMPLE_GROUP * size);
#pragma unroll
  for (u32 plane = 0; plane < (planar ? channels : 1); plane++) {
    u8 *results = stage->scratch->bytes + ((to + plane * stage->plane) & (SCRATCH - 1));
#pragma unroll
    for (u32 j = 0; j < (planar ? SAMPLE_GROUP / channels : SAMPLE_GROUP); j++) {
      u32 sample = planar ? channels * j + plane : j;
      look_up(bank, samples[sample], sample % channels, results + size * j, size);
      ORDER();
    }
  }
  return 0;
}

/* Looks up the last 12 samples or fewer, which end within planes. */
INLINE long bytes_group(struct stage *stage, u32 index, int size) {
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

/* Looks up 32 codes of 16 bits. Results beyond the last are not sent. */
INLINE long words_group(struct stage *stage, u32 index, int size) {
  const struct bank *bank = stage->bank;
  const u16 *codes = (const u16 *)(stage->scratch->bytes + ((stage->from + 64 * (u64)index) & (SCRATCH / 2 - 1)));
  u8 *results = stage->scratch->bytes + ((stage->to + 32 * size * (u64)index) & (SCRATCH - 1));
#pragma unroll
  for (u32 j = 0; j < 32; j++) {
    if (size == 1) results[j] = bank->results.bytes[codes[j]];
    if (size == 2) ((u16 *)results)[j] = bank->results.halves[codes[j]];
    if (size == 4) ((u32 *)results)[j] = bank->results.words[codes[j]];
    ORDER();
  }
  return 0;
}

#define SIZE(size)                                                                          \
  CALLBACK(samples_1_to_##size, samples_group(stage, at, 1, size, 0))                       \
  CALLBACK(samples_3_to_##size, samples_group(stage, at, 3, size, 0))                       \
  CALLBACK(samples_4_to_##size, samples_group(stage, at, 4, size, 0))                       \
  CALLBACK(planes_3_to_##size, samples_group(stage, at, 3, size, 1))                        \
  CALLBACK(planes_4_to_##size, samples_group(stage, at, 4, size, 1))                        \
  CALLBACK(bytes_to_##size, bytes_group(stage, at, size))                                   \
  CALLBACK(words_to_##size, words_group(stage, at, size))                                   \
  /* Looks up codes of 16 bits, or two samples at once. */                                                      \
  GLOBAL u32 words_all_to_##size(const struct bank *bank, struct scratch *scratch, u32 items) {                  \
    if (!bank || !scratch) return BAD_PLAN;                                                                      \
    struct stage stage = {.bank = bank, .scratch = scratch, .from = AT_REQUEST + HEADER, .to = AT_ANSWER + HEADER}; \
    run_steps(&stage, ((bank->pairs ? (items + 1) / 2 : items) + 31) / 32, words_to_##size);                     \
    return 0;                                                                                                    \
  }                                                                                                              \
  /* Looks up samples: in groups of 24, then the rest. */                                                        \
  GLOBAL u32 samples_all_to_##size(const struct bank *bank, struct scratch *scratch, u32 items, u32 from) {      \
    if (!bank || !scratch) return BAD_PLAN;                                                                      \
    u32 channels = bank->channels, planar = bank->planar, count = items * channels;                              \
    u32 pixel = planar ? size : channels * size, plane = planar ? items * size : size;                           \
    struct stage stage = {.bank = bank, .scratch = scratch, .from = from, .to = AT_ANSWER + HEADER};             \
    stage.plane = plane;                                                                                         \
    u32 groups = count / SAMPLE_GROUP, done = SAMPLE_GROUP / GROUP * groups;                                     \
    if (channels == 1) run_steps(&stage, groups, samples_1_to_##size);                                           \
    else if (channels == 3 && planar) run_steps(&stage, groups, planes_3_to_##size);                             \
    else if (channels == 3) run_steps(&stage, groups, samples_3_to_##size);                                      \
    else if (planar) run_steps(&stage, groups, planes_4_to_##size);                                              \
    else run_steps(&stage, groups, samples_4_to_##size);                                                         \
    stage.step = (bank->pixel[GROUP - 1] + 1) * pixel;                                                           \
    stage.from += GROUP * done;                                                                                  \
    stage.to += done * stage.step;                                                                               \
    stage.count = count - GROUP * done;                                                                          \
    if (stage.count == 0) return 0;                                                                              \
    for (u32 j = 0; j < GROUP; j++) scratch->place[j] = bank->pixel[j] * pixel + bank->channel[j] * plane;       \
    run_steps(&stage, (stage.count + GROUP - 1) / GROUP, bytes_to_##size);                                       \
    return 0;                                                                                                    \
  }

SIZE(1)
SIZE(2)
SIZE(4)

#endif
