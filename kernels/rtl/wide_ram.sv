// Block memory of 2^AW words of 32 bits with two read ports, read first. Port A also writes any of 8 words that
// are side by side in one cycle: eight memories, of which a read takes the word that its address names.
module wide_ram #(
    parameter int AW = 13
) (
    input  logic          clk,
    input  logic          en_a,
    input  logic          we_a,
    input  logic [   7:0] lanes_a,  // which of the 8 words are written
    input  logic [AW-1:0] addr_a,
    input  logic [ 255:0] din_a,
    output logic [  31:0] q_a,
    input  logic          en_b,
    input  logic [AW-1:0] addr_b,
    output logic [  31:0] q_b
);
  (* ram_style = "block" *) logic [255:0] mem[2**(AW-3)];
  logic [255:0] row_a, row_b;
  logic [2:0] word_a, word_b;
  // The writes come last in the only process that uses the memory, so both ports read first. Eight delayed ones
  // would make the simulation of 48 memories twice as large.
  /* verilator lint_off BLKSEQ */
  always_ff @(posedge clk) begin
    if (en_a) row_a <= mem[addr_a[AW-1:3]];
    if (en_b) row_b <= mem[addr_b[AW-1:3]];
    if (en_a && we_a)
      for (int k = 0; k < 8; k++) if (lanes_a[k]) mem[addr_a[AW-1:3]][32*k+:32] = din_a[32*k+:32];
  end
  /* verilator lint_on BLKSEQ */
  always_ff @(posedge clk) begin
    if (en_a) word_a <= addr_a[2:0];
    if (en_b) word_b <= addr_b[2:0];
  end
  assign q_a = row_a[32*word_a+:32];
  assign q_b = row_b[32*word_b+:32];
endmodule
