/* Ethernet, IPv4, IPv6 and UDP: which datagrams are requests, and where their answers go. */
#ifndef ONPATH_NETWORK_H
#define ONPATH_NETWORK_H

#include "layout.h"

struct ethernet { u8 to[6], from[6]; u16 type; } __attribute__((packed));
struct ipv4 { u8 version, service; u16 length, id, fragment; u8 hops, protocol; u16 sum; u32 from, to; } __attribute__((packed));
struct ipv6 { u32 version; u16 length; u8 protocol, hops; u32 from[4], to[4]; } __attribute__((packed));
struct udp { u16 from, to, length, sum; } __attribute__((packed));

enum { UDP = 17 };

/* Swaps the bytes of a number of the network. */
INLINE u16 network16(u16 value) { return __builtin_bswap16(value); }

/* Folds a sum into the checksum of IP and UDP. */
INLINE u16 fold(u64 sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return ~sum;
}

INLINE u64 sum_ipv4(const struct ipv4 *ip) {
  const u16 *words = (const u16 *)ip;
  u64 sum = 0;
#pragma unroll
  for (int n = 0; n < 10; n++) sum += words[n];
  return sum;
}

/*
 * Finds the payload of a datagram to the program's address and port. Fragments, options, extension headers,
 * datagrams with inconsistent lengths and frames to many receivers are for the host's network.
 *
 * Returns the payload's offset in the frame, or 0. Sets `available` to its bytes.
 */
FUNCTION u32 find_payload(struct xdp_md *packet, const struct settings *settings, u32 *available) {
  void *data = (void *)(u64)packet->data, *end = (void *)(u64)packet->data_end;
  struct ethernet *ethernet = data;
  struct udp *udp;
  u32 bytes;
  if (data + sizeof(struct ethernet) > end || ethernet->to[0] & 1) return 0;
  if (settings->family == 4) {
    struct ipv4 *ip = data + sizeof(struct ethernet);
    udp = (void *)(ip + 1);
    if ((void *)(udp + 1) > end) return 0;
    if (ethernet->type != network16(0x0800) || ip->version != 0x45 || ip->protocol != UDP) return 0;
    if ((ip->fragment & network16(0x3fff)) != 0 || ip->to != *(u32 *)settings->address) return 0;
    if (fold(sum_ipv4(ip)) != 0) return 0;
    bytes = network16(ip->length) - sizeof(struct ipv4);
  } else if (settings->family == 6) {
    struct ipv6 *ip = data + sizeof(struct ethernet);
    udp = (void *)(ip + 1);
    if ((void *)(udp + 1) > end) return 0;
    const u32 *address = (const u32 *)settings->address;
    if (ethernet->type != network16(0x86dd) || (ip->version & 0xf0) != 0x60 || ip->protocol != UDP) return 0;
    if (ip->to[0] != address[0] || ip->to[1] != address[1] || ip->to[2] != address[2]) return 0;
    if (ip->to[3] != address[3]) return 0;
    bytes = network16(ip->length);
  } else {
    return 0;
  }
  u32 length = network16(udp->length), at = (u32)((void *)(udp + 1) - data);
  if (udp->to != settings->port || length != bytes || length < sizeof(struct udp)) return 0;
  *available = length - sizeof(struct udp);
  if (at + *available > packet->data_end - packet->data) return 0;
  return at;
}

struct sum {
  const struct scratch *scratch;
  u64 from, total;
  u32 blocks;
};

static long sum_blocks(u32 index, void *context) {
  struct sum *sum = context;
  u64 total = sum->total;
#pragma clang loop unroll(disable)
  for (u32 n = 0; n < 8; n++) {
    u32 block = 8 * index + n;
    if (block >= sum->blocks) break;
    const u32 *words = (const u32 *)(sum->scratch->bytes + ((sum->from + 64 * (u64)block) & (SCRATCH - 1)));
#pragma unroll
    for (int word = 0; word < 16; word++) total += words[word];
  }
  sum->total = total;
  return 0;
}

/* Sums the answer for the checksum of UDP. Zeros precede it, and extend it to whole blocks. */
GLOBAL u64 sum_answer(const struct scratch *scratch, u32 bytes) {
  if (!scratch) return 0;
  u32 blocks = (bytes + 63) / 64;
  struct sum sum = {scratch, (u64)AT_ANSWER + bytes - 64 * blocks, 0, blocks};
  bpf_loop((blocks + 7) / 8, sum_blocks, &sum, 0);
  /* An odd number of zeros changes the places of all bytes. */
  return bytes & 1 ? network16(~fold(sum.total)) : sum.total;
}

INLINE void swap_ports(struct udp *udp, const struct settings *settings, u32 bytes) {
  u16 from = udp->from;
  udp->from = settings->port;
  udp->to = settings->forwards ? settings->target_port : from;
  udp->length = network16(sizeof(struct udp) + bytes);
  udp->sum = 0;
}

/*
 * Addresses a datagram of `bytes` bytes to the sender or to the target, with its lengths and checksums. Answers over
 * IPv4 have no checksum of UDP: the packet has its own.
 */
FUNCTION long address_answer(struct xdp_md *packet, const struct settings *settings, const struct scratch *scratch,
                           u32 bytes) {
  u64 sum = settings->family == 6 ? sum_answer(scratch, bytes) : 0;
  void *data = (void *)(u64)packet->data, *end = (void *)(u64)packet->data_end;
  struct ethernet *ethernet = data;
  if (settings->family == 4) {
    struct ipv4 *ip = data + sizeof(struct ethernet);
    struct udp *udp = (void *)(ip + 1);
    if ((void *)(udp + 1) > end) return XDP_DROP;
    u32 to = settings->forwards ? *(u32 *)settings->target : ip->from;
    ip->from = ip->to;
    ip->to = to;
    ip->length = network16(sizeof(struct ipv4) + sizeof(struct udp) + bytes);
    ip->hops = 64;
    ip->sum = 0;
    ip->sum = fold(sum_ipv4(ip));
    swap_ports(udp, settings, bytes);
  } else {
    struct ipv6 *ip = data + sizeof(struct ethernet);
    struct udp *udp = (void *)(ip + 1);
    if ((void *)(udp + 1) > end) return XDP_DROP;
    const u32 *target = (const u32 *)settings->target;
#pragma unroll
    for (int n = 0; n < 4; n++) {
      u32 to = settings->forwards ? target[n] : ip->from[n];
      ip->from[n] = ip->to[n];
      ip->to[n] = to;
      sum += (u64)ip->from[n] + to;
    }
    ip->length = network16(sizeof(struct udp) + bytes);
    ip->hops = 64;
    swap_ports(udp, settings, bytes);
    sum += (u64)udp->from + udp->to + 2 * udp->length + network16(UDP);
    u16 checksum = fold(sum);
    udp->sum = checksum == 0 ? 0xffff : checksum;
  }
#pragma unroll
  for (int n = 0; n < 6; n++) {
    u8 from = ethernet->from[n];
    ethernet->from[n] = settings->forwards ? settings->source_mac[n] : ethernet->to[n];
    ethernet->to[n] = settings->forwards ? settings->target_mac[n] : from;
  }
  if (settings->forwards && settings->interface != 0) return bpf_redirect(settings->interface, 0);
  return XDP_TX;
}

#endif
