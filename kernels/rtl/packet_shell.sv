// What every kernel has around its core: registers, counters, tables' loads, and the packet path. Packets
// that pass the checks go to the core beat by beat, and what it makes of them leaves as packets.
//
// Arguments are taken when no packet is inside and no table is under way, and packets wait at the door for
// that: a plan is changed between two packets and never within one. Only pages come beside packets. Packets of
// a plan are dropped until all entries of its tables have been loaded.
module packet_shell #(
    parameter int AW   = 7,  // 2^AW beats are stored on either side
    parameter int ARGS = 4,
    parameter int BANK = 13,  // bit of an address of terms that chooses the bank
    parameter int LW   = 64,  // bits of the stream of tables: 64 or 256
    parameter int MORE = 1,   // counters of the core's own
    parameter int CARRY = 0,  // 1: the core fills in the header's carry; 0: it leaves zero
    parameter int OVER = 17   // number of the reason why the core drops a packet
) (
    input  logic               clk,
    input  logic               rst_n,
    // Registers.
    input  logic               s_axi_control_awvalid,
    output logic               s_axi_control_awready,
    input  logic [       11:0] s_axi_control_awaddr,
    input  logic               s_axi_control_wvalid,
    output logic               s_axi_control_wready,
    input  logic [       31:0] s_axi_control_wdata,
    input  logic [        3:0] s_axi_control_wstrb,
    output logic               s_axi_control_bvalid,
    input  logic               s_axi_control_bready,
    output logic [        1:0] s_axi_control_bresp,
    input  logic               s_axi_control_arvalid,
    output logic               s_axi_control_arready,
    input  logic [       11:0] s_axi_control_araddr,
    output logic               s_axi_control_rvalid,
    input  logic               s_axi_control_rready,
    output logic [       31:0] s_axi_control_rdata,
    output logic [        1:0] s_axi_control_rresp,
    output logic               interrupt,
    // Tables.
    input  logic               s_axis_table_tvalid,
    output logic               s_axis_table_tready,
    input  logic [     LW-1:0] s_axis_table_tdata,
    // Packets.
    input  logic               s_axis_tvalid,
    output logic               s_axis_tready,
    input  logic [      255:0] s_axis_tdata,
    input  logic [       31:0] s_axis_tkeep,
    input  logic               s_axis_tlast,
    input  logic [       15:0] s_axis_tdest,
    output logic               m_axis_tvalid,
    input  logic               m_axis_tready,
    output logic [      255:0] m_axis_tdata,
    output logic [       31:0] m_axis_tkeep,
    output logic               m_axis_tlast,
    output logic [       15:0] m_axis_tdest,
    // To the core: the arguments in use, its tables, and beats.
    output logic [32*ARGS-1:0] cfg,
    output logic               taken,
    output logic               load_valid,
    output logic [        3:0] load_table,
    output logic [       15:0] load_addr,
    output logic [     LW-1:0] load_data,
    output logic               page_begin,
    output logic               page_done,
    output logic               page_bank,
    output logic [       15:0] page_number,
    output logic               limit_valid,
    output logic [       31:0] limit_epoch,
    output logic               to_valid,
    input  logic               to_ready,
    output logic [      255:0] to_data,
    output logic [        1:0] to_part,
    output logic               to_last,
    // From the core.
    input  logic [       13:0] most,         // longest payload, in bytes, whose answer the core can make
    input  logic               from_valid,
    output logic               from_ready,
    input  logic [      255:0] from_data,
    input  logic [        1:0] from_part,
    input  logic               from_last,
    input  logic [        1:0] from_bad,     // 0, or why the packet is not to leave
    input  logic [       31:0] epochs,
    input  logic               stalled,
    input  logic               swapped,
    input  logic               over,         // the core has dropped a packet
    // Of a core whose packets bring several answers or none: what it gained since the last cycle, in packets
    // and in what it counts as such, and a packet that it refused.
    input  logic signed [ 2:0] gained,
    input  logic               refuse,
    input  logic [        4:0] refuse_reason,
    input  logic [32*MORE-1:0] more          // what the core counts itself
);
  // ---- which packets are inside ----
  logic [9:0] present;
  logic begun;  // the packet's first beat has come
  logic open, enters, leaves, drop, late, idle, beat_in, beat_out;
  logic [3:0] drop_reason;
  logic [1:0] late_reason;
  assign idle = present == 10'd0 && !begun;
  assign beat_in = s_axis_tvalid && s_axis_tready;
  assign beat_out = m_axis_tvalid && m_axis_tready;
  assign enters = beat_in && !begun;
  assign leaves = beat_out && m_axis_tlast;
  always_ff @(posedge clk)
    if (!rst_n) begin
      present <= '0;
      begun <= 1'b0;
    end else begin
      present <= present + 10'(enters) - 10'(leaves) - 10'(drop) - 10'(late) - 10'(over) +
          10'(gained);
      if (beat_in) begun <= !s_axis_tlast;
    end

  // ---- arguments and tables change while none is ----
  logic start, hold, busy, entry, loading, in_ready;
  logic [32*ARGS-1:0] args;
  assign taken = start && idle && !busy;
  assign open = begun || !(start || hold);
  assign s_axis_tready = in_ready && open;
  always_ff @(posedge clk)
    if (!rst_n) cfg <= '0;
    else if (taken) cfg <= args;

  // ---- tables are of one plan; that is known over a reset, which tables outlive ----
  // The last argument is the number of the tables' entries. Another plan, or one whose tables were never
  // complete, needs all of them.
  logic [31:0] tables_plan;
  logic [31:0] missing = '1;
  logic complete, same;
  assign complete = missing == 32'd0;
  assign same = args[31:0] == tables_plan && complete;
  always_ff @(posedge clk)
    if (taken) begin
      tables_plan <= args[31:0];
      if (!same) missing <= args[32*ARGS-1-:32];
    end else if (entry && !complete) missing <= missing - 32'd1;

  // ---- longer payloads than the stores hold would never pass, so they are dropped ----
  // The door takes no beat while its store is full, not even one that it only skips: a packet leaves one free.
  localparam logic [31:0] HELD = 32 * (2 ** AW - 3);
  logic [13:0] longest;
  logic [31:0] limit;
  assign limit = 32'(most) < HELD ? 32'(most) : HELD;
  always_ff @(posedge clk) longest <= cfg[95:64] > limit ? 14'(limit) : cfg[77:64];

  localparam int COUNTS = 29;
  logic [32*COUNTS-1:0] common;
  logic [32*(COUNTS+MORE)-1:0] counts;
  assign counts = {more, common};
  axil_control #(
      .ARGS  (ARGS),
      .COUNTS(COUNTS + MORE)
  ) u_control (
      .*
  );
  packet_counters #(
      .COUNTS(COUNTS),
      .OVER  (OVER)
  ) u_counters (
      .clk,
      .rst_n,
      .present,
      .working   (enters || !idle),
      .loading,
      .stalled,
      .swapped,
      .beat_in,
      .beat_out,
      .packet_out(leaves),
      .drop,
      .drop_reason,
      .late,
      .late_reason,
      .over,
      .refuse,
      .refuse_reason,
      .counts    (common)
  );
  table_loader #(
      .BANK(BANK),
      .LW  (LW)
  ) u_loader (
      .*
  );

  // ---- the packet path ----
  packet_in #(
      .AW(AW)
  ) u_in (
      .clk,
      .rst_n,
      .cfg_plan     (cfg[31:0]),
      .cfg_kind     (cfg[39:32]),
      .cfg_longest  (longest),
      .cfg_complete (complete),
      .cfg_item     (cfg[98:96]),
      .cfg_third    (cfg[104]),
      .s_axis_tvalid(s_axis_tvalid && open),
      .s_axis_tready(in_ready),
      .s_axis_tdata,
      .s_axis_tkeep,
      .s_axis_tlast,
      .s_axis_tdest,
      .m_valid      (to_valid),
      .m_ready      (to_ready),
      .m_data       (to_data),
      .m_part       (to_part),
      .m_last       (to_last),
      .m_dest       (to_dest),
      .drop,
      .drop_reason
  );
  // An answer goes where its packet came from. The core keeps the order and makes one of each packet that it
  // is given, so a queue beside it knows; its entries are more than the packets that have room inside.
  logic [15:0] to_dest, from_dest;
  logic answered;
  beat_fifo #(
      .W (16),
      .AW(AW < 7 ? 8 : AW + 1)
  ) u_dests (
      .clk,
      .rst_n,
      .s_valid(to_valid && to_ready && to_last && !over),
      /* verilator lint_off PINCONNECTEMPTY */
      .s_ready(),
      .s_data (to_dest),
      .m_valid(),
      /* verilator lint_on PINCONNECTEMPTY */
      .m_ready(answered),
      .m_data (from_dest)
  );
  packet_out #(
      .AW   (AW),
      .CARRY(CARRY)
  ) u_out (
      .clk,
      .rst_n,
      .s_valid(from_valid),
      .s_ready(from_ready),
      .s_data (from_data),
      .s_part (from_part),
      .s_last (from_last),
      .s_bad  (from_bad),
      .s_dest (from_dest),
      .s_dest_ready(answered),
      .m_axis_tvalid,
      .m_axis_tready,
      .m_axis_tdata,
      .m_axis_tkeep,
      .m_axis_tlast,
      .m_axis_tdest,
      .late,
      .late_reason
  );
endmodule
