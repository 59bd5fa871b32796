// One sample: four neighbours, each looked up as two nibbles, summed and rounded. Three cycles behind the
// lookup's address.
module resize_lane #(
    parameter int TW = 13  // 2^TW entries of terms: 2^(TW-4) weights of 16 nibbles
) (
    input  logic            clk,
    input  logic            ce,
    input  logic [     5:0] cfg_fraction,
    input  logic [     6:0] cfg_ties,      // units below which a rounded sum is a tie; 0 rounds ties up
    input  logic            load,
    input  logic [  TW-1:0] load_addr,
    input  logic [    31:0] load_data,
    input  logic [    31:0] pixels,        // of the four neighbours
    input  logic [4*TW-17:0] weights,      // of the four neighbours
    output logic [     7:0] sample
);
  localparam int IW = TW - 4;
  logic [35:0] term[4];
  for (genvar n = 0; n < 4; n++) begin : g_neighbour
    logic [31:0] high, low;
    logic [IW-1:0] weight;
    assign weight = weights[IW*n+:IW];
    tdp_ram #(
        .AW(TW),
        .DW(32)
    ) u_terms (
        .clk,
        .en_a  (ce || load),
        .we_a  (load),
        .addr_a(load ? load_addr : {weight, pixels[8*n+4+:4]}),
        .din_a (load_data),
        .q_a   (high),
        .en_b  (ce),
        .addr_b({weight, pixels[8*n+:4]}),
        .q_b   (low)
    );
    always_ff @(posedge clk) if (ce) term[n] <= {high, 4'd0} + {4'd0, low};
  end

  logic [37:0] sum, half, rest;
  assign half = cfg_fraction == 6'd0 ? 38'd0 : 38'd1 << (cfg_fraction - 6'd1);
  always_ff @(posedge clk)
    if (ce) sum <= {2'd0, term[0]} + {2'd0, term[1]} + {2'd0, term[2]} + {2'd0, term[3]} + half;

  /* verilator lint_off UNUSEDSIGNAL */  // weights sum to 1: a level has 8 bits
  logic [37:0] level;
  /* verilator lint_on UNUSEDSIGNAL */
  assign level = sum >> cfg_fraction;
  assign rest = sum & ~(38'h3f_ffff_ffff << cfg_fraction);
  always_ff @(posedge clk)
    if (ce) sample <= {level[7:1], level[0] && rest >= {31'd0, cfg_ties}};
endmodule
