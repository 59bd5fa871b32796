// Requests of merges. A pair of tokens has its first slot by a hash, and a filter of one bit by the same hash: most
// pairs that no merge makes have none, and for those a part of one token is requested in place of the slot, which a
// test of compatibility reads next. Four cycles from a pair to its word's address.
module merge_ask #(
    parameter int SW = 5,  // bits of an id
    parameter int BW = 14  // 2^BW words of 32 bits in the filter
) (
    input  logic          clk,
    input  logic          rst_n,
    input  logic [  19:0] cfg_tokens,  // word address of token 0
    input  logic [  19:0] cfg_pairs,   // word address of the first two merge slots
    input  logic [  17:0] cfg_mask,    // merge slots minus one
    input  logic          load,        // the filter
    input  logic [BW-1:0] load_addr,
    input  logic [  31:0] load_data,
    input  logic          s_valid,
    input  logic [SW-1:0] s_id,
    input  logic [  15:0] s_left,
    input  logic [  15:0] s_right,
    input  logic          s_again,     // the slots that follow, rather than the first
    input  logic [  16:0] s_slot,      // those so far, two by two
    input  logic [  15:0] s_part,      // token of which a part is read next
    output logic          skip,        // no merge: the part comes
    output logic          placed,      // otherwise its first slot
    output logic [SW-1:0] m_id,
    output logic [  17:0] m_slot,
    output logic          m_valid,
    output logic [  19:0] m_word
);
  logic [3:0] valid;
  logic [SW-1:0] a_id, b_id, c_id;
  logic [31:0] a_left, a_right;
  logic a_again, b_again, c_again;
  logic [17:0] a_slot, b_slot, c_slot;
  logic [15:0] a_part, b_part, c_part;
  /* verilator lint_off UNUSEDSIGNAL */  // only the bits of a slot's number and of the filter's are used
  logic [31:0] mixed, hashed;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [BW+4:0] b_bit;
  logic [4:0] c_bit;
  logic [31:0] c_row;
  (* ram_style = "ultra" *) logic [31:0] filter[2**BW];
  assign mixed = a_left ^ a_right;
  assign hashed = mixed ^ (mixed >> 15);
  logic none;
  assign none = !c_again && !c_row[c_bit];
  always_ff @(posedge clk) begin
    // Products.
    a_id <= s_id;
    a_left <= {16'd0, s_left} * 32'h9e3779b1;
    a_right <= {16'd0, s_right} * 32'h85ebca6b;
    a_again <= s_again;
    a_slot <= {s_slot + 17'd1, 1'b0};
    a_part <= s_part;
    // Slot.
    b_id <= a_id;
    b_again <= a_again;
    b_slot <= (a_again ? a_slot : hashed[17:0]) & cfg_mask;
    b_bit <= hashed[BW+4:0];
    b_part <= a_part;
    // Filter.
    if (load) filter[load_addr] <= load_data;
    c_row <= filter[b_bit[BW+4:5]];
    c_bit <= b_bit[4:0];
    c_id <= b_id;
    c_again <= b_again;
    c_slot <= b_slot;
    c_part <= b_part;
    // Address.
    m_id <= c_id;
    m_slot <= c_slot;
    m_word <= none ? cfg_tokens + {4'd0, c_part} : cfg_pairs + {3'd0, c_slot[17:1]};
  end
  always_ff @(posedge clk)
    if (!rst_n) {valid, skip, placed} <= '0;
    else begin
      valid <= {valid[2:0], s_valid};
      skip <= valid[2] && none;
      placed <= valid[2] && !none;
    end
  assign m_valid = valid[3];
endmodule
