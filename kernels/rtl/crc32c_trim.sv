// Removes trailing zero bytes from a CRC register. A message that ends inside a beat is padded with zeros. A
// step without data is invertible, so the padding is undone: 2^k bytes per stage, five stages for 0 to 31
// bytes, with a register after each.
module crc32c_trim #(
    parameter int W = 1  // sideband bits, delayed equally
) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         s_valid,
    input  logic [ 31:0] s_crc,
    input  logic [  4:0] s_zeros,
    input  logic [W-1:0] s_user,
    output logic         m_valid,
    output logic [ 31:0] m_crc,
    output logic [W-1:0] m_user
);
  localparam logic [31:0] POLY = 32'h82f63b78;

  // Contribution of the register's nibble at `place` to the register `bytes` zero bytes earlier, for its 16
  // values.
  function automatic logic [511:0] adds(input int place, input int bytes);
    logic [31:0] column;
    adds = '0;
    for (int i = 0; i < 4; i++) begin
      column = 32'd1 << (4 * place + i);
      for (int step = 0; step < 8 * bytes; step++)
        column = column[31] ? ((column ^ POLY) << 1) | 32'd1 : column << 1;
      for (int value = 0; value < 16; value++)
        if (value[i]) adds[32*value+:32] = adds[32*value+:32] ^ column;
    end
  endfunction

  logic [31:0] crc[5];
  logic [4:0] zeros[5];
  logic [W-1:0] user[5];
  logic [4:0] valid;

  for (genvar k = 0; k < 5; k++) begin : g_stage
    logic [31:0] given, undone;
    logic [4:0] todo;
    logic [31:0] parts[8];
    assign given = k == 0 ? s_crc : crc[k==0?0 : k-1];
    assign todo = k == 0 ? s_zeros : zeros[k==0?0 : k-1];
    for (genvar n = 0; n < 8; n++) begin : g_nibble
      localparam logic [511:0] ADDS = adds(n, 1 << k);
      assign parts[n] = ADDS[32*given[4*n+:4]+:32];
    end
    always_comb begin
      undone = '0;
      for (int n = 0; n < 8; n++) undone ^= parts[n];
    end
    always_ff @(posedge clk) valid[k] <= rst_n && (k == 0 ? s_valid : valid[k==0?0 : k-1]);
    always_ff @(posedge clk) begin
      crc[k] <= todo[k] ? undone : given;
      zeros[k] <= todo;
      user[k] <= k == 0 ? s_user : user[k==0?0 : k-1];
    end
  end
  assign m_valid = valid[4];
  assign m_crc = crc[4];
  assign m_user = user[4];
endmodule
