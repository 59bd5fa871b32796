// Words of external memory on chip: a direct-mapped cache in URAM with a read port for each of up to two lanes of
// `bpe_search`. `bpe_walk` and the words that come from memory share the first port. With 2^WW words or fewer every
// word is read from memory once; of a larger vocabulary the words in use stay. A hit returns four cycles after its
// request if its port is free: the queue, the address, the word and the register behind it take one each.
//
// Until all entries are cleared, every request misses. 16 words are requested from memory at once.
module word_cache #(
    parameter int LANES  = 2,   // 1 or 2
    parameter int SW     = 4,   // bits of a lane's id: at most 2^SW requests
    parameter int FW     = 3,   // bits of the walk's id
    parameter int WW     = 18   // log2 of the entries, less than the bits of a word's address
) (
    input  logic                  clk,
    input  logic                  rst_n,
    input  logic                  clear,      // new tables
    // Lanes: cells and tokens, and merges; one request of each id at most.
    input  logic [     LANES-1:0] ask,
    input  logic [  SW*LANES-1:0] ask_id,
    input  logic [  20*LANES-1:0] ask_word,
    input  logic [     LANES-1:0] merge,
    input  logic [  SW*LANES-1:0] merge_id,
    input  logic [  20*LANES-1:0] merge_word,
    output logic [     LANES-1:0] told,
    output logic [  SW*LANES-1:0] told_id,
    output logic [ 128*LANES-1:0] told_data,
    // The walk: one request of each flow at most.
    input  logic                  walk_ask,
    input  logic [        FW-1:0] walk_flow,
    input  logic [          19:0] walk_word,
    output logic                  walk_told,
    output logic [        FW-1:0] walk_told_flow,
    output logic [         127:0] walk_told_data,
    output logic [           1:0] missed,     // requests that are not on chip, in this cycle
    output logic                  missing,    // some word is awaited
    // External memory.
    output logic                  m_valid,
    input  logic                  m_ready,
    output logic [           3:0] m_id,
    output logic [          19:0] m_word,
    input  logic                  r_valid,
    output logic                  r_ready,
    input  logic [           3:0] r_id,
    input  logic [         127:0] r_data
);
  localparam int TAG = 20 - WW, MISSES = 16, MW = 4, IW = SW > FW ? SW : FW;
  localparam int RW = IW + 20;  // a request: id, word
  localparam logic [1:0] WALK = 2'd2;  // requesters: 0 and 1 are lanes

  // ---- requests in queues: those of lanes, and the walk's as the third ----
  logic [2:0] q_valid;
  /* verilator lint_off UNUSEDSIGNAL */  // a lane that is absent
  logic [2:0] q_take;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [3*RW-1:0] q_data;
  for (genvar n = 0; n < 2; n++) begin : g_lane
    if (n < LANES) begin : g_queue
      logic asks, merges;
      logic [SW+19:0] asked, merged;
      short_queue #(
          .W (SW + 20),
          .AW(SW)
      ) u_asks (
          .clk,
          .rst_n,
          .s_valid(ask[n]),
          .s_data ({ask_id[SW*n+:SW], ask_word[20*n+:20]}),
          /* verilator lint_off PINCONNECTEMPTY */
          .high   (),
          /* verilator lint_on PINCONNECTEMPTY */
          .m_valid(asks),
          .m_ready(q_take[n] && !merges),
          .m_data (asked)
      );
      short_queue #(
          .W (SW + 20),
          .AW(SW)
      ) u_merges (
          .clk,
          .rst_n,
          .s_valid(merge[n]),
          .s_data ({merge_id[SW*n+:SW], merge_word[20*n+:20]}),
          /* verilator lint_off PINCONNECTEMPTY */
          .high   (),
          /* verilator lint_on PINCONNECTEMPTY */
          .m_valid(merges),
          .m_ready(q_take[n]),
          .m_data (merged)
      );
      assign q_valid[n] = asks || merges;
      assign q_data[n*RW+:RW] = RW'(merges ? merged : asked);
    end else begin : g_none
      assign q_valid[n] = 1'b0;
      assign q_data[n*RW+:RW] = '0;
    end
  end
  short_queue #(
      .W (RW),
      .AW(FW)
  ) u_walk (
      .clk,
      .rst_n,
      .s_valid(walk_ask),
      .s_data ({IW'(walk_flow), walk_word}),
      /* verilator lint_off PINCONNECTEMPTY */
      .high   (),
      /* verilator lint_on PINCONNECTEMPTY */
      .m_valid(q_valid[2]),
      .m_ready(q_take[2]),
      .m_data (q_data[2*RW+:RW])
  );

  // ---- words awaited from memory; one that comes is written and returned by one access ----
  logic [MISSES-1:0] awaits;
  (* ram_style = "distributed" *) logic [IW+21:0] who[MISSES];
  logic come;
  logic [127:0] come_data;
  logic [1:0] come_from;
  logic [IW-1:0] come_id;
  logic [19:0] come_word;
  logic [MW-1:0] come_miss;
  assign r_ready = 1'b1;
  assign {come_from, come_id, come_word} = who[come_miss];
  always_ff @(posedge clk)
    if (!rst_n) come <= 1'b0;
    else come <= r_valid && awaits[r_id];  // none that a reset has forgotten
  always_ff @(posedge clk) begin
    come_data <= r_data;
    come_miss <= r_id;
  end

  // ---- first cycle: who has a port; a word that comes has the first, and that of its requester ----
  logic turn, walks;  // the walk's turn
  logic [1:0] reads, fills;
  assign fills = {come && come_from == 2'd1, come && come_from != 2'd1};
  assign walks = q_valid[2] && (turn || !q_valid[0]);
  assign reads = {!fills[1] && q_valid[1], !come && (q_valid[0] || q_valid[2])};
  assign q_take = {reads[0] && walks, reads[1], reads[0] && !walks};
  logic [1:0] o_valid, o_fill;
  logic [2*RW-1:0] o_who;
  logic o_walk, write;
  logic [TAG+128:0] o_data;
  always_ff @(posedge clk) begin
    o_who[RW-1:0] <= come ? {come_id, come_word} : walks ? q_data[2*RW+:RW] : q_data[0+:RW];
    o_who[RW+:RW] <= fills[1] ? {come_id, come_word} : q_data[RW+:RW];
    o_walk <= come ? come_from == WALK : walks;
    o_fill <= fills;
    o_data <= {1'b1, come_word[19:WW], come_data};
    if (reads[0]) turn <= !walks;
  end
  always_ff @(posedge clk)
    if (!rst_n) begin
      o_valid <= '0;
      write <= 1'b0;
    end else begin
      o_valid <= fills | reads;
      write <= come;
    end

  // ---- second cycle: the memory ----
  (* ram_style = "ultra" *) logic [TAG+128:0] entries[2**WW];
  logic [TAG+128:0] m_first, m_second;
  logic [WW:0] wiping;
  logic wipes;
  logic [WW-1:0] address;
  assign wipes = !wiping[WW];
  assign address = wipes ? wiping[WW-1:0] : o_who[WW-1:0];
  always_ff @(posedge clk)
    if (wipes || write) entries[address] <= wipes ? '0 : o_data;
    else m_first <= entries[address];
  if (LANES > 1) begin : g_second
    always_ff @(posedge clk) m_second <= entries[o_who[RW+:WW]];
  end else begin : g_only
    assign m_second = '0;
  end
  always_ff @(posedge clk)
    if (!rst_n || clear) wiping <= '0;
    else if (wipes) wiping <= wiping + 1'b1;

  // ---- third cycle: the register behind it; fourth: the comparison ----
  logic [1:0] d_valid, d_fill, e_valid, hit, miss;
  logic [2*RW-1:0] d_who, e_who;
  logic [TAG+128:0] d_data;
  /* verilator lint_off UNUSEDSIGNAL */  // the second port of one lane
  logic [2*(TAG+129)-1:0] e_entry;
  /* verilator lint_on UNUSEDSIGNAL */
  logic d_walk, e_walk, d_wiped;
  logic [1:0] e_holds;  // the entry may be valid
  always_ff @(posedge clk) begin
    d_who <= o_who;
    e_who <= d_who;
    d_data <= o_data;
    d_fill <= o_fill;
    d_walk <= o_walk;
    e_walk <= d_walk;
    d_wiped <= !wipes;
    for (int n = 0; n < 2; n++) begin
      e_entry[n*(TAG+129)+:TAG+129] <= d_fill[n] ? d_data : n == 0 ? m_first : m_second;
      e_holds[n] <= d_fill[n] || d_wiped;
    end
  end
  always_ff @(posedge clk)
    if (!rst_n) {d_valid, e_valid} <= '0;
    else {d_valid, e_valid} <= {o_valid, d_valid};
  for (genvar n = 0; n < 2; n++) begin : g_port
    assign hit[n] = e_valid[n] && e_holds[n] && e_entry[n*(TAG+129)+128+:TAG+1] == {1'b1, e_who[RW*n+WW+:TAG]};
    assign miss[n] = e_valid[n] && !hit[n];
  end
  for (genvar n = 0; n < LANES; n++) begin : g_told
    assign told[n] = hit[n] && !(n == 0 && e_walk);
    assign told_id[SW*n+:SW] = e_who[RW*n+20+:SW];
    assign told_data[128*n+:128] = e_entry[n*(TAG+129)+:128];
  end
  assign walk_told = hit[0] && e_walk;
  assign walk_told_flow = e_who[20+:FW];
  assign walk_told_data = e_entry[127:0];
  assign missed = miss;

  // ---- misses of both ports, to memory one a cycle ----
  logic [1:0] w_valid, w_take;
  logic [2*(IW+22)-1:0] w_data;
  for (genvar n = 0; n < 2; n++) begin : g_miss
    short_queue #(
        .W (IW + 22),
        .AW(IW + 1)
    ) u_misses (
        .clk,
        .rst_n,
        .s_valid(miss[n]),
        .s_data ({n == 1 ? 2'd1 : e_walk ? WALK : 2'd0, e_who[RW*n+:RW]}),
        /* verilator lint_off PINCONNECTEMPTY */
        .high   (),
        /* verilator lint_on PINCONNECTEMPTY */
        .m_valid(w_valid[n]),
        .m_ready(w_take[n]),
        .m_data (w_data[n*(IW+22)+:IW+22])
    );
  end
  logic [MW-1:0] next;  // number of the next request: they are used in turn
  logic sends, second;
  logic [IW+21:0] sent;
  assign sends = w_valid != '0 && !awaits[next] && (!m_valid || m_ready);
  assign second = w_valid[1] && (next[0] || !w_valid[0]);
  assign w_take = {sends && second, sends && !second};
  assign sent = second ? w_data[IW+22+:IW+22] : w_data[0+:IW+22];
  always_ff @(posedge clk)
    if (!rst_n) begin
      m_valid <= 1'b0;
      awaits <= '0;
      next <= '0;
    end else begin
      m_valid <= sends || (m_valid && !m_ready);
      awaits <= (awaits | (MISSES'(sends) << next)) & ~(MISSES'(come) << come_miss);
      if (sends) next <= next + 1'b1;
    end
  always_ff @(posedge clk)
    if (sends) begin
      m_id <= next;
      m_word <= sent[19:0];
      who[next] <= sent;
    end
  assign missing = awaits != '0;
endmodule
