// Reports when a core holds no packet. It reads the core's register of packets inside over AXI4-Lite whenever
// the host does not read. If the value is 0, it sends the numbers of packets entered and answers sent. Movers
// end their run by these, because a packet may bring several answers, or none if it is dropped.
//
// Only the read channels pass through this module; the host waits at most three cycles.
module quiet_watch (
    input  logic        clk,
    input  logic        rst_n,
    input  logic        host_arvalid,
    output logic        host_arready,
    input  logic [11:0] host_araddr,
    output logic        host_rvalid,
    input  logic        host_rready,
    output logic        core_arvalid,
    input  logic        core_arready,
    output logic [11:0] core_araddr,
    input  logic        core_rvalid,
    output logic        core_rready,
    input  logic [31:0] core_rdata,
    input  logic        entered,       // the core accepts the last beat of a packet
    input  logic        left,          // an answer's last beat leaves the core
    output logic        m_axis_quiet_tvalid,
    input  logic        m_axis_quiet_tready,
    output logic [63:0] m_axis_quiet_tdata  // 31:0 packets entered, 63:32 answers sent
);
  localparam logic [11:0] PRESENT = 12'h200 + 12'd4 * 12'd28;
  localparam logic [1:0] OPEN = 2'd0, HOST = 2'd1, ASK = 2'd2, HEAR = 2'd3;
  logic [1:0] state;
  logic [31:0] packets, answers;
  logic [63:0] then_;  // counts at the core's read cycle
  assign core_arvalid = state == ASK || (state == OPEN && host_arvalid);
  assign core_araddr  = state == ASK ? PRESENT : host_araddr;
  assign host_arready = state == OPEN && core_arready;
  assign host_rvalid  = state == HOST && core_rvalid;
  assign core_rready  = state == HEAR || (state == HOST && host_rready);
  always_ff @(posedge clk)
    if (!rst_n) begin
      state <= OPEN;
      packets <= '0;
      answers <= '0;
    end else begin
      packets <= packets + {31'd0, entered};
      answers <= answers + {31'd0, left};
      case (state)
        OPEN: state <= host_arvalid ? (core_arready ? HOST : OPEN) : ASK;
        ASK: if (core_arready) state <= HEAR;
        default: if (core_rvalid && core_rready) state <= OPEN;
      endcase
    end
  always_ff @(posedge clk) if (state == ASK && core_arready) then_ <= {answers, packets};

  // A stalled word stays stable; a newer one follows soon.
  always_ff @(posedge clk)
    if (!rst_n) m_axis_quiet_tvalid <= 1'b0;
    else if (!m_axis_quiet_tvalid || m_axis_quiet_tready)
      m_axis_quiet_tvalid <= state == HEAR && core_rvalid && core_rdata == 32'd0;
  always_ff @(posedge clk)
    if (!m_axis_quiet_tvalid || m_axis_quiet_tready) m_axis_quiet_tdata <= then_;
endmodule
