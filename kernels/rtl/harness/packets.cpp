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
static const uint32_t PRESENT = 0x200 + 4 * 24;

static const int BYTES = 1 << 21, PACKETS = 1 << 12;
static Vtop* top;
static const uint32_t BEAT = sizeof(top->s_axis_tdata);
using Keep = std::remove_reference_t<decltype(top->s_axis_tkeep)>;
static uint8_t input[BYTES], output[BYTES];
static uint32_t ends[PACKETS], answers[PACKETS];
// TDEST of each packet, and of each answer: the network shell's socket.
static uint16_t sockets[PACKETS], answered[PACKETS];
static double cycles;

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

static void tick() {
  clock_of(top, 0) = 1;
  top->eval();
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
  for (int i = 0; i < 4; i++) tick();
  reset_of(top, 0) = 1;
  tick();
  cycles = 0;
}

// One word into a register over AXI4-Lite; the interface needs two cycles.
EXPORT(write_register) void write_register(uint32_t address, uint32_t value) {
  top->s_axi_control_awvalid = top->s_axi_control_wvalid = 1;
  top->s_axi_control_awaddr = address;
  top->s_axi_control_wdata = value;
  top->s_axi_control_wstrb = 15;
  top->s_axi_control_bready = 1;
  tick();
  top->s_axi_control_awvalid = top->s_axi_control_wvalid = 0;
  tick();
}

EXPORT(read_register) uint32_t read_register(uint32_t address) {
  top->s_axi_control_arvalid = 1;
  top->s_axi_control_araddr = address;
  top->s_axi_control_rready = 1;
  tick();
  top->s_axi_control_arvalid = 0;
  uint32_t value = top->s_axi_control_rdata;
  tick();
  return value;
}

// Sends 64-bit words from `input` to the stream of tables, while no packet is inside.
EXPORT(load) int load(int words) {
  for (int n = 0; n < words;) {
    top->s_axis_table_tvalid = 1;
    memcpy(&top->s_axis_table_tdata, input + 8 * n, 8);
    top->eval();
    if (!top->s_axis_table_tready) return -1;
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

// Sends `count` packets and waits until none is inside. Returns the number of answers, or -1 after `most`
// cycles.
EXPORT(run) int run(int count, int send_pause, int take_pause, uint32_t seed, int most) {
  state = seed;
  uint32_t at = 0, out = 0;
  int packet = 0, found = 0, since = 0;
  bool offered = false;
  top->s_axi_control_arvalid = top->s_axi_control_rready = 1;
  top->s_axi_control_araddr = PRESENT;
  for (int n = 0; n < most; n++) {
    // A register is read without pause. One that was asked for after the last beat tells when all are out of
    // the core; behind it a card's top may still hold a beat.
    bool none = top->s_axi_control_rvalid && top->s_axi_control_rdata == 0;
    if (packet == count && ++since > 4 && none && !top->m_axis_tvalid) {
      top->s_axis_tvalid = top->s_axi_control_arvalid = 0;
      tick();
      tick();
      return found;
    }
    if (!offered) {
      offered = packet < count && !pauses(send_pause);
      top->s_axis_tvalid = offered;
      if (offered) {
        uint32_t left = ends[packet] - at, here = left < BEAT ? left : BEAT;
        uint8_t beat[BEAT] = {0};
        memcpy(beat, input + at, here);
        memcpy(&top->s_axis_tdata[0], beat, BEAT);
        top->s_axis_tkeep = here == BEAT ? ~(Keep)0 : ((Keep)1 << here) - 1;
        top->s_axis_tlast = left <= BEAT;
        top->s_axis_tdest = sockets[packet];
      }
    }
    // All that is read here comes from registers: it holds since the last edge.
    top->m_axis_tready = !pauses(take_pause);
    bool sent = offered && top->s_axis_tready;
    bool got = top->m_axis_tvalid && top->m_axis_tready;
    if (got) {
      int here = __builtin_popcountll(top->m_axis_tkeep);
      if (out + here > BYTES || found >= PACKETS) return -2;
      memcpy(output + out, &top->m_axis_tdata[0], here);
      out += here;
      if (top->m_axis_tlast) {
        answers[found] = out;
        answered[found++] = top->m_axis_tdest;
      }
    }
    tick();
    if (sent) {
      at = at + BEAT < ends[packet] ? at + BEAT : ends[packet];
      if (at == ends[packet]) packet++;
      offered = false;
    }
  }
  return -1;
}
