// Runs a kernel with its movers, cycle by cycle, against memory behind two AXI4 ports. The ports pause at random,
// answer late, keep several bursts open, and say which rule of AXI4 a burst breaks.
// State is static: an instance of the module is an instance of the card.
#include <cstdint>
#include <cstring>

#include "Vtop.h"
#include "verilated.h"

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

static const uint32_t BEAT = 64, BYTES = 1 << 21, BURSTS = 8, WORDS = 1 << 16;
// Where memory begins for the kernels: beyond 32 bits, as that of cards is.
static const uint64_t BASE = 1ull << 34;
static Vtop* top;
static double cycles;
static uint8_t memory[BYTES];
static uint64_t words[WORDS];
static uint32_t word_count, violation;

// What may be broken, by number; the first one stays: by a burst, by a register that answers unasked, or never.
enum { BORDER = 1, OUTSIDE = 2, UNSTABLE = 3, LAST = 4, LONG = 5, STRAY = 6, DEAF = 7 };
static void complain(uint32_t what) {
  if (!violation) violation = what;
}

#ifdef ONPATH_COVERAGE
// As in packets.cpp.
#include "Vtop___024root.h"
#include "Vtop__Syms.h"
EXPORT(coverage_at) void* coverage_at() { return top->rootp->vlSymsp->__Vcoverage; }
EXPORT(coverage_points) uint32_t coverage_points() {
  return sizeof(top->rootp->vlSymsp->__Vcoverage) / sizeof(uint32_t);
}
#endif

EXPORT(memory_at) uint8_t* memory_at() { return memory; }
EXPORT(memory_bytes) uint32_t memory_bytes() { return BYTES; }
EXPORT(words_at) uint64_t* words_at() { return words; }
EXPORT(words_count) uint32_t words_count() { return word_count; }
EXPORT(words_clear) void words_clear() { word_count = 0; }
EXPORT(violations) uint32_t violations() { return violation; }
EXPORT(cycles_so_far) double cycles_so_far() { return cycles; }

// A chance of `pause` in 16 for every ready and valid of the ports, and so many cycles from a burst to its first
// beat or its confirmation.
static uint32_t pause, latency = 1, seed = 1;
EXPORT(set_memory) void set_memory(uint32_t a, uint32_t b, uint32_t c) { pause = a, latency = b, seed = c; }
static bool pauses() {
  seed = seed * 1664525u + 1013904223u;
  return (seed >> 28) < pause;
}

// So many bytes more than there are an answer's header says; less where it wraps around.
EXPORT(set_longer) void set_longer(uint32_t bytes) { top->answer_longer = bytes; }

struct Burst {
  uint64_t address;
  uint32_t beats;
  double due;
};

// Bursts in their order.
struct Queue {
  Burst bursts[BURSTS];
  uint32_t first, count;
  bool full() const { return count == BURSTS; }
  Burst& head() { return bursts[first]; }
  void push(const Burst& burst) { bursts[(first + count++) % BURSTS] = burst; }
  void pop() { first = (first + 1) % BURSTS, count--; }
};

// An address channel: checks what is asked for, and that it stays until it is taken.
struct Address {
  bool waited;
  uint64_t address;
  uint32_t length;
  bool take(bool valid, bool ready, uint64_t at, uint32_t len, Queue& queue) {
    if (waited && (!valid || at != address || len != length)) complain(UNSTABLE);
    waited = valid && !ready;
    address = at, length = len;
    if (!valid || !ready) return false;
    uint32_t beats = len + 1;
    if (at % BEAT || at < BASE || at + beats * BEAT > BASE + BYTES) return complain(OUTSIDE), false;
    if (beats > 64) complain(LONG);
    if (at / 4096 != (at + beats * BEAT - 1) / 4096) complain(BORDER);
    queue.push({at - BASE, beats, cycles + latency});
    return true;
  }
};

static Queue packet_reads, table_reads, writes, confirms;
static Address packet_read, table_read, packet_write;
static bool w_waited, w_last;
static uint8_t w_before[BEAT];
static uint64_t w_strobe;
static bool holds;
// Whether the host waits for a register of the core.
static bool asked;

