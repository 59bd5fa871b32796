// Writes what signals do while some packets pass. A clock falls at a cycle's beginning, where the host's
// signals change, and rises in its middle, where the hardware takes them.
#pragma once
#include "Vtop.h"
#include "verilated_vcd_c.h"

static VerilatedVcdC wave;
// Packets of the run, the first and the one behind the last; and units of time from one edge to the next.
static int wave_first, wave_end;
static uint64_t wave_half;
static bool wave_on;
// Cycles that are still written, once no more packets are inside than have come behind the last one.
static const int TAIL = 8;
static int wave_tail;
// Packets behind the last one that have begun to come, now and some cycles ago: a register is read late.
static const int LATE = 4;
static int wave_behind[LATE];

EXPORT(wave_open) void wave_open(uint32_t half) {
  wave_half = half;
  Verilated::threadContextp()->calcUnusedSigs(true);
  top->trace(&wave, 99);
  wave.spTrace()->open();
}
EXPORT(wave_at) char* wave_at() { return wave.spTrace()->written(); }
EXPORT(wave_size) uint32_t wave_size() { return wave.spTrace()->size(); }
EXPORT(wave_clear) void wave_clear() { wave.spTrace()->clear(); }
EXPORT(wave_range) void wave_range(int first, int end) {
  wave_first = first;
  wave_end = end;
  wave_on = false;
  wave_tail = TAIL;
  for (int n = 0; n < LATE; n++) wave_behind[n] = 0;
}

// Whether this cycle is written: `packet` is the one that comes, and `begun` says that a beat of it has.
static void wave_follow(int packet, bool begun, bool told, int present) {
  if (packet < wave_first || wave_tail == 0) return;
  wave_on = true;
  if (packet < wave_end) return;
  if (wave_tail < TAIL || (told && present <= wave_behind[LATE - 1])) wave_on = --wave_tail > 0;
  for (int n = LATE - 1; n > 0; n--) wave_behind[n] = wave_behind[n - 1];
  wave_behind[0] = packet - wave_end + begun;
}

static void wave_dump(double cycle, bool high) {
  if (wave_on) wave.spTrace()->dump((2 * (uint64_t)cycle + high) * wave_half);
}
