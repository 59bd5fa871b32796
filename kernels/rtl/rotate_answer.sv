// The back of packet_rotate: a header, a packet's codes or values, and the norms behind codes become one stream.
module rotate_answer (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         cfg_decode,  // 1: values leave; 0: codes and norms
    input  logic         h_valid,
    output logic         h_ready,
    input  logic [319:0] h_data,
    input  logic         d_valid,     // codes or values
    output logic         d_ready,
    input  logic [255:0] d_data,
    input  logic         d_last,
    input  logic         n_valid,     // norms
    output logic         n_ready,
    input  logic [255:0] n_data,
    input  logic         n_last,
    output logic         m_valid,
    input  logic         m_ready,
    output logic [255:0] m_data,
    output logic [  1:0] m_part,
    output logic         m_last
);
  logic ce, sends, ends;
  logic [1:0] state;  // 0 and 1: header, 2: codes or values, 3: norms
  assign ce = !m_valid || m_ready;
  assign d_ready = ce && state == 2'd2;
  assign n_ready = ce && state == 2'd3;
  assign sends = state[1] ? (state[0] ? n_valid : d_valid) : h_valid;
  assign ends = state == 2'd3 ? n_last : state == 2'd2 && cfg_decode && d_last;
  // The header stays until its packet ends.
  assign h_ready = ce && sends && ends;
  always_ff @(posedge clk)
    if (!rst_n) begin
      state <= 2'd0;
      m_valid <= 1'b0;
    end else if (ce) begin
      m_valid <= sends;
      if (sends)
        state <= ends ? 2'd0 : state == 2'd3 || (state == 2'd2 && !d_last) ? state : state + 2'd1;
    end
  always_ff @(posedge clk)
    if (ce) begin
      m_part <= state[1] ? 2'd2 : state;
      m_last <= ends;
      if (state == 2'd0) m_data <= h_data[255:0];
      else if (state == 2'd1) m_data <= {192'd0, h_data[319:256]};
      else m_data <= state[0] ? n_data : d_data;
    end
endmodule
