// Runs a kernel whose face is a stream of packets, cycle by cycle, with random pauses on both ends. The
// stream is as wide as the top has it, a core's or a card's.
// The host puts packets into `input` one after another, their ends into `ends`, and finds the answers the
// same way. State is static: an instance of the module is an instance of the card.
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "Vtop.h"
#include "verilated.h"

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

// The register that says how many packets are inside.
static const uint32_t PRESENT = 0x200 + 4 * 28;

static const int BYTES = 1 << 21, PACKETS = 1 << 12, LONGEST = 1 << 14;
static Vtop* top;
static const uint32_t BEAT = sizeof(top->s_axis_tdata);
using Keep = std::remove_reference_t<decltype(top->s_axis_tkeep)>;
static uint8_t input[BYTES], output[BYTES];
static uint32_t ends[PACKETS], answers[PACKETS];
// TDEST of each packet, and of each answer: the network shell's socket.
static uint16_t sockets[PACKETS], answered[PACKETS];
static double cycles;

#if VM_TRACE
#include "wave_packets.h"
#endif

#ifdef ONPATH_COVERAGE
// How often each point of the coverage was met: a line's branch, or a bit that toggled.
#include "Vtop___024root.h"
#include "Vtop__Syms.h"
EXPORT(coverage_at) void* coverage_at() { return top->rootp->vlSymsp->__Vcoverage; }
EXPORT(coverage_points) uint32_t coverage_points() {
  return sizeof(top->rootp->vlSymsp->__Vcoverage) / sizeof(uint32_t);
}
#endif

EXPORT(input_at) uint8_t* input_at() { return input; }
EXPORT(output_at) uint8_t* output_at() { return output; }
EXPORT(ends_at) uint32_t* ends_at() { return ends; }
EXPORT(answers_at) uint32_t* answers_at() { return answers; }
EXPORT(sockets_at) uint16_t* sockets_at() { return sockets; }
EXPORT(answered_at) uint16_t* answered_at() { return answered; }
EXPORT(cycles_so_far) double cycles_so_far() { return cycles; }

// Clock and reset have the names that Vitis wants where the top is what a card gets.
template <class T> auto clock_of(T* t, int) -> decltype((t->ap_clk)) { return t->ap_clk; }
template <class T> auto clock_of(T* t, long) -> decltype((t->clk)) { return t->clk; }
template <class T> auto reset_of(T* t, int) -> decltype((t->ap_rst_n)) { return t->ap_rst_n; }
template <class T> auto reset_of(T* t, long) -> decltype((t->rst_n)) { return t->rst_n; }

#ifdef MEMORY
#include "memory.h"
#endif

static void tick() {
#ifdef MEMORY
  serve_memory();
#endif
#if VM_TRACE
  // What the host has set is seen before the edge that takes it.
  if (wave_on) top->eval();
  wave_dump(cycles, false);
#endif
  clock_of(top, 0) = 1;
  top->eval();
#if VM_TRACE
  wave_dump(cycles, true);
#endif
  clock_of(top, 0) = 0;
  top->eval();
  cycles++;
}

EXPORT(reset) void reset() {
  if (!top) top = new Vtop;
  reset_of(top, 0) = 0;
  top->s_axis_tvalid = top->m_axis_tready = top->s_axis_table_tvalid = 0;
  top->s_axi_control_awvalid = top->s_axi_control_wvalid = top->s_axi_control_arvalid = 0;
  top->s_axi_control_bready = top->s_axi_control_rready = 1;
#ifdef MEMORY
  forget_memory();
#endif
  // A card's top delays both ends of its reset by three cycles.
  for (int i = 0; i < 8; i++) tick();
  reset_of(top, 0) = 1;
  tick();
  cycles = 0;
}

// Cycles in which a register may refuse an access: the end of a reset.
const int REFUSALS = 16;

