// Runs a kernel with its movers, cycle by cycle, against memory behind its AXI4 ports. The ports pause at random,
// answer late, keep several bursts open, and report the rule of AXI4 that a burst breaks. With CARD, memory is the
// host's: two imported functions read and write beats. Otherwise it is here, and the echo's hooks are driven.
// State is static: an instance of the module is an instance of the card.
#include <cstdint>
#include <cstring>

#include "Vtop.h"
#include "verilated.h"

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

static const uint32_t BEAT = 64, BURSTS = 16;
static Vtop* top;
static double cycles;
static uint32_t violation;
// Handshakes on memory's ports, by which a host sees that nothing moves.
static double moves;
// Response of memory to a beat that it refuses: SLVERR.
static const uint32_t REFUSED = 2;

#ifdef CARD
// Each returns false if no buffer holds the beat.
#define IMPORT(name) __attribute__((import_module("card"), import_name(#name)))
extern "C" IMPORT(read) bool host_read(uint32_t low, uint32_t high, void* to);
extern "C" IMPORT(write) bool host_write(uint32_t low, uint32_t high, const void* from, uint32_t first, uint32_t end);
static bool is_outside(uint64_t, uint32_t) { return false; }
static bool read_beat(uint64_t at, void* to) { return host_read((uint32_t)at, (uint32_t)(at >> 32), to); }
// The bytes that a beat writes are contiguous, or there are none.
static bool write_beat(uint64_t at, const uint8_t* from, uint64_t strobe) {
  if (!strobe) return true;
  uint32_t first = __builtin_ctzll(strobe), end = 64 - __builtin_clzll(strobe);
  return host_write((uint32_t)at, (uint32_t)(at >> 32), from, first, end);
}
#else
static const uint32_t BYTES = 1 << 21, WORDS = 1 << 16;
// Where memory begins for the kernels: beyond 32 bits, as that of cards is.
static const uint64_t BASE = 1ull << 34;
static uint8_t memory[BYTES];
static uint64_t words[WORDS], poison_from, poison_to;
static uint32_t word_count;
static bool is_outside(uint64_t at, uint32_t beats) { return at < BASE || at + beats * BEAT > BASE + BYTES; }
static bool is_poisoned(uint64_t at) { return at >= poison_from && at < poison_to; }
static bool read_beat(uint64_t at, void* to) {
  memcpy(to, memory + (at - BASE), BEAT);
  return !is_poisoned(at);
}
static bool write_beat(uint64_t at, const uint8_t* from, uint64_t strobe) {
  if (is_poisoned(at)) return false;
  for (uint32_t n = 0; n < BEAT; n++)
    if (strobe >> n & 1) memory[at - BASE + n] = from[n];
  return true;
}
EXPORT(memory_at) uint8_t* memory_at() { return memory; }
EXPORT(memory_bytes) uint32_t memory_bytes() { return BYTES; }
EXPORT(words_at) uint64_t* words_at() { return words; }
EXPORT(words_count) uint32_t words_count() { return word_count; }
EXPORT(words_clear) void words_clear() { word_count = 0; }
// Memory refuses the beats in a range of bytes.
EXPORT(set_poison) void set_poison(uint32_t from, uint32_t to) { poison_from = BASE + from, poison_to = BASE + to; }
// So many bytes more than there are an answer's header says; less where it wraps around.
EXPORT(set_longer) void set_longer(uint32_t bytes) { top->answer_longer = bytes; }
#endif

// What may be broken, by number; the first one stays: by a burst, by a register that answers unasked, or never.
enum { BORDER = 1, OUTSIDE = 2, UNSTABLE = 3, LAST = 4, LONG = 5, STRAY = 6, DEAF = 7 };
static void complain(uint32_t what) {
  if (!violation) violation = what;
}

#if VM_TRACE
// Which cycles are written, counted from the reset. The host takes the text when it fills its memory, and between calls.
#include "wave.h"
extern "C" IMPORT(wave) void host_wave(const char* text, uint32_t bytes);
static double wave_from, wave_to;
EXPORT(wave_cycles) void wave_cycles(double from, double to) { wave_from = from, wave_to = to; }
static void wave_follow() {
  wave_on = cycles >= wave_from && cycles < wave_to;
  if (!wave_on || wave.spTrace()->has_room(2)) return;
  host_wave(wave_at(), wave_size());
  wave_clear();
}
#endif

