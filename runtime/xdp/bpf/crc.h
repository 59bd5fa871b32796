/*
 * CRC-32C of bytes in scratch memory, by the method of Chorba (Sam Russell, 2024, arXiv 2412.16398).
 *
 * The CRC's polynomial divides x^209 + x^144 + x^54 + x^39 + x^14 + 1. So a bit of the message may be replaced by the
 * bits 65, 155, 170, 195 and 209 behind it, and a word of 64 bits by shifts of it in the four words behind it. Words are
 * removed in order until four are left. Those are looked up: tables take half as much time again for each word.
 */
#ifndef ONPATH_CRC_H
#define ONPATH_CRC_H

#include "layout.h"

struct crc {
  const struct scratch *scratch;
  u64 from;
  u64 carry[4];  /* what the words removed so far add to the next four */
  u32 blocks;
};

/*
 * CRC of the byte at a bit of a word, followed by `zeros` zeros. The byte is shifted to the offset of its entry at
 * once, and the slice is an offset of the load.
 */
INLINE u32 crc_entry(const struct slices *slices, int zeros, u64 word, int bit) {
  u64 entry = (bit == 0 ? word << 2 : word >> (bit - 2)) & 1020;
  ADD(entry, slices);
  return *(const u32 *)(entry + 1024 * zeros);
}

/* CRC of 8 bytes, followed by `zeros` zeros. */
INLINE u32 crc_word(const struct slices *slices, int zeros, u64 word) {
  u32 crc = 0;
#pragma unroll
  for (int byte = 0; byte < 8; byte++) crc ^= crc_entry(slices, zeros + 7 - byte, word, 8 * byte);
  return crc;
}

/*
 * Removes 8 blocks of 64 bytes from the message. Like a stage, it has a loop of its own, so that it returns seldom.
 */
static long crc_blocks(u32 index, void *context) {
  struct crc *crc = context;
  u64 c0 = crc->carry[0], c1 = crc->carry[1], c2 = crc->carry[2], c3 = crc->carry[3];
#pragma clang loop unroll(disable)
  for (u32 n = 0; n < 8; n++) {
    u32 block = 8 * index + n;
    if (block >= crc->blocks) break;
    const u64 *words = (const u64 *)(crc->scratch->bytes + ((crc->from + 64 * (u64)block) & (SCRATCH - 1)));
#pragma unroll
    for (int n = 0; n < 8; n++) {
      u64 word = words[n] ^ c0;
      c0 = c1 ^ word << 1;
      c1 = c2 ^ word >> 63 ^ word << 27 ^ word << 42;
      c2 = c3 ^ word >> 37 ^ word >> 22 ^ word << 3 ^ word << 17;
      c3 = word >> 61 ^ word >> 47;
    }
  }
  crc->carry[0] = c0;
  crc->carry[1] = c1;
  crc->carry[2] = c2;
  crc->carry[3] = c3;
  return 0;
}

/*
 * CRC of `length` bytes from `from` on, at least 32, which 64 zeros precede. Zeros in front of a message leave a state
 * of zero, so they extend it to whole blocks and 32 bytes. Its first 4 bytes are inverted, in place of the state.
 */
GLOBAL u32 crc32c(const struct slices *slices, struct scratch *scratch, u32 from, u32 length) {
  if (!slices || !scratch) return 0;
  u32 blocks = (length + 31) / 64;
  u64 last = (u64)from + length - 32;
  struct crc crc = {.scratch = scratch, .from = last - 64 * blocks, .blocks = blocks};
  u32 *first = (u32 *)(scratch->bytes + (from & (SCRATCH - 1)));
  *first = ~*first;
  bpf_loop((blocks + 7) / 8, crc_blocks, &crc, 0);
  const u64 *words = (const u64 *)(scratch->bytes + (last & (SCRATCH - 1)));
  u64 state = crc_word(slices, 8, words[0] ^ crc.carry[0]) ^ crc_word(slices, 0, words[1] ^ crc.carry[1]);
  state = crc_word(slices, 8, words[2] ^ crc.carry[2] ^ state) ^ crc_word(slices, 0, words[3] ^ crc.carry[3]);
  *first = ~*first;
  return ~state;
}

#endif
