/*
 * onpath in the kernel: answers packets of loaded programs by their tables, before the host's network sees them.
 * Everything else passes. docs/xdp.md has the method; layout.h has the memory shared with the host.
 */
#include "crc.h"
#include "network.h"
#include "stages.h"

struct bank_map { NUMBER(type, BPF_MAP_TYPE_ARRAY); NUMBER(max_entries, 1); NUMBER(key_size, 4); NUMBER(value_size, sizeof(struct bank)); };
struct pages_map { NUMBER(type, BPF_MAP_TYPE_ARRAY); NUMBER(max_entries, 1); NUMBER(key_size, 4); NUMBER(value_size, sizeof(struct pages)); };

struct { NUMBER(type, BPF_MAP_TYPE_ARRAY); NUMBER(max_entries, 1); TYPE(key, u32); TYPE(value, struct settings); }
settings_map SEC(".maps");
struct { NUMBER(type, BPF_MAP_TYPE_ARRAY); NUMBER(max_entries, 1); TYPE(key, u32); TYPE(value, struct slices); }
slices_map SEC(".maps");
struct { NUMBER(type, BPF_MAP_TYPE_PERCPU_ARRAY); NUMBER(max_entries, 1); TYPE(key, u32); TYPE(value, struct scratch); }
scratch_map SEC(".maps");
struct { NUMBER(type, BPF_MAP_TYPE_PERCPU_ARRAY); NUMBER(max_entries, 1); TYPE(key, u32); TYPE(value, struct counters); }
counters_map SEC(".maps");
/* Programs by the id of their plan. */
struct {
  NUMBER(type, BPF_MAP_TYPE_HASH_OF_MAPS);
  NUMBER(max_entries, 64);
  TYPE(key, u32);
  TYPE(values[], struct bank_map);
} programs_map SEC(".maps");
/* Resident pages of programs that swap some, by the id of their plan. */
struct {
  NUMBER(type, BPF_MAP_TYPE_HASH_OF_MAPS);
  NUMBER(max_entries, 64);
  TYPE(key, u32);
  TYPE(values[], struct pages_map);
} paged_map SEC(".maps");

/* Checks the header in scratch memory. Returns 0, or the counter of the first check that failed. */
INLINE u32 check_header(const u32 *words, u32 available) {
  u32 flags = words[1] >> 16, length = words[5] & 0xffff, sequence = words[3], packets = words[4];
  if (words[0] != MAGIC) return BAD_MAGIC;
  if ((words[1] & 255) != VERSION) return BAD_VERSION;
  u32 kind = (words[1] >> 8) & 255;
  if (kind > 31 || !(KNOWN_KINDS >> kind & 1)) return BAD_KIND;
  if (flags > KNOWN_FLAGS) return BAD_FLAGS;
  if (length == 0 || length > MAX_PAYLOAD) return BAD_LENGTH;
  if (words[5] >> 16 > length) return BAD_OVERLAP;
  if (available < HEADER + length) return TRUNCATED;
  if (packets == 0 || packets > MAX_PACKETS) return BAD_PACKETS;
  if (sequence >= packets) return BAD_SEQUENCE;
  if ((flags & 1) != (sequence == 0) || (flags >> 1 & 1) != (sequence == packets - 1)) return BAD_SEQUENCE;
  if (words[9] >= 0x10000) return BAD_POSITION;
  if (words[11] != 0) return BAD_RESERVED;
  if (!(flags & CHECKED) && words[10] != 0) return BAD_CRC;
  return 0;
}

struct answer { u32 bytes, payload; };

