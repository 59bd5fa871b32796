// Writes what signals do in some cycles. A clock falls at a cycle's beginning, where the host's signals change,
// and rises in its middle, where the hardware takes them.
#pragma once
#include "Vtop.h"
#include "verilated_vcd_c.h"

static VerilatedVcdC wave;
// Units of time from one edge to the next, and whether cycles are written.
static uint64_t wave_half;
static bool wave_on;

EXPORT(wave_open) void wave_open(uint32_t half) {
  wave_half = half;
  Verilated::threadContextp()->calcUnusedSigs(true);
  top->trace(&wave, 99);
  wave.spTrace()->open();
}
EXPORT(wave_at) char* wave_at() { return wave.spTrace()->written(); }
EXPORT(wave_size) uint32_t wave_size() { return wave.spTrace()->size(); }
EXPORT(wave_clear) void wave_clear() { wave.spTrace()->clear(); }

static void wave_dump(double cycle, bool high) {
  if (wave_on) wave.spTrace()->dump((2 * (uint64_t)cycle + high) * wave_half);
}
