/*
 * CRC-32C of bytes in scratch memory, by the method of Chorba (Sam Russell, 2024, arXiv 2412.16398).
 *
 * The CRC's polynomial divides x^209 + x^144 + x^54 + x^39 + x^14 + 1, and the same of x^8, because squaring keeps
 * multiples. So a byte of the message may be removed if it is added to the bytes 65, 155, 170, 195 and 209 behind it:
 * five loads and additions for a word, as in serialize/wasm/engine.ts. Near the end that reaches too far. There a bit is
 * added to the bits at these distances: ten shifts of a word, in the four words behind it. The last 32 bytes are looked
 * up in tables, which take four times the time for each byte.
 */
#ifndef ONPATH_CRC_H
#define ONPATH_CRC_H

#include "layout.h"

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

/* Eight bytes by which the bytes removed before an address change those at it. */
INLINE u64 history(const u8 *removed) {
  return *(const u64 *)(removed - 65) ^ *(const u64 *)(removed - 155) ^ *(const u64 *)(removed - 170) ^
         *(const u64 *)(removed - 195) ^ *(const u64 *)(removed - 209);
}

/*
 * CRC of `length` bytes from `from` on, at least 64, which 64 zeros precede. Zeros in front of a message leave a state
 * of zero, so they extend it to whole blocks of 64 bytes. Its first 4 bytes are inverted, in place of the state.
 */
GLOBAL u32 crc32c(const struct slices *slices, struct scratch *scratch, u32 from, u32 length) {
  if (!slices || !scratch) return 0;
  u32 blocks = (length + 63) / 64, bulk = blocks > REST ? blocks - REST : 0;
  u64 at = (u64)from + length - 64 * blocks;
  u32 *first = (u32 *)(scratch->bytes + (from & (SCRATCH - 1)));
  *first = ~*first;
#pragma clang loop unroll(disable)
  for (u32 n = 0; n < MAX_BYTES / 64 - REST; n++) {
    if (n >= bulk) break;
    const u64 *words = (const u64 *)(scratch->bytes + ((at + 64 * n) & (SCRATCH - 1)));
    u8 *removed = scratch->removed + HISTORY + 64 * n;
#pragma unroll
    for (int k = 0; k < 8; k++) {
      *(u64 *)(removed + 8 * k) = words[k] ^ history(removed + 8 * k);
      ORDER();
    }
  }
  /* By the bit. Nothing was removed behind the last byte before. */
  u64 rest = 64 * (u64)bulk & (MAX_BYTES - 1);
#pragma unroll
  for (int k = 0; k < 8 * REST; k++) *(u64 *)(scratch->removed + HISTORY + rest + 8 * k) = 0;
  u32 groups = 2 * (blocks - bulk) - 1;
  u64 c0 = 0, c1 = 0, c2 = 0, c3 = 0;
#pragma clang loop unroll(disable)
  for (u32 n = 0; n < 2 * REST - 1; n++) {
    if (n >= groups) break;
    const u64 *words = (const u64 *)(scratch->bytes + ((at + rest + 32 * n) & (SCRATCH - 1)));
    const u8 *removed = scratch->removed + HISTORY + rest + 32 * n;
#pragma unroll
    for (int k = 0; k < 4; k++) {
      u64 word = words[k] ^ history(removed + 8 * k) ^ c0;
      c0 = c1 ^ word << 1;
      c1 = c2 ^ word >> 63 ^ word << 27 ^ word << 42;
      c2 = c3 ^ word >> 37 ^ word >> 22 ^ word << 3 ^ word << 17;
      c3 = word >> 61 ^ word >> 47;
    }
  }
  const u64 *words = (const u64 *)(scratch->bytes + ((at + 64 * blocks - 32) & (SCRATCH - 1)));
  u64 state = crc_word(slices, 8, words[0] ^ c0) ^ crc_word(slices, 0, words[1] ^ c1);
  state = crc_word(slices, 8, words[2] ^ c2 ^ state) ^ crc_word(slices, 0, words[3] ^ c3);
  *first = ~*first;
  return ~state;
}

#endif
