// The front of packet_rotate: cuts a packet into its header, which becomes the answer's, its values or codes, and
// the norms behind codes. Payloads that are no whole units are dropped here. A unit is the least number of vectors
// whose codes fill whole beats.
module rotate_intake (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         cfg_decode,  // 1: codes and norms come; 0: values
    input  logic [  3:0] cfg_bits,
    input  logic [  3:0] cfg_log,     // log2 of a vector's elements
    input  logic         s_valid,
    output logic         s_ready,
    input  logic [255:0] s_data,
    input  logic [  1:0] s_part,
    input  logic         s_last,
    // Headers, with the answer's length: the first beat, and the position in the second.
    output logic         h_valid,
    input  logic         h_ready,
    output logic [319:0] h_data,
    // Values or codes.
    output logic         d_valid,
    input  logic         d_ready,
    output logic         d_last,
    // Norms, 16 a beat.
    output logic         n_valid,
    input  logic         n_ready,
    output logic         over          // a packet was dropped
);
  // ---- bytes of values: those of the payload, or of its vectors of codes ----
  logic [255:0] first;
  logic [63:0] position;
  logic [13:0] length, values, codes, used, answer;
  logic [8:0] vector_codes;  // bytes of a vector's codes
  logic [13:0] reciprocal;   // 2^18 / bytes of codes and norm, above: exact for payloads of up to 2^10 bytes
  logic [5:0] vectors;
  logic [3:0] unit_log, bits_log;  // bytes of the values of a unit
  logic is_whole;
  assign length = first[173:160];
  assign vector_codes = 9'((13'(cfg_bits) << cfg_log) >> 3);
  always_comb
    case (vector_codes)
      9'd16: reciprocal = 14'(262144 / 18 + 1);
      9'd24: reciprocal = 14'(262144 / 26 + 1);
      9'd32: reciprocal = 14'(262144 / 34 + 1);
      9'd48: reciprocal = 14'(262144 / 50 + 1);
      9'd64: reciprocal = 14'(262144 / 66 + 1);
      9'd96: reciprocal = 14'(262144 / 98 + 1);
      default: reciprocal = 14'(262144 / 130 + 1);
    endcase
  assign values = cfg_decode ? 14'({8'd0, vectors} << cfg_log) << 1 : length;
  assign codes = cfg_bits == 4'd2 ? values >> 3 : cfg_bits == 4'd3 ? 14'((16'(values) + {1'b0, values, 1'b0}) >> 4) : values >> 2;
  assign used = codes + (values >> cfg_log);
  assign answer = cfg_decode ? values : used;
  assign bits_log = cfg_bits == 4'd2 ? 4'd8 : cfg_bits == 4'd3 ? 4'd9 : 4'd7;
  assign unit_log = cfg_log >= bits_log ? cfg_log + 4'd1 : bits_log;
  assign is_whole = (values & ~(14'h3fff << unit_log)) == 14'd0 && (!cfg_decode || used == length);

  // ---- a header is known with its second beat; that of codes a cycle later, after the division ----
  logic due, bad;
  logic [5:0] left;  // beats of codes
  assign h_valid = is_whole && (cfg_decode ? due : s_valid && s_part == 2'd1);
  assign h_data = {cfg_decode ? position : s_data[63:0], first[255:174], answer, first[159:0]};
  always_comb begin
    d_valid = 1'b0;
    n_valid = 1'b0;
    if (due) s_ready = 1'b0;
    else if (s_part == 2'd1) s_ready = cfg_decode || h_ready || !is_whole;
    else if (s_part == 2'd0 || bad) s_ready = 1'b1;
    else if (!cfg_decode || left != 6'd0) begin
      s_ready = d_ready;
      d_valid = s_valid;
    end else begin
      s_ready = n_ready;
      n_valid = s_valid;
    end
  end
  assign over = s_valid && s_ready && s_last && bad;
  assign d_last = cfg_decode ? left == 6'd1 : s_last;
  always_ff @(posedge clk)
    if (!rst_n) due <= 1'b0;
    else if (due) due <= is_whole && !h_ready;
    else due <= cfg_decode && s_valid && s_part == 2'd1;
  always_ff @(posedge clk) begin
    if (s_valid && s_part == 2'd0) first <= s_data;
    if (s_valid && s_part == 2'd1 && !due) begin
      position <= s_data[63:0];
      vectors <= 6'((28'(length) * 28'(reciprocal)) >> 18);
    end
    if (cfg_decode ? due : s_part == 2'd1) begin
      bad <= !is_whole;
      left <= 6'(codes >> 5);
    end else if (d_valid && d_ready) left <= left - 6'd1;
  end
endmodule
