// Tables come as a stream of words: one that says which table, where in it and how many entries follow,
// then an entry a word. Loading waits until no packet is inside, and keeps packets out until it is done.
module table_loader (
    input  logic        clk,
    input  logic        rst_n,
    input  logic        s_axis_table_tvalid,
    output logic        s_axis_table_tready,
    input  logic [63:0] s_axis_table_tdata,   // first word: 15:0 address, 19:16 table, 63:32 entries
    input  logic        idle,                 // no packet is inside
    output logic        hold,                 // packets are to wait
    output logic        load_valid,
    output logic [ 3:0] load_table,
    output logic [15:0] load_addr,
    output logic [63:0] load_data
);
  logic [31:0] left;
  logic [15:0] next;
  logic take;
  assign hold = s_axis_table_tvalid || left != 32'd0 || load_valid;
  assign s_axis_table_tready = idle;
  assign take = s_axis_table_tvalid && s_axis_table_tready;
  always_ff @(posedge clk)
    if (!rst_n) begin
      left <= '0;
      load_valid <= 1'b0;
    end else begin
      load_valid <= take && left != 32'd0;
      if (take) left <= left == 32'd0 ? s_axis_table_tdata[63:32] : left - 32'd1;
    end
  always_ff @(posedge clk)
    if (take) begin
      load_data <= s_axis_table_tdata;
      load_addr <= next;
      if (left == 32'd0) begin
        next <= s_axis_table_tdata[15:0];
        load_table <= s_axis_table_tdata[19:16];
      end else next <= next + 16'd1;
    end
endmodule
