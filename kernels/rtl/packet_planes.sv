// Stores a packet's 8-bit samples and sends them interleaved or plane by plane, each with its channel number.
// Packets are written while earlier ones are read. Four fit, the capacity of a block memory, so a short
// packet between long ones stalls nothing.
//
// Each channel has its own memory. Samples of channel c begin at byte c*n, with n pixels per packet. So all
// channels are read at the same row and combined with masks; joining planes needs no shifter.
module packet_planes #(
    parameter int RW = 6,  // 2^RW rows of 32 samples: maximum packet
    parameter int SW = 2   // 2^SW packets stored
) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic [  2:0] cfg_channels,  // 1, 3 or 4
    input  logic         cfg_planar,
    input  logic [  1:0] cfg_size,      // log2 of the output bytes per sample
    input  logic         s_valid,
    output logic         s_ready,
    input  logic [255:0] s_data,
    input  logic [  1:0] s_part,
    input  logic         s_last,
    input  logic [  1:0] s_bad,
    output logic         m_valid,
    input  logic         m_ready,
    output logic [255:0] m_data,
    output logic [ 31:0] m_odd,         // bit 0 of each sample's channel
    output logic [ 31:0] m_upper,       // bit 1 of each sample's channel
    output logic [  5:0] m_count,       // samples of the beat
    output logic [  1:0] m_part,
    output logic         m_last,
    output logic [  1:0] m_bad
);
  localparam int PW = RW + 5;
  logic rgb, four, planar;
  assign rgb = cfg_channels == 3'd3;
  assign four = cfg_channels == 3'd4;
  assign planar = cfg_planar && (rgb || four);

  // ---- in: headers into registers, samples into the channels' memories ----
  logic [SW-1:0] into, from;  // slots of the packet being written, and being read
  logic [2**SW-1:0] held;
  logic [1:0] spoiled[2**SW];
  logic [511:0] head[2**SW];
  logic [PW:0] total[2**SW], pixels[2**SW];
  logic take, samples, ended;
  assign s_ready = !held[into];
  assign take = s_valid && s_ready;
  assign samples = take && s_part == 2'd2;

  logic [PW:0] length, third, left;
  logic [1:0] phase;  // channel of the beat's first sample, modulo three
  assign length = s_data[160+:PW+1];

  // What a beat of samples needs is computed in the cycle before it, from the length: the mask of its samples
  // and, by channel, how many and which. The second beat of header is the cycle before the first samples.
  //
  // Samples that every third place from `first` on has, for each number of samples in a beat.
  function automatic logic [255:0] of_three_table(input int first);
    of_three_table = '0;
    for (int n = 0; n <= 32; n++) of_three_table[4*n+:4] = 4'((n + 2 - first) / 3);
  endfunction
  localparam logic [255:0] OF_THREE_0 = of_three_table(0), OF_THREE_1 = of_three_table(1);
  localparam logic [255:0] OF_THREE_2 = of_three_table(2);
  logic [PW:0] left_next;
  logic [5:0] here_next;
  logic [1:0] phase_next;
  logic [31:0] present;  // samples of the beat
  logic [3:0] of_three[3], of_four[4];  // of the next beat, by the first sample
  assign left_next = s_part == 2'd2 ? left - (PW + 1)'(32) : left;
  assign here_next = left_next > (PW + 1)'(32) ? 6'd32 : left_next[5:0];
  assign phase_next = s_part != 2'd2 ? 2'd0 : phase == 2'd0 ? 2'd2 : phase - 2'd1;
  always_comb begin
    of_three[0] = OF_THREE_0[4*here_next+:4];
    of_three[1] = OF_THREE_1[4*here_next+:4];
    of_three[2] = OF_THREE_2[4*here_next+:4];
    for (int o = 0; o < 4; o++) of_four[o] = 4'((here_next + 6'd3 - 6'(o)) >> 2);
  end
  always_ff @(posedge clk) if (take) present <= ~(32'hffff_ffff << here_next);

  // Every third sample from 0, 1 and 2, every fourth from 0 to 3.
  logic [87:0] by_three[3], by_four[4];
  logic [255:0] whole;
  always_comb begin
    for (int i = 0; i < 32; i++) whole[8*i+:8] = s_data[8*i+:8] & {8{present[i]}};
    for (int o = 0; o < 3; o++) begin
      by_three[o] = '0;
      for (int j = 0; j < 11; j++) if (3 * j + o < 32) by_three[o][8*j+:8] = whole[8*(3*j+o)+:8];
    end
    for (int o = 0; o < 4; o++) begin
      by_four[o] = '0;
      for (int j = 0; j < 8; j++) by_four[o][8*j+:8] = whole[8*(4*j+o)+:8];
    end
  end

  // Samples take two cycles: they are moved to their place in the row, then joined with those before them. The
  // row that a packet does not fill is written a cycle later, in time for the reader behind the header.
  logic read, joins, closes;
  logic [RW-1:0] line;
  logic [SW-1:0] slot;  // of the packet whose samples are joined
  logic [255:0] row[4];
  always_ff @(posedge clk) begin
    joins <= rst_n && samples;
    closes <= rst_n && ended;
    if (samples) slot <= into;
  end
  for (genvar c = 0; c < 4; c++) begin : g_channel
    logic [343:0] moved;
    logic [87:0] chosen;
    logic [255:0] kept, grown;
    logic [PW:0] at;
    logic [RW-1:0] at_row;
    logic [3:0] number;
    logic [1:0] turn_in, turn_next;
    logic full;
    assign turn_next = 2'((4'(c) + 4'd3 - {2'd0, phase_next}) % 4'd3);
    always_ff @(posedge clk)
      if (take) begin
        turn_in <= turn_next;
        number <= four ? of_four[c] : of_three[turn_next];
      end
    assign chosen = four ? by_four[c] : by_three[turn_in];
    always_ff @(posedge clk)
      if (samples) begin
        moved <= planar ? {256'd0, chosen} << {at[4:0], 3'd0} : {88'd0, s_data};
        full <= planar ? {1'b0, at[4:0]} + {2'd0, number} > 6'd31 : c == 0;
        at_row <= at[PW-1:5];
      end else if (ended) begin
        full <= planar && at[4:0] != 5'd0;
        at_row <= at[PW-1:5];
      end
    always_ff @(posedge clk)
      if (take && s_part == 2'd1) at <= !planar || c == 0 ? '0 : (PW + 1)'(c) * (rgb ? third : left >> 2);
      else if (samples) at <= at + (planar ? (PW + 1)'(number) : (PW + 1)'(32));

    assign grown = kept | (joins ? moved[255:0] : '0);
    (* ram_style = "block" *) logic [255:0] mem[2**(RW+SW)];
    always_ff @(posedge clk) begin
      if ((joins || closes) && full) mem[{slot, at_row}] <= grown;
      if (read) row[c] <= mem[{from, line}];
    end
    always_ff @(posedge clk)
      if (take && s_part == 2'd1) kept <= '0;
      else if (joins) kept <= full ? {168'd0, moved[343:256]} : grown;
  end
  always_ff @(posedge clk) begin
    ended <= rst_n && take && s_last;
    if (take) begin
      if (s_part == 2'd0) begin
        left <= length;
        third <= (PW + 1)'((32'(length) * 32'd43691) >> 17);
        total[into] <= length;
        head[into][255:0] <= s_data;
        head[into][175:160] <= 16'(length) << cfg_size;
      end else if (s_part == 2'd1) begin
        pixels[into] <= rgb ? third : left >> 2;
        head[into][511:256] <= s_data;
      end else begin
        left <= left_next;
        if (s_last) spoiled[into] <= s_bad;
      end
      phase <= phase_next;
    end
  end

  // ---- out: all channels' memories at the same row ----
  logic [1:0] part;
  logic [PW:0] rest;  // samples from this row on
  logic done;
  assign read = held[from] && (!m_valid || m_ready);
  assign done = part == 2'd2 && rest <= (PW + 1)'(32);
  always_ff @(posedge clk)
    if (!rst_n) begin
      held <= '0;
      into <= '0;
      from <= '0;
      part <= 2'd0;
      line <= '0;
      m_valid <= 1'b0;
    end else begin
      if (take && s_last) begin
        held[into] <= 1'b1;
        into <= into + 1'b1;
      end
      if (read) begin
        m_valid <= 1'b1;
        part <= done ? 2'd0 : part == 2'd2 ? 2'd2 : part + 2'd1;
        line <= done || part != 2'd2 ? '0 : line + 1'b1;
        if (done) begin
          held[from] <= 1'b0;
          from <= from + 1'b1;
        end
      end else if (m_ready) m_valid <= 1'b0;
    end

  // Samples before the first one of each channel, from this row on. The two beats of header leave time for it.
  logic [PW:0] apart, border[4];
  logic [31:0] from_here[4];  // samples of the row that belong to the channel or a later one
  logic [1:0] turn;           // channel of the row's first sample, modulo three
  always_comb
    for (int c = 0; c < 4; c++) begin
      if (c == 0) from_here[c] = '1;
      else if (!planar || (c == 3 && !four) || border[c] >= (PW + 1)'(32)) from_here[c] = '0;
      else from_here[c] = 32'hffff_ffff << border[c][4:0];
    end
  localparam logic [31:0] THIRDS = 32'h4924_9249;
  logic [255:0] header;
  logic [31:0] behind[4];
  always_ff @(posedge clk)
    if (read) begin
      m_part <= part;
      m_last <= done;
      m_bad <= spoiled[from];
      m_count <= rest > (PW + 1)'(32) ? 6'd32 : rest[5:0];
      rest <= part == 2'd2 ? rest - (PW + 1)'(32) : total[from];
      if (part != 2'd2) header <= part == 2'd0 ? head[from][255:0] : head[from][511:256];
      apart <= pixels[from];
      border[0] <= '0;
      for (int c = 1; c < 4; c++)
        if (part != 2'd2) border[c] <= c == 1 ? apart : c == 2 ? apart << 1 : apart + (apart << 1);
        else border[c] <= border[c] > (PW + 1)'(32) ? border[c] - (PW + 1)'(32) : '0;
      turn <= part != 2'd2 ? 2'd0 : turn == 2'd0 ? 2'd2 : turn - 2'd1;
      for (int c = 0; c < 4; c++) behind[c] <= from_here[c];
      if (planar || (!rgb && !four)) begin
        m_odd <= from_here[1] & ~from_here[2] | from_here[3];
        m_upper <= from_here[2];
      end else if (four) begin
        m_odd <= 32'haaaa_aaaa;
        m_upper <= 32'hcccc_cccc;
      end else begin
        // Sample i is of channel (i + turn) mod 3.
        m_odd <= turn == 2'd0 ? THIRDS << 1 : turn == 2'd1 ? THIRDS : THIRDS << 2;
        m_upper <= turn == 2'd0 ? THIRDS << 2 : turn == 2'd1 ? THIRDS << 1 : THIRDS;
      end
    end

  logic [255:0] spread[4];
  always_comb begin
    for (int c = 0; c < 4; c++) for (int i = 0; i < 32; i++) spread[c][8*i+:8] = {8{behind[c][i]}};
    m_data = header;
    if (m_part == 2'd2) begin
      m_data = row[0] & ~spread[1] | row[1] & spread[1] & ~spread[2] |
          row[2] & spread[2] & ~spread[3] | row[3] & spread[3];
    end
  end
endmodule
