// Packets of whole groups, taken apart: header, the groups' main bytes (values or packed codes), and metadata in
// one or two regions behind them. Packets of no whole groups, or of groups whose codes fill no whole beats, or
// whose answer does not fit the store, are dropped.
//
// Regions lie behind each other byte by byte, so a beat may hold the end of the first and the begin of the second.
module group_packets #(
    parameter int AW = 7  // 2^AW beats are stored behind
) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         cfg_valid,        // 0: all packets are dropped
    input  logic [ 16:0] cfg_reciprocal,   // of the bytes of a group in the request, times 2^20, rounded up
    input  logic [  9:0] cfg_in_main,      // bytes of a group: in the request
    input  logic [  1:0] cfg_in_first,
    input  logic [  1:0] cfg_in_second,
    input  logic [  9:0] cfg_out_main,     // and in the answer
    input  logic [  1:0] cfg_out_first,
    input  logic [  1:0] cfg_out_second,
    input  logic         s_valid,
    output logic         s_ready,
    input  logic [255:0] s_data,
    input  logic [  1:0] s_part,
    input  logic         s_last,
    output logic         dropped,          // at the last beat of a packet
    // A packet's groups, once per packet.
    output logic         n_valid,
    input  logic         n_ready,
    output logic [  7:0] n_groups,
    // Header of the answer, in two beats, with the beats behind it.
    output logic         h_valid,
    input  logic         h_ready,
    output logic [255:0] h_data,
    output logic [  7:0] h_main,
    output logic [  8:0] h_first,          // bytes of the first region
    output logic [  4:0] h_metadata,       // beats of both regions
    // Beats of the main region.
    output logic         b_valid,
    input  logic         b_ready,
    // Beats of the first and of the second region.
    output logic         f_valid,
    input  logic         f_ready,
    output logic         g_valid,
    input  logic         g_ready,
    output logic [255:0] m_data            // of all three
);
  localparam logic [14:0] ANSWER = 15'(32 * 2 ** AW);
  logic ce;
  assign s_ready = ce;

  // ---- 1 and 2: groups of the packet ----
  logic v1, v2, v3;
  logic [1:0] part1, part2, part3;
  logic [255:0] d1, d2, d3;
  /* verilator lint_off UNUSEDSIGNAL */  // below 2^20 is the fraction
  logic [30:0] product;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [13:0] length2;
  logic [7:0] n2;
  logic [10:0] in_group;
  assign in_group = {1'b0, cfg_in_main} + {9'd0, cfg_in_first} + {9'd0, cfg_in_second};
  assign n2 = product[27:20];
  always_ff @(posedge clk)
    if (!rst_n) {v1, v2, v3} <= '0;
    else if (ce) {v1, v2, v3} <= {s_valid, v1, v2};
  always_ff @(posedge clk)
    if (ce) begin
      {part1, d1} <= {s_part, s_data};
      {part2, d2} <= {part1, d1};
      {part3, d3} <= {part2, d2};
      if (v1 && part1 == 2'd0) begin
        product <= 31'(d1[173:160]) * 31'(cfg_reciprocal);
        length2 <= d1[173:160];
      end
    end

  // ---- 3: beats of both sides ----
  logic head2, bad2, bad3;
  logic [18:0] whole;
  logic [12:0] in_main;
  logic [17:0] out_main;
  logic [8:0] in_first, out_first, out_second;
  logic [4:0] rest;  // bytes of the main regions that fill no beat; values always fill beats
  logic [18:0] answer;
  logic [7:0] n3, in_beats3, out_beats3;
  logic [8:0] in_first3, out_first3;
  logic [13:0] answer3;
  assign head2 = v2 && part2 == 2'd0;
  assign whole = 19'(n2) * 19'(in_group);
  assign in_main = 13'(n2) * 13'(cfg_in_main);
  assign out_main = 18'(n2) * 18'(cfg_out_main);
  assign rest = in_main[4:0] | out_main[4:0];
  assign in_first = 9'(n2) * 9'(cfg_in_first);
  assign out_first = 9'(n2) * 9'(cfg_out_first);
  assign out_second = 9'(n2) * 9'(cfg_out_second);
  assign answer = 19'(out_main) + 19'(out_first) + 19'(out_second);
  assign bad2 = !cfg_valid || product[30:28] != 3'd0 || whole != 19'(length2) || rest != 5'd0 ||
      answer > 19'(ANSWER);
  assign dropped = s_valid && s_ready && s_last && (head2 ? bad2 : bad3);
  always_ff @(posedge clk)
    if (ce && head2) begin
      bad3 <= bad2;
      n3 <= n2;
      in_beats3 <= in_main[12:5];
      out_beats3 <= out_main[12:5];
      in_first3 <= in_first;
      out_first3 <= out_first;
      answer3 <= answer[13:0];
    end

  // ---- to the regions ----
  logic main, takes_first, takes_second, goes;
  logic [7:0] beat;  // of the payload
  logic [12:0] place;  // bytes of the metadata before this beat
  assign main = beat < in_beats3;
  assign place = {beat - in_beats3, 5'd0};
  assign takes_first = !main && place < 13'(in_first3);
  assign takes_second = !main && cfg_in_second != 2'd0 && place + 13'd32 > 13'(in_first3);
  assign goes = v3 && !bad3;
  always_comb begin
    case (part3)
      2'd0: ce = h_ready;
      2'd1: ce = h_ready && n_ready;
      default: ce = main ? b_ready : (f_ready || !takes_first) && (g_ready || !takes_second);
    endcase
    if (!goes) ce = 1'b1;
  end
  assign h_valid = goes && !part3[1] && ce;
  assign n_valid = goes && part3 == 2'd1 && ce;
  assign b_valid = goes && part3[1] && main && ce;
  assign f_valid = goes && part3[1] && takes_first && ce;
  assign g_valid = goes && part3[1] && takes_second && ce;
  always_ff @(posedge clk)
    if (ce && v3) beat <= part3[1] ? beat + 8'd1 : 8'd0;

  assign n_groups = n3;
  assign m_data = d3;
  always_comb begin
    h_data = d3;
    if (part3 == 2'd0) h_data[175:160] = {2'd0, answer3};
  end
  assign h_main = out_beats3;
  assign h_first = out_first3;
  assign h_metadata = 5'((answer3 - {1'b0, out_beats3, 5'd0} + 14'd31) >> 5);
endmodule
