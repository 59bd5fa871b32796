/* CRC-32C of bytes in scratch memory. */
#ifndef ONPATH_CRC_H
#define ONPATH_CRC_H

#include "layout.h"

struct crc {
  const struct slices *slices;
  const struct scratch *scratch;
  u64 from;
  u32 state;
};

/* Removes 8 bytes from the message. */
INLINE u32 crc_step(const struct slices *t, u32 state, u32 low, u32 high) {
  low ^= state;
  return t->slice[7][low & 255] ^ t->slice[6][(low >> 8) & 255] ^ t->slice[5][(low >> 16) & 255] ^
         t->slice[4][low >> 24] ^ t->slice[3][high & 255] ^ t->slice[2][(high >> 8) & 255] ^
         t->slice[1][(high >> 16) & 255] ^ t->slice[0][high >> 24];
}

static long crc_block(u32 index, void *context) {
  struct crc *crc = context;
  u64 at = (crc->from + 64 * (u64)index) & (SCRATCH - 1);
  const u8 *bytes = crc->scratch->bytes + at;
  u32 state = crc->state;
#pragma unroll
  for (int n = 0; n < 64; n += 8) {
    state = crc_step(crc->slices, state, *(u32 *)(bytes + n), *(u32 *)(bytes + n + 4));
    ORDER();
  }
  crc->state = state;
  return 0;
}

static long crc_byte(u32 index, void *context) {
  struct crc *crc = context;
  u64 at = (crc->from + index) & (SCRATCH - 1);
  u32 state = crc->state;
  crc->state = (state >> 8) ^ crc->slices->slice[0][(state ^ crc->scratch->bytes[at]) & 255];
  return 0;
}

FUNCTION u32 crc32c(const struct slices *slices, const struct scratch *scratch, u32 from, u32 length) {
  struct crc crc = {slices, scratch, from, ~0u};
  bpf_loop(length / 64, crc_block, &crc, 0);
  crc.from += length & ~63u;
  if (length & 63) bpf_loop(length & 63, crc_byte, &crc, 0);
  return ~crc.state;
}

#endif
