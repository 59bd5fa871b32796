// Table mover: walks a list in the card's memory. For each 64-byte entry it sends the entry's words, then the
// referenced data, one stream word each. kernels/rtl/movers.ts defines the layout.
module onpath_tables (
    input  logic         ap_clk,
    input  logic         ap_rst_n,
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
    /* verilator lint_off UNUSEDSIGNAL */  // beats are counted; Vitis requires the port
    input  logic         m_axi_gmem_rlast,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic         m_axis_table_tvalid,
    input  logic         m_axis_table_tready,
    output logic [ 63:0] m_axis_table_tdata
);
  logic running, finish;
  logic [31:0] errors;
  /* verilator lint_off UNUSEDSIGNAL */  // addresses are multiples of 64; `memory` is for the linker
  logic [3*64-1:0] args;
  /* verilator lint_on UNUSEDSIGNAL */
  mover_control #(
      .ARGS(3)
  ) u_control (
      .clk  (ap_clk),
      .rst_n(ap_rst_n),
      .*
  );

  localparam logic [2:0] REST = 3'd0, NEXT = 3'd1, LIST = 3'd2, WORDS = 3'd3, DATA = 3'd4, DONE = 3'd5;
  logic [2:0] state;
  logic [31:0] done;
  logic [57:0] entry_at;
  // Current entry: its words, lowest first, and the referenced data.
  logic [255:0] words;
  logic [2:0] words_left;
  logic [57:0] from;
  logic [31:0] left;  // remaining stream words of its data
  logic wide;
  // Beat of data, the next word lowest.
  logic [511:0] beat;
  logic [4:0] in_beat;

  logic go, busy, take, send, last_of_beat;
  logic [57:0] go_first;
  logic [31:0] go_beats;
  axi_bursts u_bursts (
      .clk    (ap_clk),
      .rst_n  (ap_rst_n),
      .go,
      .first  (go_first),
      .beats  (go_beats),
      .busy,
      .a_valid(m_axi_gmem_arvalid),
      .a_ready(m_axi_gmem_arready),
      .a_addr (m_axi_gmem_araddr),
      .a_len  (m_axi_gmem_arlen)
  );
  logic [31:0] count;
  assign count = args[95:64];
  // The list is read entry by entry: a load has about a thousand words, and waits for one beat before it.
  assign go = !busy && ((state == NEXT && done != count) || (state == WORDS && words_left == 3'd0 && left != 32'd0));
  assign go_first = state == NEXT ? entry_at : from;
  assign go_beats = state == NEXT ? 32'd1 : wide ? (left + 32'd7) >> 3 : (left + 32'd15) >> 4;

  assign send = m_axis_table_tvalid && m_axis_table_tready;
  assign last_of_beat = in_beat == 5'd1 || left == 32'd1;
  assign m_axis_table_tvalid = (state == WORDS && words_left != 3'd0) || (state == DATA && in_beat != 5'd0);
  assign m_axis_table_tdata = state == WORDS ? words[63:0] : wide ? beat[63:0] : {32'd0, beat[31:0]};
  assign m_axi_gmem_rready = state == LIST || (state == DATA && left != 32'd0 &&
      (in_beat == 5'd0 || (send && last_of_beat && left != 32'd1)));
  assign take = m_axi_gmem_rvalid && m_axi_gmem_rready;
  assign finish = state == DONE;
  always_ff @(posedge ap_clk)
    if (!ap_rst_n) errors <= '0;
    else errors <= errors + {31'd0, take && m_axi_gmem_rresp[1]};

  logic [31:0] said;  // leading words, from the list entry
  assign said = m_axi_gmem_rdata[128+:32];
  always_ff @(posedge ap_clk)
    if (!ap_rst_n) state <= REST;
    else
      case (state)
        REST: if (running) state <= NEXT;
        NEXT: if (done == count) state <= DONE; else if (go) state <= LIST;
        LIST: if (take) state <= WORDS;
        WORDS: if (words_left == 3'd0) state <= left == 32'd0 ? NEXT : go ? DATA : WORDS;
        DATA: if (send && left == 32'd1) state <= NEXT;
        default: state <= REST;
      endcase
  always_ff @(posedge ap_clk)
    case (state)
      REST: begin
        done <= '0;
        entry_at <= args[63:6];
        in_beat <= '0;
      end
      LIST:
      if (take) begin
        done <= done + 32'd1;
        entry_at <= entry_at + 58'd1;
        from <= m_axi_gmem_rdata[63:6];
        left <= m_axi_gmem_rdata[64+:32];
        wide <= m_axi_gmem_rdata[96+:32] == 32'd8;
        words_left <= said > 32'd4 ? 3'd4 : said[2:0];
        words <= m_axi_gmem_rdata[511:256];
      end
      WORDS:
      if (send) begin
        words_left <= words_left - 3'd1;
        words <= words >> 64;
      end
      DATA: begin
        if (send) begin
          left <= left - 32'd1;
          in_beat <= last_of_beat ? 5'd0 : in_beat - 5'd1;
          beat <= wide ? beat >> 64 : beat >> 32;
        end
        if (take) begin
          beat <= m_axi_gmem_rdata;
          in_beat <= wide ? 5'd8 : 5'd16;
        end
      end
      default: ;
    endcase
endmodule
