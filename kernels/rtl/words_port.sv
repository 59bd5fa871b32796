// Reads words of 16 bytes from a buffer in the card's memory for a core. The host writes the buffer's address
// behind the core's arguments; this module observes that write. Memory answers in order, so the core's ids wait
// in a queue here. Beats have 64 bytes, of which one word is used.
module words_port #(
    parameter int ARGS = 14  // arguments of the core, before the address
) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         write,        // a register is written
    /* verilator lint_off UNUSEDSIGNAL */  // accesses are whole words
    input  logic [ 11:0] write_addr,
    /* verilator lint_on UNUSEDSIGNAL */
    input  logic [ 31:0] write_data,
    input  logic [  3:0] write_strb,
    input  logic         core_arvalid,
    output logic         core_arready,
    input  logic [  3:0] core_arid,
    /* verilator lint_off UNUSEDSIGNAL */  // words begin at multiples of 16
    input  logic [ 31:0] core_araddr,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic         core_rvalid,
    input  logic         core_rready,
    output logic [  3:0] core_rid,
    output logic [127:0] core_rdata,
    output logic         m_axi_gmem_arvalid,
    input  logic         m_axi_gmem_arready,
    output logic [ 63:0] m_axi_gmem_araddr,
    output logic [  7:0] m_axi_gmem_arlen,
    input  logic         m_axi_gmem_rvalid,
    output logic         m_axi_gmem_rready,
    input  logic [511:0] m_axi_gmem_rdata,
    /* verilator lint_off UNUSEDSIGNAL */  // a burst is one beat; SLVERR and DECERR have bit 1
    input  logic         m_axi_gmem_rlast,
    input  logic [  1:0] m_axi_gmem_rresp,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic [ 31:0] errors        // words that memory has refused since reset
);
  localparam logic [8:0] HERE = 9'd2 + 9'(ARGS);
  /* verilator lint_off UNUSEDSIGNAL */  // buffers begin at multiples of 64
  logic [63:0] base;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [31:0] strobe;
  for (genvar i = 0; i < 4; i++) assign strobe[8*i+:8] = {8{write_strb[i]}};
  always_ff @(posedge clk)
    if (!rst_n) base <= '0;
    else if (write && write_addr[11:3] == HERE) begin
      if (write_addr[2]) base[63:32] <= (base[63:32] & ~strobe) | (write_data & strobe);
      else base[31:0] <= (base[31:0] & ~strobe) | (write_data & strobe);
    end

  // ---- requests: an address register, so that the addition has a cycle of its own ----
  logic [5:0] ids[16];  // id and word in its beat
  logic [4:0] head, tail;
  logic full, ask, told;
  assign full = head - tail == 5'd16;
  assign core_arready = !full && (!m_axi_gmem_arvalid || m_axi_gmem_arready);
  assign ask = core_arvalid && core_arready;
  assign m_axi_gmem_arlen = 8'd0;
  logic [63:4] at;
  assign at = base[63:4] + {32'd0, core_araddr[31:4]};
  always_ff @(posedge clk)
    if (!rst_n) m_axi_gmem_arvalid <= 1'b0;
    else if (ask) m_axi_gmem_arvalid <= 1'b1;
    else if (m_axi_gmem_arready) m_axi_gmem_arvalid <= 1'b0;
  always_ff @(posedge clk)
    if (ask) begin
      m_axi_gmem_araddr <= {at[63:6], 6'd0};
      ids[head[3:0]] <= {core_arid, at[5:4]};
    end

  // ---- answers ----
  logic [1:0] word;
  assign {core_rid, word} = ids[tail[3:0]];
  assign core_rvalid = m_axi_gmem_rvalid;
  assign core_rdata = m_axi_gmem_rdata[128*word+:128];
  assign m_axi_gmem_rready = core_rready;
  assign told = m_axi_gmem_rvalid && m_axi_gmem_rready;
  always_ff @(posedge clk)
    if (!rst_n) begin
      head <= '0;
      tail <= '0;
      errors <= '0;
    end else begin
      head <= head + {4'd0, ask};
      tail <= tail + {4'd0, told};
      errors <= errors + {31'd0, told && m_axi_gmem_rresp[1]};
    end
endmodule
