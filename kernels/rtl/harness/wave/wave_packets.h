// Which cycles are written: those of some packets of a run.
#pragma once
#include "wave.h"

// Packets of the run, the first and the one behind the last.
static int wave_first, wave_end;
// Cycles that are still written, once no more packets are inside than have come behind the last one.
static const int TAIL = 8;
static int wave_tail;
// Packets behind the last one that have begun to come, now and some cycles ago: a register is read late.
static const int LATE = 4;
static int wave_behind[LATE];

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
