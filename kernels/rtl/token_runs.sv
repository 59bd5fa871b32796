// Emits tokens: at a piece's end all of them, and before it those that all continuations share. Last tokens
// are followed back from the end; each is stored at its begin, and then the chain is read from the front.
module token_runs #(
    parameter int FLOWS = 8,
    parameter int FW    = 3,
    parameter int TW    = 13,  // 2^TW tokens per packet
    parameter int PW    = 5    // 2^PW parts per answer
) (
    input  logic                clk,
    input  logic                rst_n,
    input  logic [        11:0] cfg_tokens,     // tokens of a full part
    input  logic [   FLOWS-1:0] mine,
    output logic                pass,           // a flow leaves: to the walk, or to the cutter
    output logic [      FW-1:0] pass_flow,
    output logic                pass_walk,
    // From the walk.
    input  logic [ 3*FLOWS-1:0] wants,
    input  logic [10*FLOWS-1:0] ats,
    input  logic [ 8*FLOWS-1:0] depths,
    input  logic [16*FLOWS-1:0] wholes,
    input  logic                last_write,
    input  logic [      FW+8:0] last_address,
    input  logic [        15:0] last_token,
    input  logic [         7:0] last_length,
    // Per flow: begin of the next token, and whether it is the begin of its piece.
    output logic [10*FLOWS-1:0] bases,
    output logic [   FLOWS-1:0] fresh,
    // To the answer: number of the last part; first token, token count and begin of a part; tokens.
    input  logic [      FW-1:0] view_flow,
    input  logic [      PW-1:0] view_part,
    output logic [      PW-1:0] view_last,
    output logic [        47:0] view_position,
    output logic [        11:0] view_count,
    output logic [        11:0] view_confirmed,
    input  logic [      TW-1:0] token_number,
    output logic [        15:0] token,          // one cycle after its number
    output logic                token_ends      // a piece ends with it
);
  localparam logic [2:0] TAKE = 3'd0, AGREE = 3'd1, AGREED = 3'd2, BACK = 3'd3, FORTH = 3'd4;
  localparam logic [2:0] SOME = 3'd0, WHOLE = 3'd2, BEGINS = 3'd3, RESTARTS = 3'd4;  // orders

  logic [2:0] do_q[FLOWS];
  logic [9:0] base_q[FLOWS], back_q[FLOWS], target_q[FLOWS];
  logic [8:0] byte_q[FLOWS];  // last byte before `back_q`, so that no subtraction follows the arbitration
  logic [FLOWS-1:0] fresh_q, waits;

  // A step takes three cycles: arbitration with the address, the memories' output, the decision.
  logic a_valid, r_valid, b_valid;
  logic [FW-1:0] a, r, b;
  flow_pick #(
      .FLOWS(FLOWS),
      .FW   (FW)
  ) u_pick (
      .clk,
      .rst_n,
      .able (mine & ~waits & ~(FLOWS'(r_valid) << r) & ~(FLOWS'(b_valid) << b)),
      .valid(a_valid),
      .flow (a)
  );
  // State of flow b in the third cycle. No other step writes it meanwhile.
  logic [2:0] do_b, want;
  logic [9:0] base_b, back_b, target_b, at_b;
  logic [7:0] depth_b;
  logic [15:0] whole_b;
  logic fresh_b;
  always_ff @(posedge clk) begin
    r_valid <= rst_n && a_valid;
    r <= a;
    b_valid <= rst_n && r_valid;
    b <= r;
    do_b <= do_q[r];
    base_b <= base_q[r];
    back_b <= back_q[r];
    target_b <= target_q[r];
    fresh_b <= fresh_q[r];
    want <= wants[3*r+:3];
    at_b <= ats[10*r+:10];
    depth_b <= depths[8*r+:8];
    whole_b <= wholes[16*r+:16];
  end

  // ---- tokens shared by all continuations ----
  logic agree_ready, agree_start, agreed;
  logic [FW-1:0] agreed_flow;
  logic [9:0] agreed_at;
  token_agree #(
      .FW(FW)
  ) u_agree (
      .clk,
      .rst_n,
      .s_valid      (agree_start),
      .s_ready      (agree_ready),
      .s_flow       (b),
      .s_at         (at_b),
      .s_depth      (depth_b),
      .s_base       (base_b),
      .write        (last_write),
      .write_address(last_address),
      .write_length (last_length),
      .m_valid      (agreed),
      .m_flow       (agreed_flow),
      .m_at         (agreed_at)
  );
  logic [9:0] shared_q[FLOWS];
  always_ff @(posedge clk) if (agreed) shared_q[agreed_flow] <= agreed_at;
  always_ff @(posedge clk)
    if (!rst_n) waits <= '0;
    else begin
      if (agreed) waits[agreed_flow] <= 1'b0;
      if (agree_start) waits[b] <= 1'b1;
    end

  // ---- last tokens by their end, and tokens of the chain by their begin ----
  (* ram_style = "block" *) logic [23:0] lasts[2**(FW+9)];
  (* ram_style = "block" *) logic [23:0] forwards[2**(FW+9)];
  logic forward_write;
  logic [23:0] r_last, r_forward, q_last, q_forward;
  logic [9:0] start;  // begin of the current token on the way back
  always_ff @(posedge clk) begin
    if (last_write) lasts[last_address] <= {last_length, last_token};
    if (forward_write) forwards[{b, start[8:0]}] <= q_last;
    r_last <= lasts[{a, byte_q[a]}];
    r_forward <= forwards[{a, base_q[a][8:0]}];
    q_last <= r_last;
    q_forward <= r_forward;
  end

  // ---- the step ----
  logic [2:0] do_n;
  logic [9:0] base_n, back_n, target_n;
  logic fresh_n, leave, starts, writes, opens;
  logic [23:0] given;  // emitted token: its length, then its number
  logic gives, ends;   // `ends`: the token that is emitted ends at the target
  assign start = back_b - {2'd0, q_last[23:16]};
  always_comb begin
    do_n = do_b;
    base_n = base_b;
    back_n = back_b;
    target_n = target_b;
    fresh_n = fresh_b;
    leave = 1'b0;
    starts = 1'b0;
    writes = 1'b0;
    gives = 1'b0;
    opens = 1'b0;
    given = q_last;
    ends = back_b == target_b;
    case (do_b)
      TAKE: begin
        back_n = at_b;
        target_n = at_b;
        do_n = BACK;
        given = {at_b[7:0] - base_b[7:0], whole_b};
        ends = 1'b1;
        if (want == BEGINS || want == RESTARTS) begin
          leave = 1'b1;
          opens = 1'b1;
          if (want == RESTARTS) begin
            base_n = '0;
            fresh_n = 1'b1;
          end
        end else if (want == WHOLE) begin
          gives = 1'b1;
          base_n = at_b;
        end else if (want == SOME) do_n = AGREE;
      end
      AGREE:
      if (agree_ready) begin
        starts = 1'b1;
        do_n = AGREED;
      end
      AGREED: begin
        back_n = shared_q[b];
        target_n = shared_q[b];
        if (shared_q[b] == base_b) leave = 1'b1;
        else do_n = BACK;
      end
      BACK: begin
        if ({2'd0, q_last[23:16]} == back_b - base_b) begin
          gives = 1'b1;
          base_n = back_b;
        end else begin
          writes = 1'b1;
          back_n = start;
        end
      end
      default: begin
        gives = 1'b1;
        given = q_forward;
        base_n = base_b + {2'd0, q_forward[23:16]};
        ends = {2'd0, q_forward[23:16]} == target_b - base_b;
      end
    endcase
    if (gives) begin
      do_n = FORTH;
      if (ends) begin
        fresh_n = want != SOME;
        leave = 1'b1;
      end
    end
    if (leave) do_n = TAKE;
  end

  token_parts #(
      .FLOWS(FLOWS),
      .FW   (FW),
      .TW   (TW),
      .PW   (PW)
  ) u_parts (
      .clk,
      .rst_n,
      .cfg_tokens,
      .s_flow    (b),
      .s_opens   (b_valid && opens),
      .s_restarts(want == RESTARTS),
      .s_gives   (b_valid && gives),
      .s_token   (given[15:0]),
      .s_length  (given[23:16]),
      .s_last    (ends && want != SOME),
      .view_flow,
      .view_part,
      .view_last,
      .view_position,
      .view_count,
      .view_confirmed,
      .token_number,
      .token,
      .token_ends
  );

  assign pass = b_valid && leave;
  assign pass_flow = b;
  assign pass_walk = want == SOME;
  assign agree_start = b_valid && starts;
  assign forward_write = b_valid && writes;
  always_ff @(posedge clk)
    if (!rst_n) for (int n = 0; n < FLOWS; n++) do_q[n] <= TAKE;
    else if (b_valid) do_q[b] <= do_n;
  always_ff @(posedge clk)
    if (b_valid) begin
      base_q[b] <= base_n;
      back_q[b] <= back_n;
      byte_q[b] <= back_n[8:0] - 9'd1;
      target_q[b] <= target_n;
      fresh_q[b] <= fresh_n;
    end
  for (genvar n = 0; n < FLOWS; n++) begin : g_flow
    assign bases[10*n+:10] = base_q[n];
  end
  assign fresh = fresh_q;
endmodule
