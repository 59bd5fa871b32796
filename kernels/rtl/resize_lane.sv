// One sample: four neighbours, each looked up as two nibbles, summed and rounded. Latency: three cycles after
// the lookup address.
//
// Terms are in two banks, the upper half of the weights in the second. Each bank is a separate memory, so one
// can be written while the other is read.
module resize_lane #(
    parameter int TW = 13,    // 2^TW entries of terms: 2^(TW-4) weights of 16 nibbles
    parameter int LOADS = 8   // entries that may be written in a cycle: 8 or 1
) (
    input  logic            clk,
    input  logic            ce,
    input  logic [     5:0] cfg_fraction,
    input  logic [     6:0] cfg_ties,      // a sum less than this above a half is a tie; 0 rounds ties up
    input  logic            load,
    input  logic            load_wide,     // 8 entries are written, from a multiple of 8 on
    input  logic [  TW-1:0] load_addr,
    /* verilator lint_off UNUSEDSIGNAL */  // one entry is the lowest
    input  logic [   255:0] load_data,
    /* verilator lint_on UNUSEDSIGNAL */
    input  logic [    31:0] pixels,        // four neighbours
    input  logic [4*TW-17:0] weights,      // weights of the four neighbours
    output logic [     7:0] sample
);
  localparam int IW = TW - 4;
  if (LOADS != 8 && LOADS != 1) $error("8 entries are written in a cycle, or one");
  logic [35:0] term[4];
  /* verilator lint_off UNUSEDSIGNAL */  // without wide writes
  logic [7:0] lanes;
  logic [255:0] entries;
  /* verilator lint_on UNUSEDSIGNAL */
  assign lanes = load_wide ? 8'hff : 8'd1 << load_addr[2:0];
  assign entries = load_wide ? load_data : {8{load_data[31:0]}};
  for (genvar n = 0; n < 4; n++) begin : g_neighbour
    logic [63:0] high, low;  // data of the first and second bank
    logic [IW-1:0] weight;
    logic bank;  // bank that was read
    assign weight = weights[IW*n+:IW];
    for (genvar b = 0; b < 2; b++) begin : g_bank
      logic read, write;
      logic [TW-2:0] upper, lower;
      assign upper = write ? load_addr[TW-2:0] : {weight[IW-2:0], pixels[8*n+4+:4]};
      assign lower = {weight[IW-2:0], pixels[8*n+:4]};
      assign read = ce && weight[IW-1] == 1'(b);
      assign write = load && load_addr[TW-1] == 1'(b);
      if (LOADS == 8) begin : g_wide
        wide_ram #(
            .AW(TW - 1)
        ) u_terms (
            .clk,
            .en_a   (read || write),
            .we_a   (write),
            .lanes_a(lanes),
            .addr_a (upper),
            .din_a  (entries),
            .q_a    (high[32*b+:32]),
            .en_b   (read),
            .addr_b (lower),
            .q_b    (low[32*b+:32])
        );
      end else begin : g_narrow
        tdp_ram #(
            .AW(TW - 1),
            .DW(32)
        ) u_terms (
            .clk,
            .en_a  (read || write),
            .we_a  (write),
            .addr_a(upper),
            .din_a (load_data[31:0]),
            .q_a   (high[32*b+:32]),
            .en_b  (read),
            .addr_b(lower),
            .q_b   (low[32*b+:32])
        );
      end
    end
    always_ff @(posedge clk)
      if (ce) begin
        bank <= weight[IW-1];
        term[n] <= {bank ? high[63:32] : high[31:0], 4'd0} + {4'd0, bank ? low[63:32] : low[31:0]};
      end
  end

  logic [37:0] sum, half, rest;
  assign half = cfg_fraction == 6'd0 ? 38'd0 : 38'd1 << (cfg_fraction - 6'd1);
  always_ff @(posedge clk)
    if (ce) sum <= {2'd0, term[0]} + {2'd0, term[1]} + {2'd0, term[2]} + {2'd0, term[3]} + half;

  /* verilator lint_off UNUSEDSIGNAL */  // weights sum to 1, so a level has 8 bits
  logic [37:0] level;
  /* verilator lint_on UNUSEDSIGNAL */
  assign level = sum >> cfg_fraction;
  assign rest = sum & ~(38'h3f_ffff_ffff << cfg_fraction);
  always_ff @(posedge clk)
    if (ce) sample <= {level[7:1], level[0] && rest >= {31'd0, cfg_ties}};
endmodule
