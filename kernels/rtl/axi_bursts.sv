// Address channel of an AXI4 master of 512 bits: splits a stretch of memory into bursts of at most 64 beats.
// No burst crosses a 4096-byte boundary. Stretches begin at multiples of 64 bytes.
module axi_bursts (
    input  logic        clk,
    input  logic        rst_n,
    input  logic        go,       // accepted while not busy
    input  logic [57:0] first,    // in beats of 64 bytes
    input  logic [31:0] beats,
    output logic        busy,     // bursts remain to be requested
    output logic        a_valid,
    input  logic        a_ready,
    output logic [63:0] a_addr,
    output logic [ 7:0] a_len     // beats minus one
);
  logic [57:0] at;
  logic [31:0] left;
  logic [6:0] to_border, here;
  assign to_border = 7'd64 - {1'b0, at[5:0]};
  assign here = left < {25'd0, to_border} ? left[6:0] : to_border;
  assign busy = left != 32'd0;
  assign a_valid = busy;
  assign a_addr = {at, 6'd0};
  assign a_len = {1'b0, here} - 8'd1;
  always_ff @(posedge clk)
    if (!rst_n) left <= '0;
    else if (go && !busy) left <= beats;
    else if (a_valid && a_ready) left <= left - {25'd0, here};
  always_ff @(posedge clk)
    if (go && !busy) at <= first;
    else if (a_valid && a_ready) at <= at + {51'd0, here};
endmodule
