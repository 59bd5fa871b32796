// Proof of words_port: a request stays until memory accepts it; memory is asked once for each word of the core,
// in order, at the buffer's address plus the word's; answers have the id and the word of their request, in
// order; at most 16 are under way; the errors count the refused words.
module words_port_formal (
    input logic         clk,
    input logic         write,
    input logic [ 11:0] write_addr,
    input logic [ 31:0] write_data,
    input logic [  3:0] write_strb,
    input logic         core_arvalid,
    input logic [  3:0] core_arid,
    input logic [ 31:0] core_araddr,
    input logic         core_rready,
    input logic         arready,
    input logic         rvalid,
    input logic [511:0] rdata,
    input logic         rlast,
    input logic [  1:0] rresp
);
  logic past = 1'b0, rst_n;
  always @(posedge clk) past <= 1'b1;
  assign rst_n = past;
  logic core_arready, core_rvalid, arvalid, rready;
  logic [3:0] core_rid;
  logic [127:0] core_rdata;
  logic [63:0] araddr;
  logic [7:0] arlen;
  logic [31:0] errors;
  words_port dut (
      .clk,
      .rst_n,
      .write,
      .write_addr,
      .write_data,
      .write_strb,
      .core_arvalid,
      .core_arready,
      .core_arid,
      .core_araddr,
      .core_rvalid,
      .core_rready,
      .core_rid,
      .core_rdata,
      .m_axi_gmem_arvalid(arvalid),
      .m_axi_gmem_arready(arready),
      .m_axi_gmem_araddr(araddr),
      .m_axi_gmem_arlen(arlen),
      .m_axi_gmem_rvalid(rvalid),
      .m_axi_gmem_rready(rready),
      .m_axi_gmem_rdata(rdata),
      .m_axi_gmem_rlast(rlast),
      .m_axi_gmem_rresp(rresp),
      .errors
  );
  (* hierconn *) wire [63:0] \dut.base ;
  (* hierconn *) wire [4:0] \dut.head ;
  (* hierconn *) wire [4:0] \dut.tail ;
  (* hierconn *) wire [5:0] \dut.ids[0] , \dut.ids[1] , \dut.ids[2] , \dut.ids[3] ;
  (* hierconn *) wire [5:0] \dut.ids[4] , \dut.ids[5] , \dut.ids[6] , \dut.ids[7] ;
  (* hierconn *) wire [5:0] \dut.ids[8] , \dut.ids[9] , \dut.ids[10] , \dut.ids[11] ;
  (* hierconn *) wire [5:0] \dut.ids[12] , \dut.ids[13] , \dut.ids[14] , \dut.ids[15] ;
  logic [95:0] ids;
  assign ids = {\dut.ids[15] , \dut.ids[14] , \dut.ids[13] , \dut.ids[12] , \dut.ids[11] , \dut.ids[10] ,
                \dut.ids[9] , \dut.ids[8] , \dut.ids[7] , \dut.ids[6] , \dut.ids[5] , \dut.ids[4] ,
                \dut.ids[3] , \dut.ids[2] , \dut.ids[1] , \dut.ids[0] };

  // Memory answers in order what it accepted, and holds an answer until it is accepted.
  logic [7:0] asked, accepted, answered;
  logic [31:0] refused;
  always @(*) assume (!rvalid || accepted != answered);
  always @(posedge clk)
    if (past && $past(rst_n && rvalid && !rready)) begin
      assume (rvalid);
      assume ($stable(rdata) && $stable(rresp));
    end

  // One request of any number is tagged: it stands for all.
  (* anyconst *) logic [7:0] tag;
  logic [63:0] place;
  logic [3:0] id;
  always @(posedge clk)
    if (!rst_n) begin
      asked <= '0;
      accepted <= '0;
      answered <= '0;
      refused <= '0;
    end else begin
      if (core_arvalid && core_arready) asked <= asked + 8'd1;
      if (arvalid && arready) accepted <= accepted + 8'd1;
      if (rvalid && rready) answered <= answered + 8'd1;
      if (rvalid && rready && rresp[1]) refused <= refused + 32'd1;
      if (core_arvalid && core_arready && asked == tag) begin
        place <= {\dut.base [63:4] + {32'd0, core_araddr[31:4]}, 4'd0};
        id <= core_arid;
      end
    end
  logic [7:0] inside, behind;
  assign inside = asked - answered;
  assign behind = tag - answered;

  always @(posedge clk)
    if (past) begin
      assert (inside <= 8'd16);
      assert (asked - accepted == {7'd0, arvalid});
      assert (accepted - answered <= 8'd16);
      assert (\dut.head == asked[4:0] && \dut.tail == answered[4:0]);
      assert (arlen == 8'd0);
      assert (errors == refused);
      if (arvalid && accepted == tag) assert (araddr == {place[63:6], 6'd0});
      if (behind < inside) assert (ids[6*tag[3:0]+:6] == {id, place[5:4]});
      assert (core_rvalid == rvalid && rready == core_rready);
      if (core_rvalid && answered == tag) begin
        assert (core_rid == id);
        assert (core_rdata == rdata[128*place[5:4]+:128]);
      end
      if ($past(past && arvalid && !arready)) begin
        assert (arvalid);
        assert ($stable(araddr));
      end
    end
endmodule
