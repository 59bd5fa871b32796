// Request of `bpe_walk` to memory, in the cycle after the step that makes it: the word of a base and an index,
// or of the merge slot that a pair of tokens hashes to. So neither the sum nor the hash lengthens a step.
module walk_request #(
    parameter int FW = 3
) (
    input  logic          clk,
    input  logic          rst_n,
    input  logic [  17:0] cfg_mask,  // merge slots minus one
    input  logic          s_valid,
    input  logic [FW-1:0] s_flow,
    input  logic [  19:0] s_base,
    input  logic [  16:0] s_index,   // words after the base
    input  logic          s_hash,    // 1: the pair's slot is the index
    input  logic [  15:0] s_left,
    input  logic [  15:0] s_right,
    output logic          m_valid,
    output logic [FW-1:0] m_flow,
    output logic [  19:0] m_word,
    output logic [  17:0] m_slot     // first slot of the search; two slots are a word
);
  logic [19:0] base;
  logic [16:0] index;
  logic hash;
  logic [15:0] left, right;
  always_ff @(posedge clk) begin
    m_valid <= rst_n && s_valid;
    m_flow <= s_flow;
    base <= s_base;
    index <= s_index;
    hash <= s_hash;
    left <= s_left;
    right <= s_right;
  end

  /* verilator lint_off UNUSEDSIGNAL */  // only the bits of a slot's index are used
  logic [31:0] mixed, hashed;
  /* verilator lint_on UNUSEDSIGNAL */
  assign mixed = ({16'd0, left} * 32'h9e3779b1) ^ ({16'd0, right} * 32'h85ebca6b);
  assign hashed = mixed ^ (mixed >> 15);
  assign m_slot = hash ? hashed[17:0] & cfg_mask : {index, 1'b0};
  assign m_word = base + {3'd0, m_slot[17:1]};
endmodule
