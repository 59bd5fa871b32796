// The tokenizer: packets of text in, packets of tokens out. Where pieces end is decided on chip; automaton,
// tokens and merges of the vocabulary lie in external memory behind the read channels of an AXI4 port, a beat
// of 16 bytes for each request, with an id.
module packet_tokenize #(
    parameter int AW    = 7,  // 2^AW beats are stored on either side
    parameter int FLOWS = 8,  // flows at once, a power of two
    parameter int FW    = 3,  // log2 of FLOWS
    parameter int KW    = 14, // log2 of the buckets in a bank of the table of pieces
    parameter int WW    = 18, // log2 of the vocabulary's words on chip
    parameter int QW    = 3,  // log2 of the short pieces of a flow that are tokenized at once
    parameter int LANES = 2   // searches of short pieces, 1 or 2
) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         s_axi_control_awvalid,
    output logic         s_axi_control_awready,
    input  logic [ 11:0] s_axi_control_awaddr,
    input  logic         s_axi_control_wvalid,
    output logic         s_axi_control_wready,
    input  logic [ 31:0] s_axi_control_wdata,
    input  logic [  3:0] s_axi_control_wstrb,
    output logic         s_axi_control_bvalid,
    input  logic         s_axi_control_bready,
    output logic [  1:0] s_axi_control_bresp,
    input  logic         s_axi_control_arvalid,
    output logic         s_axi_control_arready,
    input  logic [ 11:0] s_axi_control_araddr,
    output logic         s_axi_control_rvalid,
    input  logic         s_axi_control_rready,
    output logic [ 31:0] s_axi_control_rdata,
    output logic [  1:0] s_axi_control_rresp,
    /* verilator lint_off SYMRSVDWORD */  // Vitis' name
    output logic         interrupt,
    /* verilator lint_on SYMRSVDWORD */
    input  logic         s_axis_table_tvalid,
    output logic         s_axis_table_tready,
    input  logic [ 63:0] s_axis_table_tdata,
    input  logic         s_axis_tvalid,
    output logic         s_axis_tready,
    input  logic [255:0] s_axis_tdata,
    input  logic [ 31:0] s_axis_tkeep,
    input  logic         s_axis_tlast,
    input  logic [ 15:0] s_axis_tdest,
    output logic         m_axis_tvalid,
    input  logic         m_axis_tready,
    output logic [255:0] m_axis_tdata,
    output logic [ 31:0] m_axis_tkeep,
    output logic         m_axis_tlast,
    // Of no use here: answers of flows do not keep the order of their requests, and sockets go one by one.
    output logic [ 15:0] m_axis_tdest,
    // External memory, read.
    output logic         m_axi_table_arvalid,
    input  logic         m_axi_table_arready,
    output logic [  3:0] m_axi_table_arid,
    output logic [ 31:0] m_axi_table_araddr,
    input  logic         m_axi_table_rvalid,
    output logic         m_axi_table_rready,
    input  logic [  3:0] m_axi_table_rid,
    input  logic [127:0] m_axi_table_rdata
);
  localparam int ARGS = 15, MORE = 17;
  /* verilator lint_off UNUSEDSIGNAL */  // arguments are words, whatever they need; no table has pages
  logic [32*ARGS-1:0] cfg;
  logic page_begin, page_done, page_bank, limit_valid;
  logic [15:0] page_number;
  logic [31:0] limit_epoch;
  /* verilator lint_on UNUSEDSIGNAL */
  logic taken, load_valid;
  logic [3:0] load_table;
  logic [15:0] load_addr;
  logic [63:0] load_data;
  logic to_valid, to_ready, to_last, from_valid, from_ready, from_last;
  logic [255:0] to_data, from_data;
  logic [1:0] to_part, from_part;
  logic refuse, another, waits;
  logic [4:0] refuse_reason;
  logic signed [2:0] gained;
  logic [32*MORE-1:0] more;
  packet_shell #(
      .AW   (AW),
      .ARGS (ARGS),
      .MORE (MORE),
      .CARRY(1)
  ) u_shell (
      .from_bad(2'd0),
      .most,
      .epochs  ('0),
      .stalled (waits),
      .swapped (1'b0),
      .over    (1'b0),
      .*
  );
  assign gained = 3'(another) - 3'(refuse);

  // ---- a flow's buffer holds 2^LW beats; parts of an answer that its store does not hold: no packet ----
  localparam int LW = 6;
  logic [16:0] part_bits;
  logic [13:0] most;
  assign part_bits = 17'(cfg[32*11+:12]) * (17'(cfg[32*12+:5]) + 17'd1);
  assign most = 32'(part_bits) <= 32'(256 * 2 ** AW) ? 14'(32 * 2 ** LW) : '0;

  logic [29:0] looked;
  logic [6:0] steps;
  logic [19:0] ask_word;
  tokenize_flows #(
      .FLOWS(FLOWS),
      .FW   (FW),
      .LW   (LW),
      .KW   (KW),
      .WW   (WW),
      .QW   (QW),
      .LANES(LANES)
  ) u_flows (
      .clk,
      .rst_n,
      .clear    (taken),
      .cfg      (cfg[32*(ARGS-1)-1:32*4]),
      .load_valid,
      .load_table,
      .load_addr,
      .load_data,
      .s_valid  (to_valid),
      .s_ready  (to_ready),
      .s_data   (to_data),
      .s_part   (to_part),
      .s_last   (to_last),
      .m_valid  (from_valid),
      .m_ready  (from_ready),
      .m_data   (from_data),
      .m_part   (from_part),
      .m_last   (from_last),
      .refuse,
      .refuse_reason,
      .another,
      .ask_valid(m_axi_table_arvalid),
      .ask_ready(m_axi_table_arready),
      .ask_id     (m_axi_table_arid),
      .ask_word,
      .reply_valid(m_axi_table_rvalid),
      .reply_ready(m_axi_table_rready),
      .reply_id   (m_axi_table_rid),
      .reply_data (m_axi_table_rdata),
      .looked,
      .steps,
      .waits
  );
  assign m_axi_table_araddr = {8'd0, ask_word, 4'd0};

  // ---- lookups, as kernels/rtl/registers.ts names them, and bytes of text ----
  logic [31:0] counted[10];
  logic [31:0] bytes;
  logic [31:0] taken_steps[6];  // cutter, table, walk, runs, answer, searches
  always_ff @(posedge clk)
    if (!rst_n) begin
      for (int n = 0; n < 10; n++) counted[n] <= '0;
      bytes <= '0;
      for (int n = 0; n < 6; n++) taken_steps[n] <= '0;
    end else begin
      for (int n = 0; n < 10; n++) counted[n] <= counted[n] + {29'd0, looked[3*n+:3]};
      for (int n = 0; n < 5; n++) taken_steps[n] <= taken_steps[n] + {31'd0, steps[n]};
      taken_steps[5] <= taken_steps[5] + {30'd0, steps[6:5]};
      if (to_valid && to_ready && to_part == 2'd0) bytes <= bytes + {16'd0, to_data[175:160]};
    end
  for (genvar n = 0; n < 10; n++) begin : g_more
    assign more[32*n+:32] = counted[n];
  end
  assign more[32*10+:32] = bytes;
  for (genvar n = 0; n < 6; n++) begin : g_steps
    assign more[32*(11+n)+:32] = taken_steps[n];
  end
endmodule