/* Processes a request in scratch memory. Returns 0 and the answer, or the counter of the check that failed. */
INLINE u32 process(struct scratch *scratch, const struct slices *slices, u32 available, struct answer *answer) {
  u32 *words = (u32 *)(scratch->bytes + AT_REQUEST), zero = 0;
  u32 length = words[5] & 0xffff, checked = words[1] >> 16 & CHECKED;
  if (checked) {
    u32 expected = words[10];
    words[10] = 0;
    if (crc32c(slices, scratch, AT_REQUEST, HEADER + length) != expected) return BAD_CRC;
  }
  u32 plan = words[6];
  void *program = bpf_map_lookup_elem(&programs_map, &plan);
  if (!program) return BAD_PLAN;
  const struct bank *bank = bpf_map_lookup_elem(program, &zero);
  if (!bank) return BAD_PLAN;
  u32 item = bank->item;
  if (item == 0) return BAD_ITEMS;
  u32 items = length / item;
  if ((words[1] >> 8 & 255) != bank->kind || items * item != length || length > bank->longest) return BAD_ITEMS;
  u32 payload = items * bank->answer;
  if (HEADER + payload > available || HEADER + payload > MAX_BYTES) return BAD_ITEMS;
  const struct pages *pages = 0;
  if (bank->first == FIRST_PAGES) {
    void *paged = bpf_map_lookup_elem(&paged_map, &plan);
    if (!paged) return BAD_PAGE;
    pages = bpf_map_lookup_elem(paged, &zero);
    if (!pages) return BAD_PAGE;
    if (words[7] < pages->first || words[7] > LAST_EPOCH) return BAD_EPOCH;
  }
  u32 failed = run_stages(bank, pages, scratch, items);
  if (failed) return failed;
  u32 *reply = (u32 *)(scratch->bytes + AT_ANSWER);
#pragma unroll
  for (int n = 0; n < 10; n++) reply[n] = words[n];
#pragma unroll
  for (int n = 10; n < 16; n++) reply[n] = 0;
  reply[1] = (words[1] & 0xffff00ff) | SAMPLES << 8;
  reply[5] = (words[5] & 0xffff0000) | payload;
  if (checked) reply[10] = crc32c(slices, scratch, AT_ANSWER, HEADER + payload);
  answer->bytes = HEADER + payload;
  answer->payload = payload;
  return 0;
}

SEC("xdp") int onpath(struct xdp_md *packet) {
  u32 zero = 0, available = 0;
  const struct settings *settings = bpf_map_lookup_elem(&settings_map, &zero);
  const struct slices *slices = bpf_map_lookup_elem(&slices_map, &zero);
  struct counters *counters = bpf_map_lookup_elem(&counters_map, &zero);
  struct scratch *scratch = bpf_map_lookup_elem(&scratch_map, &zero);
  if (!settings || !slices || !counters || !scratch) return XDP_PASS;
  u32 at = find_payload(packet, settings, &available);
  if (at == 0) {
    counters->count[PASSED]++;
    return XDP_PASS;
  }
  u32 reason = TRUNCATED, bytes = available > MAX_BYTES ? MAX_BYTES : available;
  struct answer answer = {};
  KEEP(bytes);
  if (bytes >= HEADER && bytes <= MAX_BYTES) {
    if (bpf_xdp_load_bytes(packet, at, scratch->bytes + AT_REQUEST, bytes)) return XDP_DROP;
    const u32 *words = (const u32 *)(scratch->bytes + AT_REQUEST);
    reason = check_header(words, available);
    /* Longer than any plan accepts. */
    if (reason == 0 && HEADER + (words[5] & 0xffff) > MAX_BYTES) reason = BAD_ITEMS;
    if (reason == 0) reason = process(scratch, slices, available, &answer);
  }
  if (reason != 0) {
    if (reason < COUNTERS) counters->count[reason]++;
    return XDP_DROP;
  }
  bytes = answer.bytes;
  KEEP(bytes);
  if (bytes < HEADER || bytes > MAX_BYTES) return XDP_DROP;
  if (bpf_xdp_store_bytes(packet, at, scratch->bytes + AT_ANSWER, bytes)) return XDP_DROP;
  if (bpf_xdp_adjust_tail(packet, (int)bytes - (int)available)) return XDP_DROP;
  counters->count[ANSWERED]++;
  counters->count[ANSWER_BYTES] += answer.payload;
  return address_answer(packet, settings, scratch, answer.bytes);
}

/* Passes everything. The other end of a veth pair needs a program before it receives what XDP sends. */
SEC("xdp") int onpath_pass(struct xdp_md *packet) { return XDP_PASS; }

char program_license[] SEC("license") = "Apache-2.0";
