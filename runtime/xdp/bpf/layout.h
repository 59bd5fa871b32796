/* Memory that the host and the program share. runtime/xdp/layout.ts has the same numbers. */
#ifndef ONPATH_LAYOUT_H
#define ONPATH_LAYOUT_H

#include "kernel.h"

enum { HEADER = 64, MAGIC = 0x54504e4f, VERSION = 1, SAMPLES = 2, CHECKED = 16 };
enum { MAX_PAYLOAD = 8192, MAX_PACKETS = 1 << 24, KNOWN_FLAGS = 31, KNOWN_KINDS = 0x3e };

/* Counters, each 64 bits. The reasons of drops have the order of DROP_REASONS in the host. */
enum {
  ANSWERED, ANSWER_BYTES, PASSED,
  TRUNCATED, BAD_MAGIC, BAD_VERSION, BAD_KIND, BAD_FLAGS, BAD_RESERVED, BAD_LENGTH, BAD_OVERLAP,
  BAD_SEQUENCE, BAD_PACKETS, BAD_POSITION, BAD_CRC, BAD_PLAN, BAD_ITEMS, BAD_WEIGHT, BAD_EPOCH, BAD_PAGE,
  COUNTERS
};
struct counters { u64 count[COUNTERS]; };

/* Addresses of the packets that are processed. All numbers of the network are in its byte order. */
struct settings {
  u32 family;        /* 4 or 6; 0: no packet is processed */
  u8 address[16];    /* destination of the requests; IPv4 in the first 4 bytes */
  u16 port;
  u16 forwards;      /* 0: answers return to the sender; 1: they go to `target` */
  u8 target[16];
  u8 target_mac[6];
  u8 source_mac[6];
  u16 target_port;
  u16 unused;
  u32 interface;     /* index of the interface that sends forwarded answers; 0: the one that received */
};

enum { FIRST_TERMS = 1, FIRST_PRODUCTS = 2, FIRST_PAGES = 3, FIRST_WHOLE = 4 };
enum { SECOND_BYTES = 1, SECOND_WORDS = 2 };
enum { GROUP = 12, SAMPLE_GROUP = 24 };

/* A program: one map of one entry, replaced as a whole. */
struct bank {
  u32 kind, longest, item, channels;
  u32 first;             /* stage of cells: 0, or one of FIRST_TERMS to FIRST_WHOLE */
  u32 second;            /* stage of tables: 0, SECOND_BYTES or SECOND_WORDS */
  u32 size;              /* bytes of a result of the second stage: 1, 2 or 4 */
  u32 planar;
  u32 weights, phases;   /* weight indexes; of products and of pages columns, rows */
  u32 fraction, ties;
  u32 answer;            /* bytes of an item of the answer */
  u32 pairs;             /* 1: SECOND_WORDS looks up two items at once */
  u32 table[GROUP];      /* first entry of the table of each sample in a group of 12 */
  u32 channel[GROUP], pixel[GROUP];
  union { u8 bytes[65536]; u16 halves[65536]; u32 words[65536]; } results;
  union {
    struct { u64 weights[16384]; u32 terms[16384]; } terms;
    struct { u64 weights[16384]; u32 terms[65536]; } whole;
    struct { u32 columns[1024], rows[1024], horizontal[32768], high[16384], low[32768]; } products;
  } cells;
};

/* Resident pages of a program: one map of one entry, replaced as a whole, so that epoch and pages agree. */
enum { PAGES = 16, PAGE_ENTRIES = 8192, LAST_EPOCH = 0xfffffffe };
struct pages {
  u32 first;            /* first epoch whose pages are here, or still to come */
  u32 unused;
  u8 place[65536];      /* by the row of a cell: the place of its page; PAGES or more: it is not resident */
  u32 terms[PAGES * PAGE_ENTRIES];
};

/* Table of the CRC-32C by slices of 16: entry [n][b] is byte b followed by n zeros. */
struct slices { u32 slice[16][256]; };

/* Memory of a processor: request, samples between the stages, answer. 64 zeros precede request and answer. */
enum { AT_REQUEST = 64, AT_SAMPLES = 2560, AT_ANSWER = 4160, SCRATCH = 8192, MAX_BYTES = 2048 };
/* Zeros before the bytes that a CRC has removed, and blocks of 64 bytes that it removes by the bit. */
enum { HISTORY = 256, REST = 4 };
struct scratch {
  u8 bytes[SCRATCH + 256];
  u8 removed[HISTORY + MAX_BYTES + 64 * REST];
  u32 place[GROUP];  /* bytes of a sample's result from the start of its group */
};

#endif
