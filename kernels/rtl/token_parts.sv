// Tokens of every flow's packet, in parts of an answer: a token is appended to its flow's last part, and the next
// part begins when it is full. A token is written in the cycle after it is given.
module token_parts #(
    parameter int FLOWS = 8,
    parameter int FW    = 3,
    parameter int TW    = 13,  // 2^TW tokens per packet
    parameter int PW    = 5    // 2^PW parts per answer
) (
    input  logic          clk,
    input  logic          rst_n,
    input  logic [  11:0] cfg_tokens,      // tokens of a full part
    // A flow's packet begins, or a token is given.
    input  logic [FW-1:0] s_flow,
    input  logic          s_opens,
    input  logic          s_restarts,      // the flow begins too: at byte 0
    input  logic          s_gives,
    input  logic [  15:0] s_token,
    input  logic [   7:0] s_length,        // bytes of the token
    input  logic          s_last,          // a piece ends with it
    // To the answer: number of the last part; first token, token count and begin of a part; tokens.
    input  logic [FW-1:0] view_flow,
    input  logic [PW-1:0] view_part,
    output logic [PW-1:0] view_last,
    output logic [  47:0] view_position,
    output logic [  11:0] view_count,
    output logic [  11:0] view_confirmed,
    input  logic [TW-1:0] token_number,
    output logic [  15:0] token,           // one cycle after its number
    output logic          token_ends       // a piece ends with it
);
  logic [FW-1:0] flow;
  logic opens, restarts, gives, last;
  logic [15:0] given;
  logic [7:0] length;
  always_ff @(posedge clk) begin
    flow <= s_flow;
    opens <= rst_n && s_opens;
    restarts <= s_restarts;
    gives <= rst_n && s_gives;
    given <= s_token;
    length <= s_length;
    last <= s_last;
  end

  logic [TW-1:0] number_q[FLOWS];
  logic [PW-1:0] part_q[FLOWS];
  logic [11:0] count_q[FLOWS], confirmed_q[FLOWS];
  logic [47:0] offset_q[FLOWS], position_q[FLOWS];
  (* ram_style = "ultra" *) logic [16:0] tokens[2**(FW+TW)];
  logic [71:0] parts[2**(FW+PW)];
  logic begins_part;
  logic [11:0] count_n, confirmed_n;
  logic [PW-1:0] part_n;
  logic [47:0] position_n, from;
  assign begins_part = count_q[flow] == cfg_tokens;
  assign part_n = begins_part ? part_q[flow] + 1'b1 : part_q[flow];
  assign position_n = begins_part ? offset_q[flow] : position_q[flow];
  assign count_n = begins_part ? 12'd1 : count_q[flow] + 12'd1;
  assign confirmed_n = last ? count_n : begins_part ? 12'd0 : confirmed_q[flow];
  assign from = restarts ? '0 : offset_q[flow];
  always_ff @(posedge clk) begin
    if (gives) tokens[{flow, number_q[flow]}] <= {last, given};
    if (gives) parts[{flow, part_n}] <= {position_n, count_n, confirmed_n};
    else if (opens) parts[{flow, PW'(0)}] <= {from, 24'd0};
    if (gives) begin
      number_q[flow] <= number_q[flow] + 1'b1;
      part_q[flow] <= part_n;
      count_q[flow] <= count_n;
      confirmed_q[flow] <= confirmed_n;
      position_q[flow] <= position_n;
      offset_q[flow] <= offset_q[flow] + {40'd0, length};
    end else if (opens) begin
      number_q[flow] <= '0;
      part_q[flow] <= '0;
      count_q[flow] <= '0;
      confirmed_q[flow] <= '0;
      position_q[flow] <= from;
      offset_q[flow] <= from;
    end
    {token_ends, token} <= tokens[{view_flow, token_number}];
  end
  assign view_last = part_q[view_flow];
  assign {view_position, view_count, view_confirmed} = parts[{view_flow, view_part}];
endmodule
