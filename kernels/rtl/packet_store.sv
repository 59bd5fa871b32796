// Packet mover, write side: stores answers from a stream in memory slots, and their outcome in the status
// block before them. An answer's length is in its header. An answer that exceeds a slot, or the last slot, is
// dropped and counted.
module packet_store (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         go,          // resets the counts
    input  logic         close,       // writes the status; accepted while idle
    input  logic [ 57:0] to,          // address of the status, in beats of 64 bytes; slots follow it
    input  logic [ 31:0] room,        // number of slots
    input  logic [ 16:0] slot,        // bytes per slot, a multiple of 64
    output logic         idle,        // memory has confirmed all answers
    output logic         answer,      // an answer is finished, stored or dropped
    output logic         failed,      // memory answers a burst with an error
    input  logic [ 31:0] errors,      // errors of this run, for the status
    input  logic         refused,     // the run was refused, for the status
    input  logic         s_axis_tvalid,
    output logic         s_axis_tready,
    input  logic [511:0] s_axis_tdata,
    input  logic         s_axis_tlast,
    output logic         m_axi_gmem_awvalid,
    input  logic         m_axi_gmem_awready,
    output logic [ 63:0] m_axi_gmem_awaddr,
    output logic [  7:0] m_axi_gmem_awlen,
    output logic         m_axi_gmem_wvalid,
    input  logic         m_axi_gmem_wready,
    output logic [511:0] m_axi_gmem_wdata,
    output logic [ 63:0] m_axi_gmem_wstrb,
    output logic         m_axi_gmem_wlast,
    input  logic         m_axi_gmem_bvalid,
    /* verilator lint_off UNUSEDSIGNAL */  // SLVERR and DECERR have bit 1
    input  logic [  1:0] m_axi_gmem_bresp,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic         m_axi_gmem_bready
);
  localparam logic [2:0] LOOK = 3'd0, WRITE = 3'd1, DROP = 3'd2, STATUS = 3'd3;
  logic [2:0] state;
  logic [31:0] stored, surplus, too_long;
  logic [57:0] at;  // address of the next slot

  // ---- current answer ----
  logic [16:0] length, bytes;
  logic fits, seen;
  assign length = 17'd64 + {1'b0, s_axis_tdata[175:160]};
  assign bytes  = length - 17'd1;
  assign fits   = length <= slot;
  assign seen   = state == LOOK && s_axis_tvalid;

  // ---- addresses ----
  logic go_bursts, asking;
  logic [10:0] beats;
  assign beats = bytes[16:6] + 11'd1;
  assign go_bursts = !asking && state == LOOK && (s_axis_tvalid ? fits && stored != room : close);
  axi_bursts u_bursts (
      .clk,
      .rst_n,
      .go     (go_bursts),
      .first  (s_axis_tvalid ? at : to),
      .beats  (s_axis_tvalid ? {21'd0, beats} : 32'd1),
      .busy   (asking),
      .a_valid(m_axi_gmem_awvalid),
      .a_ready(m_axi_gmem_awready),
      .a_addr (m_axi_gmem_awaddr),
      .a_len  (m_axi_gmem_awlen)
  );

  // ---- beats: as many as the header announces; without write strobes after the stream's end ----
  logic [10:0] left;
  logic [5:0] in_page, tail;
  logic ended, put, over;
  assign m_axi_gmem_wvalid = state == STATUS || (state == WRITE && (s_axis_tvalid || ended));
  // The next answer may arrive during a stalled beat without write strobes, and a stalled beat must not
  // change.
  assign m_axi_gmem_wdata = state == STATUS ? {352'd0, 31'd0, refused, errors, too_long, surplus, stored} :
      ended ? 512'd0 : s_axis_tdata;
  assign m_axi_gmem_wstrb = state == STATUS ? ~64'd0 : ended ? 64'd0 :
      left == 11'd1 ? ~64'd0 >> (6'd63 - tail) : ~64'd0;
  assign m_axi_gmem_wlast = state == STATUS || left == 11'd1 || in_page == 6'd63;
  assign put = m_axi_gmem_wvalid && m_axi_gmem_wready;
  assign s_axis_tready = state == DROP || (state == WRITE && m_axi_gmem_wready && !ended);
  assign over = s_axis_tvalid && s_axis_tready && s_axis_tlast;
  assign answer = over;

  // ---- writes that memory has not confirmed ----
  logic [31:0] open;
  assign m_axi_gmem_bready = 1'b1;
  assign failed = m_axi_gmem_bvalid && m_axi_gmem_bresp[1];
  assign idle = state == LOOK && !s_axis_tvalid && !asking && open == 32'd0;
  always_ff @(posedge clk)
    if (!rst_n) open <= '0;
    else
      open <= open + {31'd0, m_axi_gmem_awvalid && m_axi_gmem_awready} - {31'd0, m_axi_gmem_bvalid};

  always_ff @(posedge clk)
    if (!rst_n) state <= LOOK;
    else
      case (state)
        LOOK:
        if (seen && (!fits || stored == room)) state <= DROP;
        else if (go_bursts) state <= seen ? WRITE : STATUS;
        WRITE: if (put && left == 11'd1) state <= ended || over ? LOOK : DROP;
        DROP: if (over) state <= LOOK;
        default: if (put) state <= LOOK;
      endcase
  always_ff @(posedge clk)
    if (go) begin
      stored <= '0;
      surplus <= '0;
      too_long <= '0;
      at <= to + 58'd1;
    end else if (seen) begin
      if (!fits) too_long <= too_long + 32'd1;
      else if (stored == room) surplus <= surplus + 32'd1;
      else if (go_bursts) begin
        stored <= stored + 32'd1;
        at <= at + {47'd0, slot[16:6]};
      end
    end
  always_ff @(posedge clk)
    if (go_bursts) begin
      left <= beats;
      in_page <= at[5:0];
      tail <= bytes[5:0];
      ended <= 1'b0;
    end else if (put) begin
      left <= left - 11'd1;
      in_page <= in_page + 6'd1;
      if (over) ended <= 1'b1;
    end
endmodule
