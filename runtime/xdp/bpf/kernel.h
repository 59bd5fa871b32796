/* Used part of the kernel's interface to BPF programs, so that a build needs no headers of a machine. */
#ifndef ONPATH_KERNEL_H
#define ONPATH_KERNEL_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

/* Context of an XDP program: struct xdp_md of linux/bpf.h. */
struct xdp_md {
  u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};

enum { XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, XDP_REDIRECT };
enum { BPF_MAP_TYPE_HASH = 1, BPF_MAP_TYPE_ARRAY = 2, BPF_MAP_TYPE_PERCPU_ARRAY = 6, BPF_MAP_TYPE_HASH_OF_MAPS = 13 };

/* Helpers by their numbers. bpf_loop is of Linux 5.17, bpf_xdp_load_bytes and store_bytes are of 5.18. */
static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*const bpf_redirect)(u32 ifindex, u64 flags) = (void *)23;
static long (*const bpf_xdp_adjust_tail)(struct xdp_md *packet, int delta) = (void *)65;
static long (*const bpf_loop)(u32 count, void *step, void *context, u64 flags) = (void *)181;
static long (*const bpf_xdp_load_bytes)(struct xdp_md *packet, u32 at, void *to, u32 bytes) = (void *)189;
static long (*const bpf_xdp_store_bytes)(struct xdp_md *packet, u32 at, const void *from, u32 bytes) = (void *)190;

#define SEC(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))
/* A function of its own has its own registers and stack. */
#define FUNCTION static __attribute__((noinline))
/* A function that the verifier checks once, for all arguments; others it follows from each call. */
#define GLOBAL __attribute__((noinline))
/* Fields of a map definition, which libbpf reads from the types of its members. */
#define NUMBER(name, value) int(*name)[value]
#define TYPE(name, type) type *name
/* Hides where a number comes from, so that the compiler keeps the mask that the verifier needs. */
#define KEEP(value) asm volatile("" : "+r"(value))
/* Adds a pointer to an offset, which the compiler would copy first. The load that follows has a constant offset. */
#define ADD(offset, pointer) asm volatile("%0 += %1" : "+r"(offset) : "r"(pointer))
/* Keeps loads behind this point. Otherwise the compiler loads much at once and spills it: the stack has 512 bytes. */
#define ORDER() asm volatile("" : : : "memory")

#endif
