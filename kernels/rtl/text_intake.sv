// Receives packets of text: checks each by flow and sequence number, and stores it in the buffer of its slot
// for the walk of the flow. A slot holds one packet. A packet for a busy slot stalls the input, including
// later packets.
//
// FLOWS flows are held. The first packet of a new flow takes a free slot. Without one, it evicts the flow
// whose last packet is the oldest; later packets of that flow are out of order.
module text_intake #(
    parameter int FLOWS = 8,
    parameter int FW    = 3,  // log2 of FLOWS
    parameter int LW    = 6   // 2^LW beats: maximum payload
) (
    input  logic              clk,
    input  logic              rst_n,
    input  logic              clear,          // new plan: forgets all flows
    input  logic              s_valid,
    output logic              s_ready,
    input  logic [     255:0] s_data,
    input  logic [       1:0] s_part,
    input  logic              s_last,
    // Rejected packet: a pulse, and the number of the failed check.
    output logic              refuse,
    output logic [       4:0] refuse_reason,
    // Stored packet; it stays until its flow is done with it.
    output logic              given,
    output logic [    FW-1:0] given_flow,
    input  logic              spent,
    input  logic [    FW-1:0] spent_flow,
    // Bytes of the flow, 32 per read, one cycle after the address.
    input  logic [ FW+LW-1:0] read_address,
    output logic [     255:0] read_data,
    // Packet of each flow: begins the flow, ends the text, byte count.
    output logic [ FLOWS-1:0] first,
    output logic [ FLOWS-1:0] ends,
    output logic [15*FLOWS-1:0] lengths,
    // Header of one packet.
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

  // ---- slot selection ----
  logic [FLOWS-1:0] held, full, same, usable;
  logic [32*FLOWS-1:0] flows, next;
  logic [FW*FLOWS-1:0] ranks;  // flows with a later packet; 0 for the most recent
  logic known, in_order, overlaps, begins, may;
  logic [FW-1:0] found, vacant, oldest, place;
  // The header's first beat is compared while its second one comes, so the judgement begins with single bits.
  logic [FLOWS-1:0] equal, follows;
  always_ff @(posedge clk) begin
    for (int n = 0; n < FLOWS; n++) begin
      equal[n] <= flows[32*n+:32] == flow;
      follows[n] <= next[32*n+:32] == number;
    end
    overlaps <= head[191:176] != 16'd0;
    begins <= number == 32'd0;
  end
  always_comb begin
    found = '0;
    vacant = '0;
    oldest = '0;
    for (int n = FLOWS - 1; n >= 0; n--) begin
      // If a flow begins again while its last packet is processed, it waits, so answers keep their order.
      same[n] = (held[n] || full[n]) && equal[n];
      usable[n] = !held[n] && !full[n];
      if (same[n]) found = FW'(n);
      if (usable[n]) vacant = FW'(n);
      if (ranks[FW*n+:FW] == FW'(FLOWS - 1)) oldest = FW'(n);
    end
  end
  assign known = |(same & held);
  assign in_order = known ? |(same & held & follows) : begins;
  assign place = |same ? found : |usable ? vacant : oldest;
  // A slot without a flow may still hold that flow's last packet; then this packet waits.
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
            // The last packet of a flow releases the slot; the packet itself stays until it is processed.
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
