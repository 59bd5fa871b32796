// True-dual-port block memory, read first; only port A writes. yosys maps READ_FIRST without extra logic.
module tdp_ram #(
    parameter int AW = 10,
    parameter int DW = 32
) (
    input  logic          clk,
    input  logic          en_a,
    input  logic          we_a,
    input  logic [AW-1:0] addr_a,
    input  logic [DW-1:0] din_a,
    output logic [DW-1:0] q_a,
    input  logic          en_b,
    input  logic [AW-1:0] addr_b,
    output logic [DW-1:0] q_b
);
  (* ram_style = "block" *) logic [DW-1:0] mem[2**AW];
  always_ff @(posedge clk)
    if (en_a) begin
      if (we_a) mem[addr_a] <= din_a;
      q_a <= mem[addr_a];
    end
  always_ff @(posedge clk) if (en_b) q_b <= mem[addr_b];
endmodule
