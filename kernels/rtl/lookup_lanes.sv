// Memoized functions: a table lookup for each item of 1 or 2 bytes, to a result of 1, 2 or 4 bytes. The code of
// an item is its little-endian value; with `cfg_swap` the first of its two bytes is the upper one.
//
//   out = (second[block * 2^low + code % 2^low] + addend) mod 2^bits, {block, addend} = first[code >> low]
//
// A beat enters every cycle, and a beat leaves every cycle. Where results are wider than items, a beat is cut
// into 2 or 4 steps; where they are narrower, two beats are joined. So a cycle has 32 lookups from 1 byte to 1,
// 16 with 16-bit sums and 8 with 32-bit sums, and each lane's tables are as wide as it needs.
module lookup_lanes #(
    parameter int FW = 10,  // 2^FW entries of `first`, at least 2^8
    parameter int SW = 13   // 2^SW entries of `second`, at least 2^8
) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic [  4:0] cfg_low,    // low bits of a code, which select inner a block
    input  logic         cfg_item,   // log2 of an item's bytes
    input  logic [  1:0] cfg_size,   // log2 of a result's bytes
    input  logic         cfg_swap,   // 1: exchange the bytes of an item
    // Tables are loaded while no packet is inside, after the arguments.
    input  logic         load_valid,
    input  logic [  3:0] load_table,  // 0 first: addend, block << 32; 1 second
    input  logic [ 15:0] load_addr,
    /* verilator lint_off UNUSEDSIGNAL */  // blocks have 16 bits
    input  logic [ 63:0] load_data,
    /* verilator lint_on UNUSEDSIGNAL */
    input  logic         s_valid,
    output logic         s_ready,
    input  logic [255:0] s_data,
    input  logic [  1:0] s_part,
    input  logic         s_last,
    output logic         m_valid,
    input  logic         m_ready,
    output logic [255:0] m_data,
    output logic [  1:0] m_part,
    output logic         m_last
);
  if (FW < 8 || FW > 16 || SW < 8 || SW > 16) $error("tables have 2^8 to 2^16 entries");
  logic ce;
  assign ce = !m_valid || m_ready;

  // ---- cycle 1: the step's items of the beat ----
  logic [1:0] grows, step, steps;  // log2 of the steps of a whole beat; the last step
  logic [13:0] length, left;       // bytes of the payload, and of what is left of it
  logic [1:0] eighths;             // of the beat that hold items, less one: 8 bytes each
  logic stepped;
  assign grows = cfg_size > {1'b0, cfg_item} ? cfg_size - {1'b0, cfg_item} : 2'd0;
  assign length = s_data[173:160];
  assign eighths = left > 14'd32 ? 2'd3 : 2'((left[5:0] - 6'd1) >> 3);
  assign steps = grows == 2'd1 ? {1'b0, eighths[1]} : grows == 2'd2 ? eighths : 2'd0;
  assign stepped = s_part != 2'd2 || step == steps;
  assign s_ready = ce && stepped;
  logic v1, last1;
  logic [1:0] part1;
  logic [255:0] d1;
  always_ff @(posedge clk)
    if (!rst_n) begin
      step <= 2'd0;
      v1 <= 1'b0;
    end else if (ce) begin
      v1 <= s_valid;
      if (s_valid) step <= stepped ? 2'd0 : step + 2'd1;
    end
  always_ff @(posedge clk)
    if (ce) begin
      if (s_valid && s_part == 2'd0) left <= length;
      else if (s_valid && stepped && s_part == 2'd2) left <= left - 14'd32;
      part1 <= s_part;
      last1 <= s_last && stepped;
      d1 <= s_data;
      if (step != 2'd0) d1[127:0] <= grows == 2'd1 ? s_data[255:128] : {64'd0, s_data[64*step+:64]};
      if (s_part == 2'd0) d1[175:160] <= {2'd0, length >> cfg_item} << cfg_size;
    end

  // ---- cycles 2 and 3: both lookups of each lane ----
  // Blocks become the address of their first entry at the load, so an address is a disjunction.
  logic v2, last2, v3, last3;
  logic [1:0] part2, part3;
  logic [255:0] d2, d3;
  logic [SW-1:0] base;
  logic [15:0] rest;  // bits of a code that select within its block
  logic load_first, load_second;
  assign base = SW'(load_data[47:32]) << cfg_low;
  assign rest = ~(16'hffff << cfg_low);
  assign load_first = load_valid && load_table == 4'd0;
  assign load_second = load_valid && load_table == 4'd1;
  always_ff @(posedge clk)
    if (!rst_n) {v2, v3} <= 2'd0;
    else if (ce) {v2, v3} <= {v1, v2};
  always_ff @(posedge clk)
    if (ce) begin
      {part2, last2, d2} <= {part1, last1, d1};
      {part3, last3, d3} <= {part2, last2, d2};
    end
  logic [31:0] sum[32];
  for (genvar p = 0; p < 16; p++) begin : g_pair
    // Lanes 0 to 7 give results of up to 32 bits, 8 to 15 of 16; the others serve codes and results of 8.
    localparam int W = p < 4 ? 32 : p < 8 ? 16 : 8;
    localparam int CW = p < 8 ? 16 : 8;
    localparam int FA = p < 8 ? FW : 8;
    localparam int SA = p < 8 ? SW : 8;
    logic fits_first, fits_second;
    logic [CW-1:0] code[2];
    logic [FA-1:0] high[2];
    logic [SA-1:0] inner[2], from[2];
    logic [SA+W-1:0] entry[2];
    logic [W-1:0] addend[2], found[2];
    assign fits_first = (17'(load_addr) >> FA) == 17'd0;
    assign fits_second = (17'(load_addr) >> SA) == 17'd0;
    for (genvar n = 0; n < 2; n++) begin : g_lane
      localparam int L = 2 * p + n;
      if (p < 8)
        assign code[n] = !cfg_item ? {8'd0, d1[8*L+:8]} : cfg_swap ? {d1[16*L+:8], d1[16*L+8+:8]} : d1[16*L+:16];
      else assign code[n] = d1[8*L+:8];
      assign high[n] = FA'(code[n] >> cfg_low);
      assign from[n] = entry[n][SA+W-1:W] | inner[n];
      always_ff @(posedge clk)
        if (ce) begin
          inner[n] <= SA'(code[n] & CW'(rest));
          addend[n] <= entry[n][W-1:0];
        end
      assign sum[L] = 32'(W'(found[n] + addend[n]));
    end
    tdp_ram #(
        .AW(FA),
        .DW(SA + W)
    ) u_first (
        .clk,
        .en_a  (load_first || ce),
        .we_a  (load_first && fits_first),
        .addr_a(load_first ? load_addr[FA-1:0] : high[0]),
        .din_a ({base[SA-1:0], load_data[W-1:0]}),
        .q_a   (entry[0]),
        .en_b  (ce),
        .addr_b(high[1]),
        .q_b   (entry[1])
    );
    tdp_ram #(
        .AW(SA),
        .DW(W)
    ) u_second (
        .clk,
        .en_a  (load_second || ce),
        .we_a  (load_second && fits_second),
        .addr_a(load_second ? load_addr[SA-1:0] : from[0]),
        .din_a (load_data[W-1:0]),
        .q_a   (found[0]),
        .en_b  (ce),
        .addr_b(from[1]),
        .q_b   (found[1])
    );
  end

  // ---- cycle 4: sums fill a beat; two beats of items of 2 bytes fill one with results of 1 ----
  logic narrow, upper;
  assign narrow = part3 == 2'd2 && cfg_item && cfg_size == 2'd0;
  always_ff @(posedge clk)
    if (!rst_n) begin
      m_valid <= 1'b0;
      upper <= 1'b0;
    end else if (ce) begin
      m_valid <= v3 && (!narrow || upper || last3);
      if (v3) upper <= narrow && !upper && !last3;
    end
  always_ff @(posedge clk)
    if (ce && v3) begin
      m_part <= part3;
      m_last <= last3;
      if (part3 != 2'd2) m_data <= d3;
      else if (cfg_size == 2'd2) for (int i = 0; i < 8; i++) m_data[32*i+:32] <= sum[i];
      else if (cfg_size == 2'd1) for (int i = 0; i < 16; i++) m_data[16*i+:16] <= sum[i][15:0];
      else begin
        // The lower half stays until the upper one is there.
        if (!upper) for (int i = 0; i < 16; i++) m_data[8*i+:8] <= sum[i][7:0];
        for (int i = 16; i < 32; i++) m_data[8*i+:8] <= narrow ? sum[i-16][7:0] : sum[i][7:0];
      end
    end
endmodule
