// What Verilator's traces call, in place of its own verilated_vcd_c.h, which writes files and wants a system:
// declarations and changes of signals become VCD's text in one buffer, which the host empties. A build that is
// not traced has none of it.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>

#include "verilated.h"

class VerilatedVcd;

// No threads.
struct VerilatedTraceConfig {
  VerilatedTraceConfig(bool, bool, bool) {}
};

class VerilatedVcdBuffer {
  friend class VerilatedVcd;
  static const uint32_t CODES = 1 << 14, SIZE = 1 << 22;
  uint32_t old[CODES];
  char text[SIZE];
  uint32_t used = 0, codes = 0;

  void put(char sign) { text[used++] = sign; }
  void put(const char* from, size_t size) {
    memcpy(text + used, from, size);
    used += size;
  }
  void number(uint64_t value) {
    char digits[20];
    int n = 0;
    do digits[n++] = '0' + value % 10;
    while (value /= 10);
    while (n) put(digits[--n]);
  }
  // A signal's short name: base 94 of the signs that VCD has for it.
  void code(uint32_t n) {
    for (;; n = n / 94 - 1) {
      put('!' + n % 94);
      if (n < 94) return;
    }
  }
  void bit(uint32_t* at, uint32_t value) {
    put('0' + (value & 1));
    code(at - old);
    put('\n');
  }
  // Zeros in front are not written: a reader puts them back.
  template <class T> void bits(uint32_t* at, T value, int count) {
    put('b');
    while (count > 1 && !(value >> (count - 1) & 1)) count--;
    while (count) put('0' + (value >> --count & 1));
    put(' ');
    code(at - old);
    put('\n');
  }

public:
  uint32_t* oldp(uint32_t code) { return old + code; }
  void fullBit(uint32_t* at, CData value) { bit(at, *at = value); }
  void fullCData(uint32_t* at, CData value, int count) { bits<uint32_t>(at, *at = value, count); }
  void fullSData(uint32_t* at, SData value, int count) { bits<uint32_t>(at, *at = value, count); }
  void fullIData(uint32_t* at, IData value, int count) { bits<uint32_t>(at, *at = value, count); }
  void fullQData(uint32_t* at, QData value, int count) {
    memcpy(at, &value, 8);
    bits<uint64_t>(at, value, count);
  }
  void fullWData(uint32_t* at, const WData* value, int count) {
    memcpy(at, value, (count + 31) / 32 * 4);
    put('b');
    auto set = [value](int n) { return value[n / 32] >> (n % 32) & 1; };
    while (count > 1 && !set(count - 1)) count--;
    while (count) put('0' + set(--count));
    put(' ');
    code(at - old);
    put('\n');
  }
  void chgBit(uint32_t* at, CData value) {
    if (VL_UNLIKELY(*at != value)) fullBit(at, value);
  }
  void chgCData(uint32_t* at, CData value, int count) {
    if (VL_UNLIKELY(*at != value)) fullCData(at, value, count);
  }
  void chgSData(uint32_t* at, SData value, int count) {
    if (VL_UNLIKELY(*at != value)) fullSData(at, value, count);
  }
  void chgIData(uint32_t* at, IData value, int count) {
    if (VL_UNLIKELY(*at != value)) fullIData(at, value, count);
  }
  void chgQData(uint32_t* at, QData value, int count) {
    if (VL_UNLIKELY(memcmp(at, &value, 8))) fullQData(at, value, count);
  }
  void chgWData(uint32_t* at, const WData* value, int count) {
    if (VL_UNLIKELY(memcmp(at, value, (count + 31) / 32 * 4))) fullWData(at, value, count);
  }
};

class VerilatedVcd : public VerilatedVcdBuffer {
public:
  using Buffer = VerilatedVcdBuffer;
  using Init = void (*)(void*, VerilatedVcd*, uint32_t);
  using Dump = void (*)(void*, Buffer*);
  using Clean = void (*)(void*, VerilatedVcd*);

private:
  // One model, so one of each.
  Init init;
  Dump full, changes;
  Clean clean;
  void *init_self, *full_self, *changes_self, *clean_self;
  bool dumped = false;

  void declare(uint32_t n, const char* name, bool array, int place, int most, int least, bool vector) {
    uint32_t end = n + (most - least + 32) / 32;
    if (end > CODES) __builtin_trap();
    if (end > codes) codes = end;
    put("$var wire ", 10);
    number(most - least + 1);
    put(' ');
    code(n);
    put(' ');
    put(name, strlen(name));
    if (array) {
      put('[');
      number(place);
      put(']');
    }
    if (vector) {
      put(" [", 2);
      number(most);
      put(':');
      number(least);
      put(']');
    }
    put(" $end\n", 6);
    if (used > SIZE / 2) __builtin_trap();
  }

public:
  // ---- what generated code calls ----
  void addModel(VerilatedModel*) {}
  void addInitCb(Init call, void* self) { init = call, init_self = self; }
  void addFullCb(Dump call, void* self) { full = call, full_self = self; }
  void addChgCb(Dump call, void* self) { changes = call, changes_self = self; }
  void addCleanupCb(Clean call, void* self) { clean = call, clean_self = self; }
  void scopeEscape(char) {}
  void pushNamePrefix(const std::string& prefix) {
    put("$scope module ", 14);
    put(prefix.data(), prefix.size());  // it ends in a space
    put("$end\n", 5);
  }
  void popNamePrefix(unsigned count = 1) {
    while (count--) put("$upscope $end\n", 14);
  }
  void declBit(uint32_t n, const char* name, bool array, int place) {
    declare(n, name, array, place, 0, 0, false);
  }
  void declBus(uint32_t n, const char* name, bool array, int place, int most, int least) {
    declare(n, name, array, place, most, least, true);
  }
  void declQuad(uint32_t n, const char* name, bool array, int place, int most, int least) {
    declare(n, name, array, place, most, least, true);
  }
  void declArray(uint32_t n, const char* name, bool array, int place, int most, int least) {
    declare(n, name, array, place, most, least, true);
  }

  // ---- what the harness calls ----
  void open() {
    init(init_self, this, 1);
    put("$enddefinitions $end\n", 21);
  }
  // A dump takes at most a sign for each bit that is kept of each code, and a line's end for each code.
  bool has_room(uint32_t dumps) const { return SIZE - used >= dumps * (40 * codes + 32); }
  void dump(uint64_t time) {
    put('#');
    number(time);
    put('\n');
    if (!dumped) put("$dumpvars\n", 10);
    (dumped ? changes : full)(dumped ? changes_self : full_self, this);
    if (!dumped) put("$end\n", 5);
    clean(clean_self, this);
    dumped = true;
  }
  char* written() { return text; }
  uint32_t size() const { return used; }
  void clear() { used = 0; }
};

// The generated header names the two in one.
class VerilatedVcdC {
  VerilatedVcd vcd;

public:
  bool isOpen() const { return false; }
  VerilatedVcd* spTrace() { return &vcd; }
};
