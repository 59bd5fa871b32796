// Bilinear resize of cells by lookups and additions: one beat of cells per cycle, which is 4 gray, 2 RGB or 1
// RGBA pixel. A cell's weight index selects the numbers of its weights; each number and pixel select terms.
// Terms belong to the four neighbours (form `nibble` of docs/tables.md), or to OpenCV's two passes (form
// `products`). With `products`, the index is a column phase (low bits) and a row phase (high bits).
//
// Terms may also belong to one row phase (form `row-pages`). The index is as with products; columns select
// the left and right weights. The row's page must be in one of two banks: entry 2k holds the weight of the
// upper neighbour, 2k + 1 that of the lower.
//
// The lanes' tables use most of a card's memory. With fewer lanes than samples in a beat, a beat takes
// several cycles: half the lanes use half the memory at half the rate.
module resize_cells #(
    parameter int PRODUCTS = 0,  // 1: tables of products
    parameter int LANES = 6,     // samples per cycle: 6, a whole beat of RGB, or 3, 2, 1
    parameter int XW = 14,       // 2^XW weight indexes; with products, phases per axis
    parameter int IW = 10,       // 2^IW weights, at most 12 of which pages use all; with products per axis, at most 7
    parameter int LOADS = 8      // entries of a page that may be written in a cycle: 8 or 1
) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic [  2:0] cfg_channels,   // 1, 3 or 4
    input  logic [ 31:0] cfg_weights,    // number of weight indexes, or columns and rows << 16
    /* verilator lint_off UNUSEDSIGNAL */  // products are rounded already
    input  logic [  5:0] cfg_fraction,
    input  logic [  6:0] cfg_ties,
    input  logic         cfg_paged,      // 1: terms are in pages
    input  logic [ 31:0] pages,          // page in each bank, 16 bits each
    input  logic [  1:0] there,          // bank holds a page
    /* verilator lint_on UNUSEDSIGNAL */
    // Tables are loaded while no packet is inside, pages into the bank that is not read.
    /* verilator lint_off UNUSEDSIGNAL */  // width of the widest tables
    input  logic         load_valid,
    // 0 weights or columns, 1 terms, 3 rows, 4 horizontal, 5, 6 vertical; 15 eight entries of terms.
    input  logic [  3:0] load_table,
    input  logic [ 15:0] load_addr,
    input  logic [255:0] load_data,
    /* verilator lint_on UNUSEDSIGNAL */
    // Beats of cells: two header beats, then the payload.
    input  logic         s_valid,
    output logic         s_ready,
    input  logic [255:0] s_data,
    input  logic [  1:0] s_part,
    input  logic         s_last,
    // Beats of samples. The last beat marks an invalid packet: 1, a weight index is out of range; 2, its page
    // is missing.
    output logic         m_valid,
    input  logic         m_ready,
    output logic [255:0] m_data,
    output logic [  1:0] m_part,
    output logic         m_last,
    output logic [  1:0] m_bad
);
  if (LANES < 1 || 6 % LANES != 0) $error("LANES divides the 6 samples of a beat of RGB");
  if (IW > (PRODUCTS != 0 ? 7 : 12)) $error("a number of a weight has no more bits in an entry");
  logic ce, gray, rgb;
  assign gray = cfg_channels == 3'd1;
  assign rgb = cfg_channels == 3'd3;

  // ---- remaining bytes of cells, and valid cells of the beat ----
  logic [13:0] length, left;
  logic [3:0] mine;
  logic [5:0] bytes;  // samples from this beat, in bytes
  // One step for each LANES samples; `done` counts those of earlier steps.
  logic [2:0] step;
  logic [5:0] done;
  logic stepped;  // last step of the beat
  assign done = 6'(step) * 6'(LANES);
  assign stepped = s_part != 2'd2 || done + 6'(LANES) >= bytes;
  assign s_ready = ce && stepped;
  always_ff @(posedge clk)
    if (!rst_n) step <= '0;
    else if (s_valid && ce) step <= stepped ? '0 : step + 3'd1;
  assign length = s_data[173:160];
  always_ff @(posedge clk)
    if (s_valid && s_ready) begin
      if (s_part == 2'd0) left <= length;
      else if (s_part == 2'd2) left <= left - 14'd32;
    end
  always_comb begin
    for (int c = 0; c < 4; c++) mine[c] = left > 14'(8 * c);
    bytes = gray ? 6'(mine[0]) + 6'(mine[1]) + 6'(mine[2]) + 6'(mine[3]) : rgb ? (mine[2] ? 6'd6 : 6'd3) : 6'd4;
  end

  // ---- cycle 1: weight indexes ----
  // A port is a cell of the beat; if a memory has at least as many ports as there are lanes, it is a lane.
  localparam int COPIES = LANES > 2 ? 2 : 1;
  logic [31:0] index[4], asked[2*COPIES];
  logic [4*IW-1:0] numbers[2*COPIES];
  logic [1:0] beyond;
  logic [3:0] bank;
  logic halves;
  assign halves = PRODUCTS != 0 || cfg_paged;
  always_comb begin
    for (int c = 0; c < 4; c++) begin
      if (gray) index[c] = s_data[64*c+32+:32];
      else if (rgb) index[c] = s_data[128*(c&1)+96+:32];
      else index[c] = s_data[128+:32];
    end
    beyond = 2'd0;
    for (int c = 0; c < 4; c++) begin
      bank[c] = index[c][31:16] == pages[31:16] && there[1];
      if (beyond == 2'd0 && (gray ? mine[c] : c == 0 || (rgb && c == 1 && mine[2]))) begin
        if (halves ? index[c][15:0] >= cfg_weights[15:0] || index[c][31:16] >= cfg_weights[31:16] :
            index[c] >= cfg_weights)
          beyond = 2'd1;
        else if (PRODUCTS == 0 && cfg_paged && !bank[c] && !(index[c][31:16] == pages[15:0] && there[0]))
          beyond = 2'd2;
      end
    end
  end
  always_comb
    for (int c = 0; c < 2 * COPIES; c++) begin
      asked[c] = index[c];
      if (LANES <= 2)
        for (int k = 0; k < 6 / LANES; k++)
          if (step == 3'(k)) asked[c] = rgb ? index[(k*LANES+c%LANES)/3] : index[(k*LANES+c%LANES)%4];
    end
  // Fields of an entry are fixed, whatever the depths: 10 bits per number, 7 with products. Of a page's 2^IW weights a
  // number selects four: two banks, upper and lower.
  localparam int PLACE = PRODUCTS != 0 ? 7 : 10;
  localparam int FIELD = IW < PLACE ? IW : PLACE;
  /* verilator lint_off UNUSEDSIGNAL */  // with products there are two numbers
  logic [4*IW-1:0] entry;
  /* verilator lint_on UNUSEDSIGNAL */
  always_comb for (int n = 0; n < 4; n++) entry[IW*n+:IW] = IW'(load_data[PLACE*n+:FIELD]);
  logic load_first;
  assign load_first = load_valid && load_table == 4'd0;
  for (genvar p = 0; p < COPIES; p++) begin : g_weights
    localparam int NUMBERS = PRODUCTS != 0 ? 2 * IW : 4 * IW;
    tdp_ram #(
        .AW(XW),
        .DW(NUMBERS)
    ) u_weights (
        .clk,
        .en_a  (ce || load_first),
        .we_a  (load_first),
        .addr_a(load_first ? load_addr[XW-1:0] : asked[2*p][XW-1:0]),
        .din_a (entry[NUMBERS-1:0]),
        .q_a   (numbers[2*p][NUMBERS-1:0]),
        .en_b  (ce),
        .addr_b(asked[2*p+1][XW-1:0]),
        .q_b   (numbers[2*p+1][NUMBERS-1:0])
    );
    if (PRODUCTS != 0) begin : g_rows
      logic load_second;
      assign load_second = load_valid && load_table == 4'd3;
      tdp_ram #(
          .AW(XW),
          .DW(2 * IW)
      ) u_rows (
          .clk,
          .en_a  (ce || load_second),
          .we_a  (load_second),
          .addr_a(load_second ? load_addr[XW-1:0] : asked[2*p][16+:XW]),
          .din_a (entry[2*IW-1:0]),
          .q_a   (numbers[2*p][4*IW-1:2*IW]),
          .en_b  (ce),
          .addr_b(asked[2*p+1][16+:XW]),
          .q_b   (numbers[2*p+1][4*IW-1:2*IW])
      );
    end
  end

  // ---- sideband of the samples; header beats pass along and are modified ----
  localparam int STAGES = PRODUCTS != 0 ? 6 : 5;
  logic [STAGES:0] v, l;
  logic [1:0] bad[STAGES+1];
  logic [1:0] part[STAGES+1];
  logic [5:0] count[STAGES+1];
  logic [255:0] d[STAGES+1];
  /* verilator lint_off UNUSEDSIGNAL */  // with six lanes there is one step
  logic [2:0] step1;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [13:0] out_length;
  assign out_length = rgb ? 14'(length[13:4]) * 14'd3 : {3'd0, length[13:3]};
  always_ff @(posedge clk)
    if (!rst_n) v <= '0;
    else if (ce) v <= {v[STAGES-1:1], s_valid, 1'b0};
  always_ff @(posedge clk)
    if (ce) begin
      l <= {l[STAGES-1:1], s_last && stepped, 1'b0};
      bad[1] <= s_part == 2'd2 ? beyond : 2'd0;
      part[1] <= s_part;
      count[1] <= stepped ? bytes - done : 6'(LANES);
      step1 <= step;
      d[1] <= s_data;
      if (s_part == 2'd0) begin
        d[1][47:40] <= 8'd2;
        d[1][175:160] <= {2'd0, out_length};
      end
      for (int k = 2; k <= STAGES; k++) begin
        bad[k] <= bad[k-1];
        part[k] <= part[k-1];
        count[k] <= count[k-1];
        d[k] <= d[k-1];
      end
    end

  // ---- from cycle 2 on: samples, one lane each ----
  logic [2*COPIES-1:0] banks;
  logic [4*IW-1:0] chosen[2*COPIES];  // per port: numbers of the four neighbours' weights
  always_ff @(posedge clk)
    if (ce) for (int c = 0; c < 2 * COPIES; c++) banks[c] <= asked[c][31:16] == pages[31:16] && there[1];
  always_comb
    for (int c = 0; c < 2 * COPIES; c++) begin
      chosen[c] = numbers[c];
      if (PRODUCTS == 0 && cfg_paged)
        for (int n = 0; n < 4; n++) chosen[c][IW*n+:IW] = {banks[c], numbers[c][IW*(n%2)+:IW-2], 1'(n / 2)};
    end
  logic [8*LANES-1:0] samples;
  for (genvar s = 0; s < LANES; s++) begin : g_lane
    logic [31:0] pixels;
    logic [4*IW-1:0] weights;
    always_comb begin
      pixels  = '0;
      weights = '0;
      for (int k = 0; k < 6 / LANES; k++)
        if (k == 0 || step1 == 3'(k)) begin
          for (int n = 0; n < 4; n++) begin
            if (rgb) pixels[8*n+:8] = d[1][128*((k*LANES+s)/3)+24*n+8*((k*LANES+s)%3)+:8];
            else if (gray) pixels[8*n+:8] = d[1][64*((k*LANES+s)%4)+8*n+:8];
            else pixels[8*n+:8] = d[1][32*n+8*((k*LANES+s)%4)+:8];
          end
          if (LANES <= 2) weights = chosen[s%2];
          else weights = chosen[(rgb?(k*LANES+s)/3:gray?(k*LANES+s)%4:0)%(2*COPIES)];
        end
    end
    if (PRODUCTS != 0) begin : g_fixed
      resize_fixed_lane #(
          .IW(IW)
      ) u_lane (
          .clk,
          .ce,
          .load_horizontal(load_valid && load_table == 4'd4),
          .load_high      (load_valid && load_table == 4'd5),
          .load_low       (load_valid && load_table == 4'd6),
          .load_addr      (load_addr[IW+7:0]),
          .load_data      (load_data[26:0]),
          .pixels,
          .weights,
          .sample         (samples[8*s+:8])
      );
    end else begin : g_terms
      resize_lane #(
          .TW   (IW + 4),
          .LOADS(LOADS)
      ) u_lane (
          .clk,
          .ce,
          .cfg_fraction,
          .cfg_ties,
          .load     (load_valid && (load_table == 4'd1 || load_table == 4'd15)),
          .load_wide(load_table == 4'd15),
          .load_addr(load_addr[IW+3:0]),
          .load_data,
          .pixels,
          .weights,
          .sample   (samples[8*s+:8])
      );
    end
  end

  // ---- beats of samples: a packet's last cells may fill one and begin another, so up to two per cycle ----
  logic [303:0] kept, grown;
  logic [5:0] fill, filled;
  logic [1:0] spoiled, is_bad;
  logic two;
  assign is_bad = spoiled != 2'd0 ? spoiled : bad[STAGES];
  logic push;
  logic [1:0] first_part;
  logic [255:0] first;
  // A step may produce fewer samples than there are lanes.
  logic [8*LANES-1:0] made;
  always_comb
    for (int k = 0; k < LANES; k++) made[8*k+:8] = 6'(k) < count[STAGES] ? samples[8*k+:8] : 8'd0;
  assign grown = kept | (304'(made) << {fill, 3'd0});
  assign filled = fill + count[STAGES];
  always_comb begin
    two = 1'b0;
    push = v[STAGES];
    first = d[STAGES];
    first_part = part[STAGES];
    if (part[STAGES] == 2'd2) begin
      push = v[STAGES] && (filled >= 6'd32 || l[STAGES]);
      two = l[STAGES] && filled > 6'd32;
      first = grown[255:0];
    end
  end
  always_ff @(posedge clk)
    if (!rst_n) begin
      kept <= '0;
      fill <= '0;
      spoiled <= 2'd0;
    end else if (ce && v[STAGES]) begin
      if (part[STAGES] != 2'd2 || l[STAGES]) begin
        kept <= '0;
        fill <= '0;
      end else if (filled >= 6'd32) begin
        kept <= {256'd0, grown[303:256]};
        fill <= filled - 6'd32;
      end else begin
        kept <= grown;
        fill <= filled;
      end
      spoiled <= part[STAGES] == 2'd2 && !l[STAGES] ? is_bad : 2'd0;
    end

  // ---- queue of four beats; accepts one or two per cycle ----
  localparam int QW = 261;
  logic [QW-1:0] queue[4], next[4];
  logic [2:0] n, n_next;
  assign ce = n <= 3'd2;
  assign m_valid = n != 3'd0;
  assign {m_bad, m_last, m_part, m_data} = queue[0];
  always_comb begin
    for (int k = 0; k < 4; k++) next[k] = queue[k];
    n_next = n;
    if (m_valid && m_ready) begin
      for (int k = 0; k < 3; k++) next[k] = queue[k+1];
      n_next = n - 3'd1;
    end
    if (ce && push) begin
      next[n_next[1:0]] = {is_bad, l[STAGES] && !two, first_part, first};
      n_next = n_next + 3'd1;
      if (two) begin
        next[n_next[1:0]] = {is_bad, 1'b1, 2'd2, {208'd0, grown[303:256]}};
        n_next = n_next + 3'd1;
      end
    end
  end
  always_ff @(posedge clk) n <= rst_n ? n_next : 3'd0;
  always_ff @(posedge clk) for (int k = 0; k < 4; k++) queue[k] <= next[k];
endmodule
