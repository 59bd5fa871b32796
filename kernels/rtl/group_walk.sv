// Place of a beat of values in its group and packet.
module group_walk (
    input  logic       clk,
    input  logic       rst_n,
    input  logic [4:0] cfg_beats,   // of a group, 1 to 16
    input  logic [1:0] cfg_entry,   // bytes of an entry of the first region of metadata
    // Groups of each packet, from a queue.
    input  logic       n_valid,
    output logic       n_ready,
    input  logic [7:0] n_groups,
    input  logic       step,        // the beat passes
    output logic       first,       // of its group
    output logic       last_group,  // of its packet
    output logic [4:0] start        // of the second region of metadata within its beat
);
  logic [4:0] beat;
  logic [7:0] group;
  logic ends;
  assign first = beat == 5'd0;
  assign last_group = group + 8'd1 == n_groups;
  assign start = 5'(n_groups << (cfg_entry >> 1));
  assign ends = beat + 5'd1 == cfg_beats;
  assign n_ready = n_valid && step && ends && last_group;
  always_ff @(posedge clk)
    if (!rst_n) begin
      beat <= '0;
      group <= '0;
    end else if (step) begin
      beat <= ends ? '0 : beat + 5'd1;
      if (ends) group <= last_group ? '0 : group + 8'd1;
    end
endmodule
