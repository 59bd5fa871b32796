// Answers of groups, put together: header, main beats (packed codes or values), and metadata in one or two regions
// behind them. Both regions have bytes in the beat in which the first one ends.
module group_answers (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         cfg_second,  // there is a second region
    // From group_packets.
    input  logic         h_valid,
    output logic         h_ready,
    input  logic [255:0] h_data,
    input  logic [  7:0] h_main,
    input  logic [  8:0] h_first,
    input  logic [  4:0] h_metadata,
    input  logic         b_valid,
    output logic         b_ready,
    input  logic [255:0] b_data,
    // Beats of the regions; bytes of the other region are zero.
    input  logic         f_valid,
    output logic         f_ready,
    input  logic [255:0] f_data,
    input  logic         g_valid,
    output logic         g_ready,
    input  logic [255:0] g_data,
    output logic         m_valid,
    input  logic         m_ready,
    output logic [255:0] m_data,
    output logic [  1:0] m_part,
    output logic         m_last
);
  logic ce, fires, ends, takes_first, takes_second;
  logic [1:0] part;
  logic [7:0] beat;  // of the payload
  logic main;
  logic [12:0] place;  // bytes of the metadata before this beat
  assign ce = !m_valid || m_ready;
  assign main = beat < h_main;
  assign place = {beat - h_main, 5'd0};
  assign takes_first = place < 13'(h_first);
  assign takes_second = cfg_second && place + 13'd32 > 13'(h_first);
  assign ends = part[1] && beat + 8'd1 == h_main + 8'(h_metadata);
  always_comb begin
    if (!ce) fires = 1'b0;
    else if (!part[1]) fires = h_valid;
    else if (main) fires = b_valid;
    else fires = (f_valid || !takes_first) && (g_valid || !takes_second);
  end
  // The second beat of a header stays in its queue until its packet ends, for its numbers.
  assign h_ready = fires && (part == 2'd0 || ends);
  assign b_ready = fires && part[1] && main;
  assign f_ready = fires && part[1] && !main && takes_first;
  assign g_ready = fires && part[1] && !main && takes_second;
  always_ff @(posedge clk)
    if (!rst_n) begin
      part <= 2'd0;
      m_valid <= 1'b0;
    end else begin
      if (ce) m_valid <= fires;
      if (fires) part <= ends ? 2'd0 : part[1] ? 2'd2 : part + 2'd1;
    end
  always_ff @(posedge clk)
    if (fires) begin
      beat <= part[1] ? beat + 8'd1 : 8'd0;
      m_part <= part;
      m_last <= ends;
      if (!part[1]) m_data <= h_data;
      else if (main) m_data <= b_data;
      else m_data <= (takes_first ? f_data : '0) | (takes_second ? g_data : '0);
    end
endmodule
