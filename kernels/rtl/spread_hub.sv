// Stream before 2^LN instances and behind them: packets are spread by flow or, if they are placed, by sequence
// number too, and answers are joined. A queue before each instance takes a burst of its flow while the stream
// goes on to others. An instance makes a beat of 512 bits in two cycles or more, so its answer is gathered whole
// before it takes the stream.
module spread_hub #(
    parameter int LN     = 2,    // log2 of the instances, 1 to 4
    parameter int W      = 592,  // bits of a beat, with its sideband above 512 bits of data
    parameter int PLACED = 0     // 1: packets of a flow need no order
) (
    input  logic               clk,
    input  logic               rst_n,
    // Requests of the stream, and those of each instance.
    input  logic               s_valid,
    output logic               s_ready,
    input  logic               s_last,
    input  logic [      W-1:0] s_data,
    output logic [  2**LN-1:0] to_valid,
    input  logic [  2**LN-1:0] to_ready,
    output logic [  2**LN-1:0] to_last,
    output logic [W*2**LN-1:0] to_data,
    // Answers of each instance, and those of the stream.
    input  logic [  2**LN-1:0] from_valid,
    output logic [  2**LN-1:0] from_ready,
    input  logic [  2**LN-1:0] from_last,
    input  logic [W*2**LN-1:0] from_data,
    output logic               m_valid,
    input  logic               m_ready,
    output logic               m_last,
    output logic [      W-1:0] m_data
);
  localparam int N = 2 ** LN;
  logic [N-1:0] lane_valid, lane_ready, whole_valid, whole_ready, whole_last;
  logic [N*W-1:0] whole_data;
  logic spread_last;
  logic [W-1:0] spread_data;
  flow_spread #(
      .LN(LN),
      .W(W),
      .PLACED(PLACED)
  ) u_spread (
      .clk,
      .rst_n,
      .s_valid,
      .s_ready,
      .s_last,
      .s_data,
      .m_valid(lane_valid),
      .m_ready(lane_ready),
      .m_last (spread_last),
      .m_data (spread_data)
  );
  for (genvar n = 0; n < N; n++) begin : g_lane
    beat_fifo #(
        .W (W + 1),
        .AW(6)
    ) u_queue (
        .clk,
        .rst_n,
        .s_valid(lane_valid[n]),
        .s_ready(lane_ready[n]),
        .s_data ({spread_last, spread_data}),
        .m_valid(to_valid[n]),
        .m_ready(to_ready[n]),
        .m_data ({to_last[n], to_data[W*n+:W]})
    );
    whole_queue #(
        .W(W)
    ) u_whole (
        .clk,
        .rst_n,
        .s_valid(from_valid[n]),
        .s_ready(from_ready[n]),
        .s_last (from_last[n]),
        .s_data (from_data[W*n+:W]),
        .m_valid(whole_valid[n]),
        .m_ready(whole_ready[n]),
        .m_last (whole_last[n]),
        .m_data (whole_data[W*n+:W])
    );
  end
  flow_collect #(
      .LN(LN),
      .W (W)
  ) u_collect (
      .clk,
      .rst_n,
      .s_valid(whole_valid),
      .s_ready(whole_ready),
      .s_last (whole_last),
      .s_data (whole_data),
      .m_valid,
      .m_ready,
      .m_last,
      .m_data
  );
endmodule
