// Two input rows, one being written and one being filtered. Any 95 adjacent bytes or more are read at once:
// four memories each hold every fourth word of 32 bytes.
module row_store #(
    parameter int WW = 9  // 2^WW words: maximum row
) (
    input  logic          clk,
    input  logic          write,        // write a word
    input  logic          write_next,   // write the following word too
    input  logic          write_slot,
    input  logic [WW-1:0] write_word,
    input  logic [ 511:0] write_data,
    input  logic          read,
    input  logic          read_slot,
    input  logic [WW-1:0] read_word,
    output logic [1023:0] read_data     // each word is at its address modulo four
);
  logic [WW-1:0] next;
  assign next = write_word + 1'b1;
  for (genvar b = 0; b < 4; b++) begin : g_bank
    logic here, behind;
    assign here = write && write_word[1:0] == 2'(b);
    assign behind = write_next && next[1:0] == 2'(b);
    (* ram_style = "block" *) logic [255:0] mem[2**(WW-1)];
    always_ff @(posedge clk)
      if (here || behind)
        mem[{write_slot, here?write_word[WW-1:2] : next[WW-1:2]}] <= here ? write_data[255:0] : write_data[511:256];
    /* verilator lint_off UNUSEDSIGNAL */  // a bank holds every fourth word
    logic [WW-1:0] ahead;
    /* verilator lint_on UNUSEDSIGNAL */
    assign ahead = read_word + WW'(3 - b);
    always_ff @(posedge clk) if (read) read_data[256*b+:256] <= mem[{read_slot, ahead[WW-1:2]}];
  end
endmodule
