// External memory behind the read channels of an AXI4 port: words of 16 bytes, a beat each. A word comes so
// many cycles after it was asked for, and at random later; those of different ids overtake one another.
static const uint32_t WORDS_OF_MEMORY = 1 << 19, ASKS = 16;
static uint64_t memory_words[2 * WORDS_OF_MEMORY];
EXPORT(memory_at) uint64_t* memory_at() { return memory_words; }
EXPORT(memory_bytes) uint32_t memory_bytes() { return sizeof memory_words; }

static struct {
  uint32_t least, more, pause, seed;
} latency = {1, 0, 0, 1};
// `least` cycles from request to word, at least 1, up to `more` beyond them, and a chance of `pause` in 16 that
// the port takes no request in a cycle.
EXPORT(memory_latency) void memory_latency(uint32_t least, uint32_t more, uint32_t pause, uint32_t seed) {
  latency = {least, more, pause, seed};
}

static struct Ask {
  bool there;
  uint32_t id, word;
  double due;
} asks[ASKS];

static uint32_t chance(uint32_t range) {
  latency.seed = latency.seed * 1664525u + 1013904223u;
  return (uint32_t)(((uint64_t)(latency.seed >> 8) * range) >> 24);
}

static void forget_memory() {
  for (Ask& ask : asks) ask.there = false;
  top->m_axi_table_arready = top->m_axi_table_rvalid = 0;
}

// What the port has in the cycle that the next edge ends. Its outputs hold since the last edge.
static void serve_memory() {
  Ask* free = nullptr;
  Ask* first = nullptr;
  for (Ask& ask : asks) {
    if (!ask.there) free = &ask;
    else if (ask.due <= cycles && (!first || ask.due < first->due)) first = &ask;
  }
  top->m_axi_table_rvalid = first != nullptr;
  if (first) {
    top->m_axi_table_rid = first->id;
    memcpy(&top->m_axi_table_rdata[0], &memory_words[2 * first->word], 16);
    if (top->m_axi_table_rready) first->there = false;
  }
  top->m_axi_table_arready = free && (latency.pause == 0 || chance(16) >= latency.pause);
  if (top->m_axi_table_arvalid && top->m_axi_table_arready) {
    uint32_t word = top->m_axi_table_araddr / 16 % WORDS_OF_MEMORY;
    *free = {true, top->m_axi_table_arid, word, cycles + latency.least + chance(latency.more + 1)};
  }
}