#ifdef ONPATH_COVERAGE
// As in packets.cpp.
#include "Vtop___024root.h"
#include "Vtop__Syms.h"
EXPORT(coverage_at) void* coverage_at() { return top->rootp->vlSymsp->__Vcoverage; }
EXPORT(coverage_points) uint32_t coverage_points() {
  return sizeof(top->rootp->vlSymsp->__Vcoverage) / sizeof(uint32_t);
}
#endif

EXPORT(moves_so_far) double moves_so_far() { return moves; }
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

struct Burst {
  uint64_t address;
  uint32_t beats;
  double due;
  uint32_t response;
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
    moves++;
    if (at % BEAT || is_outside(at, beats)) return complain(OUTSIDE), false;
    if (beats > 64) complain(LONG);
    if (at / 4096 != (at + beats * BEAT - 1) / 4096) complain(BORDER);
    queue.push({at, beats, cycles + latency, 0});
    return true;
  }
};

static Queue packet_reads, table_reads, word_reads, writes, confirms;
static Address packet_read, table_read, word_read, packet_write;
static bool w_waited, w_last;
static uint8_t w_before[BEAT];
static uint64_t w_strobe;
static bool shown_packets, shown_tables, shown_kernel;
// Whether the host waits for a register of the core.
static bool asked;

