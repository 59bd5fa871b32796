// Registers between a card's reset and the flip-flops that it resets: its net has thousands of loads across the die, and
// crosses it in several cycles. Begins and ends `STAGES` cycles late. Ports must not be used until then: the kernel's
// registers accept nothing while they are reset.
module reset_pipe #(
    parameter int STAGES = 3
) (
    input  logic clk,
    input  logic rst_n,
    output logic late_rst_n
);
  logic [STAGES-1:0] held = '0;
  always_ff @(posedge clk) held <= {held[STAGES-2:0], rst_n};
  assign late_rst_n = held[STAGES-1];
endmodule
