// Round-robin arbiter: selects the next ready flow after the last one selected.
module flow_pick #(
    parameter int FLOWS = 8,
    parameter int FW    = 3
) (
    input  logic             clk,
    input  logic             rst_n,
    input  logic [FLOWS-1:0] able,
    output logic             valid,
    output logic [   FW-1:0] flow
);
  logic [FW-1:0] last, candidate;
  always_comb begin
    flow = last;
    candidate = last;
    for (int n = FLOWS; n > 0; n--) begin
      candidate = last + FW'(n);
      if (able[candidate]) flow = candidate;
    end
  end
  assign valid = |able;
  always_ff @(posedge clk)
    if (!rst_n) last <= '0;
    else if (valid) last <= flow;
endmodule