// A port of reads: what it gives in the cycle that the next edge ends.
#define SERVE_READS(port, queue)                                                        \
  top->m_axi_##port##_arready = !queue.full() && !pauses();                             \
  if (!top->m_axi_##port##_rvalid)                                                      \
    top->m_axi_##port##_rvalid = queue.count && queue.head().due <= cycles && !pauses(); \
  if (top->m_axi_##port##_rvalid) {                                                     \
    /* A beat that stays is read once. */                                               \
    if (!shown_##port)                                                                  \
      top->m_axi_##port##_rresp = read_beat(queue.head().address, &top->m_axi_##port##_rdata[0]) ? 0 : REFUSED; \
    shown_##port = true;                                                                \
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
    shown_##port = false;                                                               \
    moves++;                                                                            \
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
  moves++;
  if (!write_beat(burst.address, w_before, strobe)) burst.response = REFUSED;
  burst.address += BEAT;
  bool last = !--burst.beats;
  if (last != (bool)top->m_axi_packets_wlast) complain(LAST);
  if (last) {
    confirms.push({0, 1, cycles + latency, burst.response});
    writes.pop();
  }
}

static void tick() {
  SERVE_READS(packets, packet_reads)
  SERVE_READS(tables, table_reads)
#ifdef MEMORY
  SERVE_READS(kernel, word_reads)
#endif
  top->m_axi_packets_awready = !writes.full() && confirms.count + writes.count < BURSTS && !pauses();
  // Beats are taken behind their address; AXI4 lets a memory wait for it.
  top->m_axi_packets_wready = writes.count && !pauses();
  top->m_axi_packets_bvalid = confirms.count && confirms.head().due <= cycles && !pauses();
  top->m_axi_packets_bresp = confirms.count ? confirms.head().response : 0;
#ifndef CARD
  top->table_holds = pauses();
#endif
  // The falling edge and the ports' new inputs settle in one evaluation.
  top->clk = 0;
  top->eval();
#if VM_TRACE
  wave_follow();
  wave_dump(cycles, false);
#endif
  bool taken_packets = false, taken_tables = false, taken_kernel = false;
  TAKE_READS(packets, packet_reads, packet_read)
  TAKE_READS(tables, table_reads, table_read)
#ifdef MEMORY
  TAKE_READS(kernel, word_reads, word_read)
#endif
  take_writes();
  if (top->s_axi_core_rvalid && !asked) complain(STRAY);
  if (top->m_axi_packets_bvalid && top->m_axi_packets_bready) confirms.pop();
#ifndef CARD
  if (top->table_taken && word_count < WORDS) words[word_count++] = top->table_word;
#endif
  top->clk = 1;
  top->eval();
#if VM_TRACE
  wave_dump(cycles, true);
#endif
  if (taken_packets) top->m_axi_packets_rvalid = 0;
  if (taken_tables) top->m_axi_tables_rvalid = 0;
#ifdef MEMORY
  if (taken_kernel) top->m_axi_kernel_rvalid = 0;
#endif
  cycles++;
}

EXPORT(reset) void reset() {
  if (!top) top = new Vtop;
  top->rst_n = 0;
  for (Queue* queue : {&packet_reads, &table_reads, &word_reads, &writes, &confirms}) queue->count = 0;
  packet_read = table_read = word_read = packet_write = {};
  w_waited = asked = shown_packets = shown_tables = shown_kernel = false;
  top->m_axi_packets_rvalid = top->m_axi_tables_rvalid = 0;
#ifdef MEMORY
  top->m_axi_kernel_rvalid = 0;
#endif
#define QUIET(port)                                                                              \
  top->s_axi_##port##_awvalid = top->s_axi_##port##_wvalid = top->s_axi_##port##_arvalid = 0;    \
  top->s_axi_##port##_bready = top->s_axi_##port##_rready = 1;
  QUIET(core)
  QUIET(packets)
  QUIET(tables)
  // A card's top delays both ends of its reset by three cycles.
  for (int i = 0; i < 8; i++) tick();
  top->rst_n = 1;
  violation = 0;
  cycles = moves = 0;
#ifndef CARD
  word_count = 0;
#endif
}

// Bursts of writes that memory has not confirmed.
EXPORT(unconfirmed) uint32_t unconfirmed() { return writes.count + confirms.count; }

EXPORT(run) void run(uint32_t most) {
  while (most--) tick();
}

// An address waits until it is taken: `quiet_watch` may be reading, or a reset has not ended. A register that is as long
// as this is deaf.
static const int PATIENCE = 1000;
#define WRITE(port)                                                  \
  top->s_axi_##port##_awvalid = top->s_axi_##port##_wvalid = 1;      \
  top->s_axi_##port##_awaddr = address;                              \
  top->s_axi_##port##_wdata = value;                                 \
  top->s_axi_##port##_wstrb = 15;                                    \
  bool taken = false;                                                \
  for (int n = 0; n < PATIENCE && !taken; n++) {                     \
    top->clk = 0;                                                    \
    top->eval();                                                     \
    taken = top->s_axi_##port##_awready;                             \
    tick();                                                          \
  }                                                                  \
  top->s_axi_##port##_awvalid = top->s_axi_##port##_wvalid = 0;      \
  if (!taken) complain(DEAF);                                        \
  tick();                                                            \
  return;

// A register of the core (0), the mover of packets (1) or that of tables (2).
EXPORT(write_register) void write_register(uint32_t unit, uint32_t address, uint32_t value) {
  if (unit == 0) { WRITE(core) }
  if (unit == 1) { WRITE(packets) }
  WRITE(tables)
}

#define READ(port)                                                   \
  top->s_axi_##port##_arvalid = 1;                                   \
  top->s_axi_##port##_araddr = address;                              \
  bool taken = false;                                                \
  for (int n = 0; n < PATIENCE && !taken; n++) {                     \
    top->clk = 0;                                                    \
    top->eval();                                                     \
    taken = top->s_axi_##port##_arready;                             \
    asked = taken && unit == 0;                                      \
    tick();                                                          \
  }                                                                  \
  top->s_axi_##port##_arvalid = 0;                                   \
  for (int n = 0; n < PATIENCE; n++) {                               \
    top->clk = 0;                                                    \
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

// Runs at most so many cycles, until a unit of a set is done; bit n is unit n. Returns the units that are done: reading
// clears their bit.
EXPORT(run_until) uint32_t run_until(uint32_t units, uint32_t most) {
  static const uint32_t STEP = 64, DONE = 2;
  double end = cycles + most;
  while (cycles < end) {
    run(STEP);
    uint32_t done = 0;
    for (uint32_t unit = 0; unit < 3; unit++)
      if (units >> unit & 1 && read_register(unit, 0) & DONE) done |= 1 << unit;
    if (done) return done;
  }
  return 0;
}