// One word into a register over AXI4-Lite; the interface needs two cycles.
EXPORT(write_register) void write_register(uint32_t address, uint32_t value) {
  top->s_axi_control_awvalid = top->s_axi_control_wvalid = 1;
  top->s_axi_control_awaddr = address;
  top->s_axi_control_wdata = value;
  top->s_axi_control_wstrb = 15;
  top->s_axi_control_bready = 1;
  top->eval();
  for (int n = 0; n < REFUSALS && !top->s_axi_control_awready; n++) tick();
  tick();
  top->s_axi_control_awvalid = top->s_axi_control_wvalid = 0;
  tick();
}

EXPORT(read_register) uint32_t read_register(uint32_t address) {
  top->s_axi_control_arvalid = 1;
  top->s_axi_control_araddr = address;
  top->s_axi_control_rready = 1;
  top->eval();
  for (int n = 0; n < REFUSALS && !top->s_axi_control_arready; n++) tick();
  tick();
  top->s_axi_control_arvalid = 0;
  uint32_t value = top->s_axi_control_rdata;
  tick();
  return value;
}

// A word of the stream of tables. It has 64 bits, or 256 of which all but entries of pages use the lowest 64.
#ifdef WIDE_TABLES
struct TableWord {
  uint64_t part[4];
};
#define PUT_TABLE_WORD(from, bytes)                                              \
  memset(&top->s_axis_table_tdata[0], 0, sizeof(TableWord)),                     \
      memcpy(&top->s_axis_table_tdata[0], from, bytes)
EXPORT(words_bytes) uint32_t words_bytes() { return sizeof(TableWord); }
#else
typedef uint64_t TableWord;
#define PUT_TABLE_WORD(from, bytes) memcpy(&top->s_axis_table_tdata, from, bytes)
#endif

// Sends 64-bit words from `input` to the stream of tables, while no packet is inside.
EXPORT(load) int load(int words) {
  for (int n = 0; n < words;) {
    top->s_axis_table_tvalid = 1;
    PUT_TABLE_WORD(input + 8 * n, 8);
    top->eval();
    if (!top->s_axis_table_tready) {
      // The word is withdrawn, or it would be taken later.
      top->s_axis_table_tvalid = 0;
      return -1;
    }
    tick();
    n++;
  }
  top->s_axis_table_tvalid = 0;
  tick();
  return 0;
}

// A pause comes with a chance of `pause` in 16; the generator is the same on every machine.
static uint32_t state;
static bool pauses(int pause) {
  state = state * 1664525u + 1013904223u;
  return (int)(state >> 28) < pause;
}

// Words of pages wait here for the stream of tables, and go while packets are inside.
static const uint32_t WORDS = 1 << 16;
static TableWord words[WORDS];
static uint32_t word_first, word_end;
EXPORT(words_at) TableWord* words_at() { return words; }
EXPORT(words_most) uint32_t words_most() { return WORDS; }
EXPORT(words_room) uint32_t words_room() { return WORDS - (word_end - word_first); }
EXPORT(words_next) uint32_t words_next() { return word_end % WORDS; }
EXPORT(words_add) void words_add(uint32_t count) { word_end += count; }
EXPORT(words_clear) void words_clear() { word_first = word_end; }

// A run: what was asked for, and where it stands.
static struct {
  int count, send_pause, take_pause, most, n, packet, found, given, since;
  uint32_t at, out;
  bool offered;
} now;
enum { ENDLESS = -1, FULL = -2, HUNGRY = -3, WRITTEN = -4 };

