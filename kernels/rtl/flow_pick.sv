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
  // The ready flows behind the last one come first. Both choices are made side by side, so that a memory's address
  // follows in the same cycle.
  logic [FLOWS-1:0] behind, later;
  logic [FW-1:0] first, next;
  assign later = able & behind;
  always_comb begin
    first = '0;
    next = '0;
    for (int n = FLOWS - 1; n >= 0; n--) begin
      if (able[n]) first = FW'(n);
      if (later[n]) next = FW'(n);
    end
  end
  assign valid = |able;
  assign flow = |later ? next : first;
  always_ff @(posedge clk)
    if (!rst_n) behind <= {{FLOWS - 1{1'b1}}, 1'b0};
    else if (valid) for (int n = 0; n < FLOWS; n++) behind[n] <= FW'(n) > flow;
endmodule
