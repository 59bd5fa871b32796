// One sample of OpenCV's 8-bit bilinear resize: two passes of fixed-point products, all of them looked up
// (kernels/image/resize/fixed.ts). Latency: four cycles after the lookup address.
module resize_fixed_lane #(
    parameter int IW = 7  // 2^IW weights per axis
) (
    input  logic            clk,
    input  logic            ce,
    input  logic            load_horizontal,
    input  logic            load_high,
    input  logic            load_low,
    input  logic [  IW+7:0] load_addr,
    input  logic [    26:0] load_data,
    input  logic [    31:0] pixels,   // upper left and right, lower left and right
    input  logic [4*IW-1:0] weights,  // of left, right, upper and lower
    output logic [     7:0] sample
);
  // ---- columns: weight times pixel, over 2048; the low four bits are dropped ----
  logic [19:0] product[4];
  logic [14:0] above, below;
  for (genvar n = 0; n < 2; n++) begin : g_columns
    tdp_ram #(
        .AW(IW + 8),
        .DW(20)
    ) u_products (
        .clk,
        .en_a  (ce || load_horizontal),
        .we_a  (load_horizontal),
        .addr_a(load_horizontal ? load_addr : {weights[0+:IW], pixels[16*n+:8]}),
        .din_a (load_data[19:0]),
        .q_a   (product[2*n]),
        .en_b  (ce),
        .addr_b({weights[IW+:IW], pixels[16*n+8+:8]}),
        .q_b   (product[2*n+1])
    );
  end
  always_ff @(posedge clk)
    if (ce) begin
      above <= 15'((product[0] + product[1]) >> 4);
      below <= 15'((product[2] + product[3]) >> 4);
    end

  // ---- rows: weight times column result, in two parts; the low sixteen bits are dropped ----
  logic [IW-1:0] upper[2], lower[2];
  always_ff @(posedge clk)
    if (ce) begin
      upper[0] <= weights[2*IW+:IW];
      lower[0] <= weights[3*IW+:IW];
      upper[1] <= upper[0];
      lower[1] <= lower[0];
    end
  logic [26:0] high[2];
  logic [19:0] low[2];
  tdp_ram #(
      .AW(IW + 7),
      .DW(27)
  ) u_high (
      .clk,
      .en_a  (ce || load_high),
      .we_a  (load_high),
      .addr_a(load_high ? load_addr[IW+6:0] : {upper[1], above[14:8]}),
      .din_a (load_data),
      .q_a   (high[0]),
      .en_b  (ce),
      .addr_b({lower[1], below[14:8]}),
      .q_b   (high[1])
  );
  tdp_ram #(
      .AW(IW + 8),
      .DW(20)
  ) u_low (
      .clk,
      .en_a  (ce || load_low),
      .we_a  (load_low),
      .addr_a(load_low ? load_addr : {upper[1], above[7:0]}),
      .din_a (load_data[19:0]),
      .q_a   (low[0]),
      .en_b  (ce),
      .addr_b({lower[1], below[7:0]}),
      .q_b   (low[1])
  );
  logic [10:0] top, bottom;
  always_ff @(posedge clk)
    if (ce) begin
      top <= 11'((high[0] + {7'd0, low[0]}) >> 16);
      bottom <= 11'((high[1] + {7'd0, low[1]}) >> 16);
      sample <= 8'((top + bottom + 11'd2) >> 2);
    end
endmodule
