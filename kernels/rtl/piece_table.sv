// Exact table of pieces that are one token. Pieces of up to 15 bytes are looked up whole, in one cycle: two
// hashes select a bucket in each of two banks, and the four entries are compared with all bytes. A hit is the
// piece's token; a miss goes to `bpe_walk`. `kernels/tokenize/piece_table.ts` fills the table.
//
// Pipelined: a lookup begins every cycle and ends seven cycles later.
module piece_table #(
    parameter int FLOWS = 8,
    parameter int FW    = 3,
    parameter int KW    = 14  // log2 of the buckets in a bank
) (
    input  logic                clk,
    input  logic                rst_n,
    input  logic [      KW-1:0] cfg_mask,      // buckets of a bank, minus one
    input  logic                load_valid,    // tables 4 to 7: entry n / 4, its bits from 35 * (n mod 4) on
    input  logic [         3:0] load_table,
    input  logic [        15:0] load_addr,
    /* verilator lint_off UNUSEDSIGNAL */  // words of the stream have 64 bits
    input  logic [        63:0] load_data,
    /* verilator lint_on UNUSEDSIGNAL */
    input  logic [   FLOWS-1:0] mine,
    output logic                pass,          // a flow leaves
    output logic [      FW-1:0] pass_flow,
    output logic                pass_hit,      // to `token_runs` with its token; otherwise to the walk
    // Piece of each flow: first byte, and end.
    input  logic [10*FLOWS-1:0] bases,
    input  logic [10*FLOWS-1:0] accepts,
    input  logic                ring_write,
    input  logic [      FW+8:0] ring_address,
    input  logic [         7:0] ring_octet,
    output logic [16*FLOWS-1:0] tokens
);
  localparam int ENTRY = 140;  // bits: token 16, length 4, bytes 120
  localparam int HASH = 28;

  // ---- first cycle: arbitration ----
  logic picked, a_valid;
  logic [FW-1:0] pick, a;
  logic [FLOWS-1:0] flying;
  flow_pick #(
      .FLOWS(FLOWS),
      .FW   (FW)
  ) u_pick (
      .clk,
      .rst_n,
      .able (mine & ~flying),
      .valid(picked),
      .flow (pick)
  );
  logic [8:0] a_base;
  logic [3:0] a_length;
  always_ff @(posedge clk) begin
    a <= pick;
    a_base <= bases[10*pick+:9];
    a_length <= accepts[10*pick+:4] - bases[10*pick+:4];
  end

  // ---- second cycle: the bytes are read from 16 banks, whatever their alignment ----
  logic [127:0] q_bytes;
  for (genvar n = 0; n < 16; n++) begin : g_bank
    (* ram_style = "distributed" *) logic [7:0] octets[2**(FW+5)];
    logic [4:0] row;  // of the first byte of the bank from the piece's first byte on
    assign row = 5'((a_base + 9'(15 - n)) >> 4);
    always_ff @(posedge clk) begin
      if (ring_write && ring_address[3:0] == 4'(n)) octets[ring_address[FW+8:4]] <= ring_octet;
      q_bytes[8*n+:8] <= octets[{a, row}];
    end
  end

  // ---- third cycle: bytes in order, those behind the piece zero ----
  logic b_valid, c_valid, d_valid, e_valid, f_valid;
  logic [FW-1:0] b, c, d, e, f;
  logic [3:0] b_length, b_turn;
  logic [127:0] turned;
  logic [123:0] c_key, d_key, e_key;  // length, then bytes
  assign turned = 128'({q_bytes, q_bytes} >> {b_turn, 3'd0});
  always_ff @(posedge clk) begin
    b <= a;
    b_length <= a_length;
    b_turn <= a_base[3:0];
    c <= b;
    c_key[3:0] <= b_length;
    for (int n = 0; n < 15; n++) c_key[4+8*n+:8] <= 4'(n) < b_length ? turned[8*n+:8] : 8'd0;
  end

  // ---- fourth cycle: each bit of the hash is a sum of bits of the key ----
  // Whether each bit of the key counts for a bit of the hash, by a xorshift generator.
  function automatic logic [123:0] mask_of(input logic [4:0] place);
    logic [31:0] mixed;
    mixed = 32'h9e3779b9;
    mask_of = '0;
    for (int n = 0; n < 124; n++) begin
      mixed = mixed ^ (mixed << 13);
      mixed = mixed ^ (mixed >> 17);
      mixed = mixed ^ (mixed << 5);
      mask_of[n] = mixed[place];
    end
  endfunction
  /* verilator lint_off UNUSEDSIGNAL */  // smaller tables use fewer bits
  logic [HASH-1:0] hash;
  logic [15:0] entry;
  /* verilator lint_on UNUSEDSIGNAL */
  for (genvar n = 0; n < HASH; n++) begin : g_hash
    localparam logic [123:0] MASK = mask_of(5'(n));
    assign hash[n] = ^(c_key & MASK);
  end
  logic [KW-1:0] d_bucket[2];
  always_ff @(posedge clk) begin
    d <= c;
    d_key <= c_key;
    d_bucket[0] <= hash[KW-1:0] & cfg_mask;
    d_bucket[1] <= hash[KW+13:14] & cfg_mask;
  end

  // ---- fifth cycle: buckets; entry e is in way e[1] of bank e[0] ----
  logic [3*35-1:0] parts;
  logic writes;
  assign entry = {load_table[1:0], load_addr[15:2]};
  assign writes = load_valid && load_table[3:2] == 2'd1 && load_addr[1:0] == 2'd3;
  always_ff @(posedge clk)
    if (load_valid)
      for (int n = 0; n < 3; n++) if (load_addr[1:0] == 2'(n)) parts[35*n+:35] <= load_data[34:0];

  // ---- sixth cycle: comparison ----
  logic [3:0] same;
  logic [15:0] found[4];
  for (genvar n = 0; n < 4; n++) begin : g_way
    (* ram_style = "ultra" *) logic [ENTRY-1:0] entries[2**KW];
    logic [ENTRY-1:0] q_entry;
    always_ff @(posedge clk) begin
      if (writes && entry[1:0] == 2'(n)) entries[entry[KW+1:2]] <= {load_data[34:0], parts};
      q_entry <= entries[d_bucket[n%2]];
      same[n] <= q_entry[ENTRY-1:16] == e_key;
      found[n] <= q_entry[15:0];
    end
  end
  always_ff @(posedge clk) begin
    e <= d;
    e_key <= d_key;
    f <= e;
  end

  // ---- seventh cycle: the token ----
  logic [15:0] token_q[FLOWS];
  always_ff @(posedge clk) begin
    pass_flow <= f;
    pass_hit <= |same;
    if (f_valid)
      token_q[f] <= {16{same[0]}} & found[0] | {16{same[1]}} & found[1] | {16{same[2]}} & found[2] |
          {16{same[3]}} & found[3];
  end
  always_ff @(posedge clk)
    if (!rst_n) begin
      {a_valid, b_valid, c_valid, d_valid, e_valid, f_valid, pass} <= '0;
      flying <= '0;
    end else begin
      {a_valid, b_valid, c_valid, d_valid, e_valid, f_valid, pass} <= {
        picked, a_valid, b_valid, c_valid, d_valid, e_valid, f_valid
      };
      flying <= (flying | (FLOWS'(picked) << pick)) & ~(FLOWS'(pass) << pass_flow);
    end
  for (genvar n = 0; n < FLOWS; n++) begin : g_flow
    assign tokens[16*n+:16] = token_q[n];
  end
endmodule
