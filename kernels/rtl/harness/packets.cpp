// Runs a kernel whose face is a stream of packets, cycle by cycle, with random pauses on both ends.
// The host puts packets into `input` one after another, their ends into `ends`, and finds the answers the
// same way. State is static: an instance of the module is an instance of the card.
#include <cstdint>
#include <cstring>

#include "Vtop.h"
#include "verilated.h"

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

static const int BYTES = 1 << 21, PACKETS = 1 << 12;
static Vtop* top;
static uint8_t input[BYTES], output[BYTES];
static uint32_t ends[PACKETS], answers[PACKETS], drops[16];
static double cycles;

EXPORT(input_at) uint8_t* input_at() { return input; }
EXPORT(output_at) uint8_t* output_at() { return output; }
EXPORT(ends_at) uint32_t* ends_at() { return ends; }
EXPORT(answers_at) uint32_t* answers_at() { return answers; }
EXPORT(drops_at) uint32_t* drops_at() { return drops; }
EXPORT(cycles_so_far) double cycles_so_far() { return cycles; }

static void tick() {
  top->clk = 1;
  top->eval();
  top->clk = 0;
  top->eval();
  cycles++;
}

EXPORT(reset) void reset() {
  if (!top) top = new Vtop;
  top->rst_n = 0;
  top->s_axis_tvalid = 0;
  top->m_axis_tready = 0;
  for (int i = 0; i < 4; i++) tick();
  top->rst_n = 1;
  tick();
  memset(drops, 0, sizeof drops);
  cycles = 0;
}

EXPORT(configure) void configure(uint32_t plan, uint32_t kind, uint32_t longest, uint32_t item) {
  top->cfg_plan = plan;
  top->cfg_kind = kind;
  top->cfg_longest = longest;
  top->cfg_item = item;
}

#ifdef RESIZE
EXPORT(configure_resize) void configure_resize(uint32_t channels, uint32_t weights, uint32_t fraction, uint32_t ties) {
  top->cfg_channels = channels;
  top->cfg_weights = weights;
  top->cfg_fraction = fraction;
  top->cfg_ties = ties;
}

// One entry of a table, while nothing streams.
EXPORT(load) void load(int terms, uint32_t address, uint32_t low, uint32_t high) {
  top->load_terms = terms;
  top->load_weights = !terms;
  top->load_addr = address;
  top->load_data = (uint64_t)high << 32 | low;
  tick();
  top->load_terms = top->load_weights = 0;
}
#endif

// A pause comes with a chance of `pause` in 16; the generator is the same on every machine.
static uint32_t state;
static bool pauses(int pause) {
  state = state * 1664525u + 1013904223u;
  return (int)(state >> 28) < pause;
}

// Sends `count` packets and waits until each has an answer or was dropped. Returns the number of answers,
// or -1 after `most` cycles.
EXPORT(run) int run(int count, int send_pause, int take_pause, uint32_t seed, int most) {
  state = seed;
  uint32_t at = 0, out = 0;
  int packet = 0, found = 0, dropped = 0;
  bool offered = false;
  for (int n = 0; n < most; n++) {
    if (found + dropped == count && packet == count) {
      top->s_axis_tvalid = 0;
      return found;
    }
    if (!offered) {
      offered = packet < count && !pauses(send_pause);
      top->s_axis_tvalid = offered;
      if (offered) {
        uint32_t left = ends[packet] - at, here = left < 32 ? left : 32;
        uint8_t beat[32] = {0};
        memcpy(beat, input + at, here);
        memcpy(&top->s_axis_tdata[0], beat, 32);
        top->s_axis_tkeep = here == 32 ? 0xffffffffu : (1u << here) - 1;
        top->s_axis_tlast = left <= 32;
      }
    }
    // All that is read here comes from registers: it holds since the last edge.
    top->m_axis_tready = !pauses(take_pause);
    bool sent = offered && top->s_axis_tready;
    bool got = top->m_axis_tvalid && top->m_axis_tready;
    if (got) {
      int here = __builtin_popcount(top->m_axis_tkeep);
      if (out + here > BYTES || found >= PACKETS) return -2;
      memcpy(output + out, &top->m_axis_tdata[0], here);
      out += here;
      if (top->m_axis_tlast) answers[found++] = out;
    }
    if (top->drop) {
      drops[top->drop_reason & 15]++;
      dropped++;
    }
    if (top->late) {
      drops[15]++;
      dropped++;
    }
    tick();
    if (sent) {
      at = at + 32 < ends[packet] ? at + 32 : ends[packet];
      if (at == ends[packet]) packet++;
      offered = false;
    }
  }
  return -1;
}