// Goes on with a run. `more` says that there are more words of pages than those that wait: when these are
// gone the host is asked for others, and no cycle passes meanwhile.
EXPORT(go_on) int go_on(int more) {
  for (; now.n < now.most; now.n++) {
#if VM_TRACE
    // Room for this cycle and the two that may end the run, two edges each.
    if (!wave.spTrace()->has_room(6)) return WRITTEN;
    wave_follow(now.packet, now.packet < now.count && now.at > (now.packet ? ends[now.packet - 1] : 0),
                top->s_axi_control_rvalid, top->s_axi_control_rdata);
#endif
    // A register is read without pause. One that was asked for after the last beat tells when all are out of
    // the core; behind it a card's top may still hold a beat.
    bool none = top->s_axi_control_rvalid && top->s_axi_control_rdata == 0;
    if (now.packet == now.count && ++now.since > 4 && none && !top->m_axis_tvalid) {
      top->s_axis_tvalid = top->s_axi_control_arvalid = top->s_axis_table_tvalid = 0;
      tick();
      tick();
#if VM_TRACE
      wave_on = false;
#endif
      return now.found;
    }
    bool feeding = word_first != word_end && now.given != now.count;
    if (more && word_first == word_end) return HUNGRY;
    // Whether packets and words are taken depends on the word that is offered, so it is offered first.
    if (feeding || top->s_axis_table_tvalid) {
      top->s_axis_table_tvalid = feeding;
      if (feeding) PUT_TABLE_WORD(&words[word_first % WORDS], sizeof(TableWord));
      top->eval();
      if (feeding && top->s_axis_table_tready) word_first++;
    }
    if (!now.offered) {
      now.offered = now.packet < now.count && !pauses(now.send_pause);
      top->s_axis_tvalid = now.offered;
      if (now.offered) {
        uint32_t left = ends[now.packet] - now.at, here = left < BEAT ? left : BEAT;
        uint8_t beat[BEAT] = {0};
        memcpy(beat, input + now.at, here);
        memcpy(&top->s_axis_tdata[0], beat, BEAT);
        top->s_axis_tkeep = here == BEAT ? ~(Keep)0 : ((Keep)1 << here) - 1;
        top->s_axis_tlast = left <= BEAT;
        top->s_axis_tdest = sockets[now.packet];
      }
    }
    // All that is read here comes from registers: it holds since the last edge.
    top->m_axis_tready = !pauses(now.take_pause);
    bool sent = now.offered && top->s_axis_tready;
    bool got = top->m_axis_tvalid && top->m_axis_tready;
    if (got) {
      int here = __builtin_popcountll(top->m_axis_tkeep);
      bool begins = now.found == 0 ? now.out == 0 : now.out == answers[now.found - 1];
      if (begins && (now.out > BYTES - LONGEST || now.found == PACKETS)) return FULL;
      memcpy(output + now.out, &top->m_axis_tdata[0], here);
      now.out += here;
      if (top->m_axis_tlast) {
        answers[now.found] = now.out;
        answered[now.found++] = top->m_axis_tdest;
        now.given++;
      }
    }
    tick();
    if (sent) {
      now.at = now.at + BEAT < ends[now.packet] ? now.at + BEAT : ends[now.packet];
      if (now.at == ends[now.packet]) now.packet++;
      now.offered = false;
    }
  }
  // What is offered is withdrawn, or it would be taken again and again.
  top->s_axis_tvalid = top->s_axis_table_tvalid = 0;
  return ENDLESS;
}

EXPORT(found_so_far) int found_so_far() { return now.found; }

// The host has copied the answers. They are whole when there is no room for another, and no cycle has passed
// since: `go_on` goes on.
EXPORT(make_room) void make_room() { now.out = now.found = 0; }

// Moves the limit of a run's cycles, counted from its beginning: one that has reached it goes on with `go_on`.
// The beat that was withdrawn at the limit is offered again; its data still stands.
EXPORT(allow) void allow(int most) {
  now.most = most;
  top->s_axis_tvalid = now.offered;
}

// Sends `count` packets and waits until none is inside. Returns the number of answers, ENDLESS after `most`
// cycles, FULL when there is no room for the next answer, HUNGRY when `go_on` is to be called with more words, or
// WRITTEN when the host is to take what was written of a waveform.
EXPORT(run) int run(int count, int send_pause, int take_pause, uint32_t seed, int most, int more) {
  state = seed;
  memset(&now, 0, sizeof now);
  now.count = count;
  now.send_pause = send_pause;
  now.take_pause = take_pause;
  now.most = most;
  top->s_axi_control_arvalid = top->s_axi_control_rready = 1;
  top->s_axi_control_araddr = PRESENT;
  return go_on(more);
}
