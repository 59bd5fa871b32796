// End of a step of `piece_cutter`: whether the piece ends, where, and what follows. The transition comes late, from
// memory. So the four positions at which the piece may end are compared before, and it only selects among results.
module piece_ends (
    // Transition: to no row, the piece may end for good, and where (0 nowhere, so if dead; 1 here; 2 one code point
    // earlier).
    input  logic       dead,
    input  logic       final_,
    input  logic [1:0] accepts_here,
    // Flow, before the step.
    input  logic       stop,         // the step is the end of the text; otherwise a code point
    input  logic [9:0] accept,       // last possible end of the piece
    input  logic [9:0] seen,         // begin of the code point
    input  logic [9:0] ahead,        // its end
    input  logic [9:0] have,         // end of the bytes so far
    input  logic [9:0] base,         // first byte of the piece without a token
    input  logic       walked,       // the piece is walked
    input  logic       brim,         // the window is nearly full
    input  logic       lost,         // no token was found
    output logic       cut,          // the piece ends
    output logic [9:0] accept_next,
    output logic [9:0] seen_next,
    output logic       short_,       // the piece is short enough for the table
    output logic       queues,       // it is searched while its flow stays
    output logic       leaves,       // its flow leaves, to the walk
    output logic       fails,        // the flow ends without tokens
    output logic       endless,      // since the piece has no bytes
    output logic       repeats,      // the code point is read again, from the start state
    output logic       rereads,      // bytes given back are read again
    output logic       caught        // none are, and the flow stays
);
  localparam logic [9:0] EARLY = 10'd64;  // bytes without a token from which on tokens may be emitted early
  localparam logic [9:0] SHORT = 10'd127; // longest piece that is searched; others are walked
  localparam logic [9:0] TABLE = 10'd15;  // longest piece of the table

  assign cut = stop || dead || (final_ && accepts_here != 2'd0);

  logic [39:0] spots;
  logic [3:0] shorts, all_queues, cut_leaves, walk_leaves, empties, differs, cut_caught, walk_caught;
  assign spots = {accept, stop ? have : seen, stop ? have : ahead, accept};
  for (genvar n = 0; n < 4; n++) begin : g_end
    logic [9:0] spot, length;
    logic searched;
    assign spot = spots[10*n+:10];
    assign length = spot - base;
    assign shorts[n] = length <= TABLE;
    // Tables whose pieces have no bytes would loop endlessly.
    assign empties[n] = spot == base;
    assign searched = !walked && length <= SHORT;
    assign all_queues[n] = searched && !empties[n] && !lost;
    assign cut_leaves[n] = !searched && !empties[n] && !lost;
    // Before the end of a piece the walk is needed only to emit tokens early: not before the end of the packet, while
    // the piece may still be short, unless the window is nearly full.
    assign walk_leaves[n] = !lost && length >= EARLY && (walked ? spot != accept : length > SHORT || brim);
    assign differs[n] = spot != have;
    assign cut_caught[n] = !differs[n] && all_queues[n];
    assign walk_caught[n] = ahead == have && !walk_leaves[n] && !lost;
  end
  assign accept_next = spots[10*accepts_here+:10];
  assign seen_next = cut ? accept_next : ahead;
  assign short_ = shorts[accepts_here];
  assign queues = cut && all_queues[accepts_here];
  assign leaves = cut ? cut_leaves[accepts_here] : walk_leaves[accepts_here];
  assign endless = cut && empties[accepts_here];
  assign fails = endless || lost;
  assign repeats = dead && seen == accept && !stop;
  assign rereads = cut ? differs[accepts_here] : ahead != have;
  assign caught = cut ? cut_caught[accepts_here] : walk_caught[accepts_here];
endmodule
