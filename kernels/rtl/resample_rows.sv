// Antialiased resize of a stream of rows. Each arriving row passes the column filter once and stays in a ring
// until an output row has all its input rows. Answers are packets of their own; an input packet may cause
// several answers, or none.
//
// Each stage accepts completed work of the preceding stage, and begins only work that the next stage has
// capacity for: two arriving rows, `slack` rows beyond those of an output row, four packets. So work in
// flight never stalls, and its end is known when it begins.
module resample_rows #(
    parameter int WW = 9,   // 2^WW words of 32 bytes: maximum row
    parameter int SW = 12,  // 2^SW steps of the columns' filter
    parameter int VW = 11,  // 2^VW times sixteen weights
    parameter int RW = 12,  // 2^RW words of the ring
    parameter int OW = 12,  // 2^OW output rows
    parameter int TW = 13   // 2^TW weights of rows
) (
    input  logic                clk,
    input  logic                rst_n,
    input  logic                clear,
    /* verilator lint_off UNUSEDSIGNAL */  // arguments are whole words
    input  logic [32*32-1:0]    cfg,       // order: kernels/rtl/registers.ts
    input  logic                load_valid,
    input  logic [      3:0]    load_table,
    input  logic [     15:0]    load_addr,
    input  logic [     63:0]    load_data,
    /* verilator lint_on UNUSEDSIGNAL */
    input  logic                s_valid,
    output logic                s_ready,
    input  logic [    255:0]    s_data,
    input  logic [      1:0]    s_part,
    input  logic                s_last,
    output logic                refuse,
    output logic [      4:0]    refuse_reason,
    output logic signed [2:0]   gained,
    // Samples of 8 bits, without back-pressure; `left`: a packet has left the store downstream.
    output logic                m_valid,
    output logic [    255:0]    m_data,
    output logic [      1:0]    m_part,
    output logic                m_last,
    input  logic                left
);
  localparam logic [3:0] STEPS = 4'd0, WEIGHTS = 4'd1, ROWS = 4'd3, ROW_WEIGHTS = 4'd4;

  // ---- arriving rows ----
  logic spent, row_done, restart, write, write_next, write_slot;
  logic [80:0] from;
  logic [15:0] row;
  logic [9:0] run;
  logic [23:0] packets;
  logic [39:0] items;
  logic [WW-1:0] write_word;
  logic [511:0] write_data;
  logic [1:0] full;  // rows stored and not read yet
  row_intake #(
      .WW(WW)
  ) u_intake (
      .clk,
      .rst_n,
      .clear,
      .cfg_channels     (cfg[32*4+:3]),
      .cfg_row_bytes    (cfg[32*5+:15]),
      .cfg_rows         (cfg[32*6+:16]),
      .cfg_total        ({cfg[32*8+:8], cfg[32*7+:32]}),
      .cfg_image_packets(cfg[32*23+:24]),
      .cfg_image_items  (cfg[32*24+:32]),
      .s_valid,
      .s_ready,
      .s_data,
      .s_part,
      .s_last,
      .refuse,
      .refuse_reason,
      .spent,
      .room             (full != 2'd2),
      .row_done,
      .from,
      .restart,
      .row,
      .run,
      .packets,
      .items,
      .write,
      .write_next,
      .write_slot,
      .write_word,
      .write_data
  );

  // Sideband of a row, from the first stage to the last.
  localparam int KNOWN = 81 + 1 + 16 + 10 + 24 + 40;
  logic [KNOWN-1:0] known[8], known_now;
  logic [2:0] known_in, known_out;
  logic r_take, r_done;
  always_ff @(posedge clk)
    if (!rst_n) begin
      known_in <= '0;
      known_out <= '0;
    end else begin
      if (row_done) known_in <= known_in + 3'd1;
      if (r_done) known_out <= known_out + 3'd1;
    end
  always_ff @(posedge clk) if (row_done) known[known_in] <= {from, restart, row, run, packets, items};
  assign known_now = known[known_out];

  // ---- columns ----
  logic c_start, c_ready, c_begins, read, read_last, read_slot, ring_write, c_done;
  logic [WW-1:0] read_word;
  logic [1023:0] read_data;
  logic [RW-1:0] ring_addr;
  logic [767:0] ring_data;
  logic [1:0] waiting;  // rows stored and not begun
  logic [2:0] under_way, filtered;  // rows from column filter to their last answer; rows filtered
  assign c_start = waiting != 2'd0 && under_way <= cfg[32*27+:3];
  assign c_begins = c_start && c_ready;
  always_ff @(posedge clk)
    if (!rst_n) begin
      full <= '0;
      waiting <= '0;
      under_way <= '0;
      filtered <= '0;
    end else begin
      full <= full + 2'(row_done) - 2'(read_last);
      waiting <= waiting + 2'(row_done) - 2'(c_begins);
      under_way <= under_way + 3'(c_begins) - 3'(r_done);
      filtered <= filtered + 3'(c_done) - 3'(r_take);
    end
  row_store #(
      .WW(WW)
  ) u_store (
      .clk,
      .write,
      .write_next,
      .write_slot,
      .write_word,
      .write_data,
      .read,
      .read_slot,
      .read_word,
      .read_data
  );
  filter_columns #(
      .WW(WW),
      .SW(SW),
      .VW(VW),
      .RW(RW)
  ) u_columns (
      .clk,
      .rst_n,
      .clear,
      .cfg_channels    (cfg[32*4+:3]),
      .cfg_before      (cfg[32*9+:16]),
      .cfg_inside      (cfg[32*10+:16]),
      .cfg_steps       (cfg[32*11+:16]),
      .cfg_first       (cfg[32*12+:SW]),
      .cfg_packet_items(cfg[32*19+:11]),
      .cfg_fill        (cfg[32*28+:32]),
      .cfg_wide        (cfg[32*29]),
      .cfg_ring        (cfg[32*26+:RW+1]),
      .load_steps      (load_valid && load_table == STEPS),
      .load_weights    (load_valid && load_table == WEIGHTS),
      .load_addr       (load_addr[VW+2:0]),
      .load_data       (load_data[47:0]),
      .start           (c_start),
      .ready           (c_ready),
      .read,
      .read_last,
      .read_slot,
      .read_word,
      .read_data,
      .write           (ring_write),
      .write_addr      (ring_addr),
      .write_data      (ring_data),
      .done            (c_done)
  );

  // ---- rows ----
  logic begins, t_valid, t_first, t_final, t_last, t_fill;
  logic [1:0] t_part, t_phase;
  logic [255:0] t_header;
  logic [RW-1:0] t_addr;
  logic [TW-1:0] t_weight;
  logic [2:0] behind;  // packets from their beginning until they leave the store downstream
  assign gained = 3'(row_done) - 3'(spent) + 3'(begins) - 3'(r_done);
  always_ff @(posedge clk) behind <= rst_n ? behind + 3'(begins) - 3'(left) : 3'd0;
  answer_rows #(
      .OW(OW),
      .RW(RW),
      .TW(TW)
  ) u_answers (
      .clk,
      .rst_n,
      .clear,
      .cfg_plan        (cfg[31:0]),
      .cfg_before      (cfg[32*13+:16]),
      .cfg_inside      (cfg[32*14+:16]),
      .cfg_rows        (cfg[32*15+:16]),
      .cfg_first       (cfg[32*16+:OW]),
      .cfg_width       (cfg[32*17+:16]),
      .cfg_row_packets (cfg[32*18+:16]),
      .cfg_packet_items(cfg[32*19+:11]),
      .cfg_packet_bytes(cfg[32*20+:12]),
      .cfg_last_bytes  (cfg[32*21+:12]),
      .cfg_answers     (cfg[32*22+:32]),
      .cfg_row_words   (cfg[32*25+:RW+1]),
      .cfg_ring        (cfg[32*26+:RW+1]),
      .load            (load_valid && load_table == ROWS),
      .load_addr       (load_addr[OW-1:0]),
      .load_data       (load_data[50:0]),
      .s_valid         (filtered != 3'd0),
      .s_take          (r_take),
      .s_done          (r_done),
      .s_from          (known_now[171:91]),
      .s_restart       (known_now[90]),
      .s_row           (known_now[89:74]),
      .s_run           (known_now[73:64]),
      .s_packets       (known_now[63:40]),
      .s_items         (known_now[39:0]),
      .room            (behind < 3'd4),
      .begins,
      .m_valid         (t_valid),
      .m_part          (t_part),
      .m_header        (t_header),
      .m_addr          (t_addr),
      .m_weight        (t_weight),
      .m_first         (t_first),
      .m_final         (t_final),
      .m_last          (t_last),
      .m_fill          (t_fill),
      .m_phase         (t_phase)
  );
  filter_rows #(
      .RW(RW),
      .TW(TW)
  ) u_rows (
      .clk,
      .rst_n,
      .cfg_channels(cfg[32*4+:3]),
      .cfg_fill    (cfg[32*28+:32]),
      .cfg_snap    (cfg[32*30+:2]),
      .cfg_even    (cfg[32*31]),
      .load        (load_valid && load_table == ROW_WEIGHTS),
      .load_addr   (load_addr[TW-1:0]),
      .load_data   (load_data[23:0]),
      .write       (ring_write),
      .write_addr  (ring_addr),
      .write_data  (ring_data),
      .s_valid     (t_valid),
      .s_part      (t_part),
      .s_header    (t_header),
      .s_addr      (t_addr),
      .s_weight    (t_weight),
      .s_first     (t_first),
      .s_final     (t_final),
      .s_last      (t_last),
      .s_fill      (t_fill),
      .s_phase     (t_phase),
      .m_valid,
      .m_data,
      .m_part,
      .m_last
  );
endmodule
