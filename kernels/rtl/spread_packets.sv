// Kernels behind one stream of 512 bits, for the tests of `spread_hub`. All take the same registers and tables;
// counters are summed, and packets in the hub's queues count as present.
module spread_packets #(
    parameter int LN    = 2,   // log2 of the instances
    parameter int IMAGE = 0,   // 0: echoes, by flow; 1: image pipelines, whose packets are placed
    parameter int LANES = 6,   // as of packet_image
    parameter int XW    = 11,
    parameter int IW    = 7
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
    /* verilator lint_off UNUSEDSIGNAL */  // an echo takes 64 bits
    input  logic [255:0] s_axis_table_tdata,
    /* verilator lint_on UNUSEDSIGNAL */
    input  logic         s_axis_tvalid,
    output logic         s_axis_tready,
    input  logic [511:0] s_axis_tdata,
    input  logic [ 63:0] s_axis_tkeep,
    input  logic         s_axis_tlast,
    input  logic [ 15:0] s_axis_tdest,
    output logic         m_axis_tvalid,
    input  logic         m_axis_tready,
    output logic [511:0] m_axis_tdata,
    output logic [ 63:0] m_axis_tkeep,
    output logic         m_axis_tlast,
    output logic [ 15:0] m_axis_tdest
);
  localparam int N = 2 ** LN;
  localparam int W = 512 + 64 + 16;

  // ---- packets: spread, narrowed, processed, widened, joined ----
  logic [N-1:0] lane_valid, lane_ready, lane_last, entered, left, back_valid, back_ready, back_last;
  logic [N*W-1:0] lane_data, back_data;
  logic [32*N-1:0] read;
  logic [N-1:0] table_ready, table_taken;
  /* verilator lint_off UNUSEDSIGNAL */  // all instances answer a register in the same cycle
  logic [N-1:0] aw_ready, w_ready, b_valid, ar_ready, r_valid, irq;
  logic [2*N-1:0] b_resp, r_resp;
  /* verilator lint_on UNUSEDSIGNAL */
  spread_hub #(
      .LN(LN),
      .W(W),
      .PLACED(IMAGE)
  ) u_hub (
      .clk,
      .rst_n,
      .s_valid(s_axis_tvalid),
      .s_ready(s_axis_tready),
      .s_last(s_axis_tlast),
      .s_data({s_axis_tdest, s_axis_tkeep, s_axis_tdata}),
      .to_valid(lane_valid),
      .to_ready(lane_ready),
      .to_last(lane_last),
      .to_data(lane_data),
      .from_valid(back_valid),
      .from_ready(back_ready),
      .from_last(back_last),
      .from_data(back_data),
      .m_valid(m_axis_tvalid),
      .m_ready(m_axis_tready),
      .m_last(m_axis_tlast),
      .m_data({m_axis_tdest, m_axis_tkeep, m_axis_tdata})
  );
  for (genvar n = 0; n < N; n++) begin : g_lane
    logic to_valid, to_ready, to_last, from_valid, from_ready, from_last;
    logic [15:0] to_dest, from_dest;
    logic [255:0] to_data, from_data;
    logic [31:0] to_keep, from_keep;
    axis_512_to_256 u_split (
        .clk,
        .rst_n,
        .s_valid(lane_valid[n]),
        .s_ready(lane_ready[n]),
        .s_data (lane_data[W*n+:512]),
        .s_keep (lane_data[W*n+512+:64]),
        .s_last (lane_last[n]),
        .s_user (lane_data[W*n+576+:16]),
        .m_valid(to_valid),
        .m_ready(to_ready),
        .m_data (to_data),
        .m_keep (to_keep),
        .m_last (to_last),
        .m_user (to_dest)
    );
    if (IMAGE != 0) begin : g_image
      packet_image #(
          .LANES(LANES),
          .XW(XW),
          .IW(IW)
      ) u_image (
          .clk,
          .rst_n,
          .s_axi_control_awvalid,
          .s_axi_control_awready(aw_ready[n]),
          .s_axi_control_awaddr,
          .s_axi_control_wvalid,
          .s_axi_control_wready(w_ready[n]),
          .s_axi_control_wdata,
          .s_axi_control_wstrb,
          .s_axi_control_bvalid(b_valid[n]),
          .s_axi_control_bready,
          .s_axi_control_bresp(b_resp[2*n+:2]),
          .s_axi_control_arvalid,
          .s_axi_control_arready(ar_ready[n]),
          .s_axi_control_araddr,
          .s_axi_control_rvalid(r_valid[n]),
          .s_axi_control_rready,
          .s_axi_control_rdata(read[32*n+:32]),
          .s_axi_control_rresp(r_resp[2*n+:2]),
          .interrupt(irq[n]),
          .s_axis_table_tvalid(s_axis_table_tvalid && !table_taken[n]),
          .s_axis_table_tready(table_ready[n]),
          .s_axis_table_tdata,
          .s_axis_tvalid(to_valid),
          .s_axis_tready(to_ready),
          .s_axis_tdata(to_data),
          .s_axis_tkeep(to_keep),
          .s_axis_tlast(to_last),
          .s_axis_tdest(to_dest),
          .m_axis_tvalid(from_valid),
          .m_axis_tready(from_ready),
          .m_axis_tdata(from_data),
          .m_axis_tkeep(from_keep),
          .m_axis_tlast(from_last),
          .m_axis_tdest(from_dest)
      );
    end else begin : g_echo
      packet_echo u_echo (
          .clk,
          .rst_n,
          .s_axi_control_awvalid,
          .s_axi_control_awready(aw_ready[n]),
          .s_axi_control_awaddr,
          .s_axi_control_wvalid,
          .s_axi_control_wready(w_ready[n]),
          .s_axi_control_wdata,
          .s_axi_control_wstrb,
          .s_axi_control_bvalid(b_valid[n]),
          .s_axi_control_bready,
          .s_axi_control_bresp(b_resp[2*n+:2]),
          .s_axi_control_arvalid,
          .s_axi_control_arready(ar_ready[n]),
          .s_axi_control_araddr,
          .s_axi_control_rvalid(r_valid[n]),
          .s_axi_control_rready,
          .s_axi_control_rdata(read[32*n+:32]),
          .s_axi_control_rresp(r_resp[2*n+:2]),
          .interrupt(irq[n]),
          .s_axis_table_tvalid(s_axis_table_tvalid && !table_taken[n]),
          .s_axis_table_tready(table_ready[n]),
          .s_axis_table_tdata(s_axis_table_tdata[63:0]),
          .s_axis_tvalid(to_valid),
          .s_axis_tready(to_ready),
          .s_axis_tdata(to_data),
          .s_axis_tkeep(to_keep),
          .s_axis_tlast(to_last),
          .s_axis_tdest(to_dest),
          .m_axis_tvalid(from_valid),
          .m_axis_tready(from_ready),
          .m_axis_tdata(from_data),
          .m_axis_tkeep(from_keep),
          .m_axis_tlast(from_last),
          .m_axis_tdest(from_dest)
      );
    end
    assign entered[n] = to_valid && to_ready && to_last;
    assign left[n] = from_valid && from_ready && from_last;
    axis_256_to_512 u_pack (
        .clk,
        .rst_n,
        .s_valid(from_valid),
        .s_ready(from_ready),
        .s_data (from_data),
        .s_keep (from_keep),
        .s_last (from_last),
        .s_user (from_dest),
        .m_valid(back_valid[n]),
        .m_ready(back_ready[n]),
        .m_data (back_data[W*n+:512]),
        .m_keep (back_data[W*n+512+:64]),
        .m_last (back_last[n]),
        .m_user (back_data[W*n+576+:16])
    );
  end

  // ---- registers: writes go to all; a counter is the sum, an argument that of the first ----
  localparam logic [11:0] PRESENT = 12'h200 + 12'd4 * 12'd28;
  assign s_axi_control_awready = aw_ready[0];
  assign s_axi_control_wready = w_ready[0];
  assign s_axi_control_bvalid = b_valid[0];
  assign s_axi_control_bresp = b_resp[1:0];
  assign s_axi_control_arready = ar_ready[0];
  assign s_axi_control_rvalid = r_valid[0];
  assign s_axi_control_rresp = r_resp[1:0];
  assign interrupt = irq[0];
  // A word stays until each instance has taken it, one after another if need be: readiness depends on the word.
  assign s_axis_table_tready = &(table_ready | table_taken);
  always_ff @(posedge clk)
    if (!rst_n || s_axis_table_tready) table_taken <= '0;
    else if (s_axis_table_tvalid) table_taken <= table_taken | table_ready;
  logic [11:0] address;
  always_ff @(posedge clk)
    if (s_axi_control_arvalid && s_axi_control_arready) address <= s_axi_control_araddr;
  // Packets before the instances, and answers behind them.
  logic [31:0] outside, in_count, out_count, sum;
  always_comb begin
    in_count = 32'(s_axis_tvalid && s_axis_tready && s_axis_tlast);
    out_count = 32'(m_axis_tvalid && m_axis_tready && m_axis_tlast);
    sum = 32'd0;
    for (int n = 0; n < N; n++) begin
      in_count  = in_count + 32'(left[n]);
      out_count = out_count + 32'(entered[n]);
      sum = sum + read[32*n+:32];
    end
  end
  always_ff @(posedge clk) outside <= rst_n ? outside + in_count - out_count : 32'd0;
  assign s_axi_control_rdata = address < 12'h200 ? read[31:0] : address == PRESENT ? sum + outside : sum;
endmodule
