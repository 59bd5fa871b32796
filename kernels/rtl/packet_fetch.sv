// Packet mover, read side: sends the packets in memory slots on a stream. A slot begins with the packet's
// header, which contains its length. The rest of the slot is read and discarded, so memory is read in one
// stretch at full speed.
module packet_fetch (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         go,         // accepted while idle
    input  logic [ 57:0] from,       // address of the first slot, in beats of 64 bytes
    input  logic [ 31:0] count,
    input  logic [ 16:0] slot,       // bytes per slot, a multiple of 64
    output logic         idle,
    output logic         packet,     // the last beat of a packet is accepted
    output logic         failed,     // memory answers a beat with an error
    output logic         m_axi_gmem_arvalid,
    input  logic         m_axi_gmem_arready,
    output logic [ 63:0] m_axi_gmem_araddr,
    output logic [  7:0] m_axi_gmem_arlen,
    input  logic         m_axi_gmem_rvalid,
    output logic         m_axi_gmem_rready,
    input  logic [511:0] m_axi_gmem_rdata,
    /* verilator lint_off UNUSEDSIGNAL */  // SLVERR and DECERR have bit 1
    input  logic [  1:0] m_axi_gmem_rresp,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic         m_axis_tvalid,
    input  logic         m_axis_tready,
    output logic [511:0] m_axis_tdata,
    output logic [ 63:0] m_axis_tkeep,
    output logic         m_axis_tlast
);
  logic [10:0] slot_beats, place, end_;
  logic [31:0] left;  // slots not completely read
  logic asking;
  assign slot_beats = slot[16:6];
  axi_bursts u_bursts (
      .clk,
      .rst_n,
      .go     (go && idle),
      .first  (from),
      .beats  (count * {21'd0, slot_beats}),
      .busy   (asking),
      .a_valid(m_axi_gmem_arvalid),
      .a_ready(m_axi_gmem_arready),
      .a_addr (m_axi_gmem_araddr),
      .a_len  (m_axi_gmem_arlen)
  );

  // ---- packet length: payload length plus header, at most the slot ----
  logic [16:0] said, length, bytes;
  logic first, wanted, take;
  logic [10:0] ends_at;
  assign first = place == 11'd0;
  assign said = 17'd64 + {1'b0, m_axi_gmem_rdata[175:160]};
  assign length = said < slot ? said : slot;
  // Last beat of the packet, and its byte count minus one.
  assign ends_at = first ? bytes[16:6] : end_;
  logic [5:0] tail, tail_;
  assign bytes = length - 17'd1;
  assign tail = first ? bytes[5:0] : tail_;
  assign wanted = place <= ends_at;
  assign take = m_axi_gmem_rvalid && m_axi_gmem_rready;
  assign failed = take && m_axi_gmem_rresp[1];

  logic out_ready;
  assign m_axi_gmem_rready = !wanted || out_ready;
  logic [63:0] keep;
  assign keep = place == ends_at ? ~64'd0 >> (6'd63 - tail) : ~64'd0;
  axis_skid #(
      .W(512 + 64 + 1)
  ) u_out (
      .clk,
      .rst_n,
      .s_valid(m_axi_gmem_rvalid && wanted),
      .s_ready(out_ready),
      .s_data ({m_axi_gmem_rdata, keep, place == ends_at}),
      .m_valid(m_axis_tvalid),
      .m_ready(m_axis_tready),
      .m_data ({m_axis_tdata, m_axis_tkeep, m_axis_tlast})
  );
  assign packet = m_axis_tvalid && m_axis_tready && m_axis_tlast;
  assign idle = left == 32'd0 && !asking;
  always_ff @(posedge clk)
    if (!rst_n) begin
      left <= '0;
      place <= '0;
    end else if (go && idle) left <= slot_beats == 11'd0 ? 32'd0 : count;  // no beat of an empty slot comes
    else if (take) begin
      place <= place + 11'd1 == slot_beats ? 11'd0 : place + 11'd1;
      if (place + 11'd1 == slot_beats) left <= left - 32'd1;
    end
  always_ff @(posedge clk)
    if (take && first) begin
      end_ <= ends_at;
      tail_ <= bytes[5:0];
    end
endmodule
