// Packets of text come in: each is judged by its flow and its number and put into the buffer of its place,
// where the flow's walk finds it. A place holds one packet; a packet that comes for a place that still works
// waits at the door, and those behind it too.
//
// FLOWS flows are held. The first packet of another takes a free place, or that of the flow whose last packet
// lies furthest back: it is forgotten, and what still comes of it is out of order.
module text_intake #(
    parameter int FLOWS = 8,
    parameter int FW    = 3,  // log2 of FLOWS
    parameter int LW    = 6   // 2^LW beats are the longest payload
) (
    input  logic              clk,
    input  logic              rst_n,
    input  logic              clear,          // another plan: no flow is known
    input  logic              s_valid,
    output logic              s_ready,
    input  logic [     255:0] s_data,
    input  logic [       1:0] s_part,
    input  logic              s_last,
    // A packet that is refused: a pulse, and the number of the check.
    output logic              refuse,
    output logic [       4:0] refuse_reason,
    // A packet is there; it stays until its flow is done with it.
    output logic              given,
    output logic [    FW-1:0] given_flow,
    input  logic              spent,
    input  logic [    FW-1:0] spent_flow,
    // The flow's bytes, 32 at a time, a cycle after they were asked for.
    input  logic [ FW+LW-1:0] read_address,
    output logic [     255:0] read_data,
    // Of the packet of every flow: whether it begins the flow, ends the text, and how many bytes it has.
    output logic [ FLOWS-1:0] first,
    output logic [ FLOWS-1:0] ends,
    output logic [15*FLOWS-1:0] lengths,
    // The header of one of them.
    input  logic [    FW-1:0] header_flow,
    output logic [     255:0] header
);
  localparam logic [4:0] OVERLAP = 5'd7, ORDER = 5'd18;
  localparam logic [1:0] HEADER = 2'd0, JUDGE = 2'd1, BYTES = 2'd2, SWALLOW = 2'd3;
  logic [1:0] state;
  logic [255:0] head;
  logic [31:0] flow;
  logic [31:0] number;
  logic last, end_of_text;
  assign flow = head[95:64];
  assign number = head[127:96];
  assign last = head[49];
  assign end_of_text = head[50];

  // ---- which place ----
  logic [FLOWS-1:0] held, full, same, usable;
  logic [32*FLOWS-1:0] flows, next;
  logic [FW*FLOWS-1:0] ranks;  // how many flows have had a packet since; 0 the last one
  logic known, in_order, overlaps, begins, may;
  logic [FW-1:0] found, vacant, oldest, place;
  always_comb begin
    found = '0;
    vacant = '0;
    oldest = '0;
    for (int n = FLOWS - 1; n >= 0; n--) begin
      // A flow that begins again while its last packet is at work waits for it: answers keep their order.
      same[n] = (held[n] || full[n]) && flows[32*n+:32] == flow;
      usable[n] = !held[n] && !full[n];
      if (same[n]) found = FW'(n);
      if (usable[n]) vacant = FW'(n);
      if (ranks[FW*n+:FW] == FW'(FLOWS - 1)) oldest = FW'(n);
    end
  end
  assign known = |(same & held);
  assign overlaps = head[191:176] != 16'd0;
  assign begins = number == 32'd0;
  assign in_order = known ? next[32*found+:32] == number : begins;
  assign place = |same ? found : |usable ? vacant : oldest;
  // A place that nobody holds may still have its last packet; then this one waits.
  assign may = |same || |usable || &held ? !full[place] : 1'b0;

  logic [FW-1:0] taken;
  logic [LW-1:0] beat;
  logic take, accept;
  assign refuse = state == JUDGE && (overlaps || !in_order);
  assign refuse_reason = overlaps ? OVERLAP : ORDER;
  assign accept = state == JUDGE && !overlaps && in_order && may;
  assign s_ready = state != JUDGE;
  assign take = s_valid && s_ready;
  assign given = state == BYTES && take && s_last;
  assign given_flow = taken;

  always_ff @(posedge clk)
    if (!rst_n || clear) begin
      state <= HEADER;
      held <= '0;
      full <= '0;
      for (int n = 0; n < FLOWS; n++) ranks[FW*n+:FW] <= FW'(n);
    end else begin
      if (spent) full[spent_flow] <= 1'b0;
      case (state)
        HEADER: if (take && s_part == 2'd1) state <= JUDGE;
        JUDGE: begin
          if (refuse) state <= SWALLOW;
          if (accept) begin
            state <= BYTES;
            full[place] <= 1'b1;
            // The last packet of a flow gives the place back; the packet itself stays until it is done.
            held[place] <= !last && !end_of_text;
            for (int n = 0; n < FLOWS; n++)
              if (ranks[FW*n+:FW] < ranks[FW*place+:FW]) ranks[FW*n+:FW] <= ranks[FW*n+:FW] + 1'b1;
            ranks[FW*place+:FW] <= '0;
          end
        end
        default: if (take && s_last) state <= HEADER;
      endcase
    end

  (* ram_style = "block" *) logic [255:0] bytes[2**(FW+LW)];
  logic [255:0] heads[FLOWS];
  always_ff @(posedge clk) begin
    if (take && s_part == 2'd0) head <= s_data;
    if (accept) begin
      taken <= place;
      flows[32*place+:32] <= flow;
      next[32*place+:32] <= number + 32'd1;
      first[place] <= !known;
      ends[place] <= end_of_text;
      lengths[15*place+:15] <= head[174:160];
      heads[place] <= head;
      beat <= '0;
    end else if (take) beat <= beat + 1'b1;
    if (state == BYTES && take) bytes[{taken, beat}] <= s_data;
    read_data <= bytes[read_address];
  end
  assign header = heads[header_flow];
endmodule
