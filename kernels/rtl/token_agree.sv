// Finds the tokens shared by all continuations. Each continuation ends a token at one of the positions from
// `from` to `at`, and leads back over its last tokens. The furthest position that all of them pass is final.
// One position per cycle, from the last one down: the predecessor of each marked position is marked, until
// one mark is left.
module token_agree #(
    parameter int FW = 3
) (
    input  logic          clk,
    input  logic          rst_n,
    input  logic          s_valid,
    output logic          s_ready,
    input  logic [FW-1:0] s_flow,
    input  logic [   9:0] s_at,
    input  logic [   7:0] s_depth,   // open positions: `at` and this number below it
    input  logic [   9:0] s_base,    // lower limit of all positions
    // Lengths of last tokens, from `bpe_walk`.
    input  logic          write,
    input  logic [FW+8:0] write_address,
    input  logic [   7:0] write_length,
    output logic          m_valid,
    output logic [FW-1:0] m_flow,
    output logic [   9:0] m_at
);
  logic busy, reads, read;  // an address was read; `read`: the length at `place` is valid
  logic [9:0] place, base;
  logic [255:0] live;    // bit n: position `place` - n is marked
  logic [8:0] count;     // number of marks
  logic [7:0] q_length, length;
  logic [8:0] address;
  (* ram_style = "block" *) logic [7:0] lengths[2**(FW+9)];
  assign s_ready = !busy;
  assign address = place[8:0] - 9'd1 - 9'(reads) - 9'(read);
  always_ff @(posedge clk) begin
    if (write) lengths[write_address] <= write_length;
    q_length <= lengths[{m_flow, address}];
    length <= q_length;
  end

  logic [9:0] open;
  assign open = s_at - s_base;
  logic here, joins, found;
  assign here = live[0];
  assign joins = live[length];
  assign found = busy && read && ((here && count == 9'd1) || place == base);
  assign m_valid = found;
  assign m_at = place;
  always_ff @(posedge clk)
    if (!rst_n) begin
      busy <= 1'b0;
      reads <= 1'b0;
      read <= 1'b0;
    end else if (!busy) begin
      busy <= s_valid;
      reads <= 1'b0;
      read <= 1'b0;
    end else begin
      reads <= !found;
      read <= reads && !found;
      if (found) busy <= 1'b0;
    end
  always_ff @(posedge clk)
    if (!busy) begin
      m_flow <= s_flow;
      place <= s_at;
      base <= s_base;
      count <= open < {2'd0, s_depth} ? open[8:0] + 9'd1 : {1'b0, s_depth} + 9'd1;
      live <= ~({256{1'b1}} << (open < {2'd0, s_depth} ? {1'b0, open[7:0]} + 9'd1 : {1'b0, s_depth} + 9'd1));
    end else if (read) begin
      place <= place - 10'd1;
      live <= (here ? live | (256'd1 << length) : live) >> 1;
      if (here && joins) count <= count - 9'd1;
    end
endmodule