// A port of reads: what it gives in the cycle that the next edge ends.
#define SERVE_READS(port, queue)                                                        \
  top->m_axi_##port##_arready = !queue.full() && !pauses();                             \
  if (!top->m_axi_##port##_rvalid)                                                      \
    top->m_axi_##port##_rvalid = queue.count && queue.head().due <= cycles && !pauses(); \
  if (top->m_axi_##port##_rvalid) {                                                     \
    memcpy(&top->m_axi_##port##_rdata[0], memory + queue.head().address, BEAT);         \
    top->m_axi_##port##_rlast = queue.head().beats == 1;                                \
  }

#define TAKE_READS(port, queue, asked)                                                  \
  asked.take(top->m_axi_##port##_arvalid, top->m_axi_##port##_arready,                  \
             top->m_axi_##port##_araddr, top->m_axi_##port##_arlen, queue);             \
  if (top->m_axi_##port##_rvalid && top->m_axi_##port##_rready) {                       \
    Burst& burst = queue.head();                                                        \
    burst.address += BEAT;                                                              \
    if (!--burst.beats) queue.pop();                                                    \
    taken_##port = true;                                                                \
  }

static void take_writes() {
  packet_write.take(top->m_axi_packets_awvalid, top->m_axi_packets_awready, top->m_axi_packets_awaddr,
                    top->m_axi_packets_awlen, writes);
  bool valid = top->m_axi_packets_wvalid;
  uint64_t strobe = top->m_axi_packets_wstrb;
  if (w_waited && (!valid || memcmp(w_before, &top->m_axi_packets_wdata[0], BEAT) || strobe != w_strobe ||
                   (bool)top->m_axi_packets_wlast != w_last))
    complain(UNSTABLE);
  w_waited = valid && !top->m_axi_packets_wready;
  memcpy(w_before, &top->m_axi_packets_wdata[0], BEAT);
  w_strobe = strobe, w_last = top->m_axi_packets_wlast;
  if (!valid || !top->m_axi_packets_wready) return;
  Burst& burst = writes.head();
  for (uint32_t n = 0; n < BEAT; n++)
    if (strobe >> n & 1) memory[burst.address + n] = w_before[n];
  burst.address += BEAT;
  bool last = !--burst.beats;
  if (last != (bool)top->m_axi_packets_wlast) complain(LAST);
  if (last) {
    confirms.push({0, 1, cycles + latency});
    writes.pop();
  }
}

static void tick() {
  SERVE_READS(packets, packet_reads)
  SERVE_READS(tables, table_reads)
  top->m_axi_packets_awready = !writes.full() && confirms.count + writes.count < BURSTS && !pauses();
  // Beats are taken behind their address; AXI4 lets a memory wait for it.
  top->m_axi_packets_wready = writes.count && !pauses();
  top->m_axi_packets_bvalid = confirms.count && confirms.head().due <= cycles && !pauses();
  holds = pauses();
  top->table_holds = holds;
  top->eval();
  bool taken_packets = false, taken_tables = false;
  TAKE_READS(packets, packet_reads, packet_read)
  TAKE_READS(tables, table_reads, table_read)
  take_writes();
  if (top->s_axi_core_rvalid && !asked) complain(STRAY);
  if (top->m_axi_packets_bvalid && top->m_axi_packets_bready) confirms.pop();
  if (top->table_taken && word_count < WORDS) words[word_count++] = top->table_word;
  top->clk = 1;
  top->eval();
  top->clk = 0;
  top->eval();
  if (taken_packets) top->m_axi_packets_rvalid = 0;
  if (taken_tables) top->m_axi_tables_rvalid = 0;
  cycles++;
}

EXPORT(reset) void reset() {
  if (!top) top = new Vtop;
  top->rst_n = 0;
  for (Queue* queue : {&packet_reads, &table_reads, &writes, &confirms}) queue->count = 0;
  packet_read = table_read = packet_write = {};
  w_waited = asked = false;
  top->m_axi_packets_rvalid = top->m_axi_tables_rvalid = 0;
#define QUIET(port)                                                                              \
  top->s_axi_##port##_awvalid = top->s_axi_##port##_wvalid = top->s_axi_##port##_arvalid = 0;    \
  top->s_axi_##port##_bready = top->s_axi_##port##_rready = 1;
  QUIET(core)
  QUIET(packets)
  QUIET(tables)
  for (int i = 0; i < 4; i++) tick();
  top->rst_n = 1;
  violation = word_count = 0;
  cycles = 0;
}

// Bursts of writes that memory has not confirmed.
EXPORT(unconfirmed) uint32_t unconfirmed() { return writes.count + confirms.count; }

EXPORT(run) void run(uint32_t most) {
  while (most--) tick();
}

// A register of the core (0), the mover of packets (1) or that of tables (2).
#define WRITE(port)                                                  \
  top->s_axi_##port##_awvalid = top->s_axi_##port##_wvalid = 1;      \
  top->s_axi_##port##_awaddr = address;                              \
  top->s_axi_##port##_wdata = value;                                 \
  top->s_axi_##port##_wstrb = 15;                                    \
  tick();                                                            \
  top->s_axi_##port##_awvalid = top->s_axi_##port##_wvalid = 0;      \
  tick();                                                            \
  return;

EXPORT(write_register) void write_register(uint32_t unit, uint32_t address, uint32_t value) {
  if (unit == 0) { WRITE(core) }
  if (unit == 1) { WRITE(packets) }
  WRITE(tables)
}

// The address waits until it is taken: `quiet_watch` may be reading. A register that is as long as this is deaf.
static const int PATIENCE = 1000;
#define READ(port)                                                   \
  top->s_axi_##port##_arvalid = 1;                                   \
  top->s_axi_##port##_araddr = address;                              \
  bool taken = false;                                                \
  for (int n = 0; n < PATIENCE && !taken; n++) {                     \
    top->eval();                                                     \
    taken = top->s_axi_##port##_arready;                             \
    asked = taken && unit == 0;                                      \
    tick();                                                          \
  }                                                                  \
  top->s_axi_##port##_arvalid = 0;                                   \
  for (int n = 0; n < PATIENCE; n++) {                               \
    top->eval();                                                     \
    bool there = top->s_axi_##port##_rvalid;                         \
    uint32_t value = top->s_axi_##port##_rdata;                      \
    tick();                                                          \
    if (there) return asked = false, value;                          \
  }                                                                  \
  complain(DEAF);                                                    \
  return 0;

EXPORT(read_register) uint32_t read_register(uint32_t unit, uint32_t address) {
  if (unit == 0) { READ(core) }
  if (unit == 1) { READ(packets) }
  READ(tables)
}
